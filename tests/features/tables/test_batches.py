"""Batches: late, corrected and undone files, and one data set per shop."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from features.contracts.atomic import exclusive
from features.contracts.errors import Busy, NothingLoaded, Refused, TooManyRejected
from features.contracts.settings import load_settings
from features.tables import version_making
from features.tables.batch_states import BatchState
from features.tables.load import change_batch
from features.tables.loads_told import loads_told
from features.tables.raw import append_event_batch
from features.tables.storage import current_tables

NOW = datetime(2018, 2, 1, tzinfo=UTC)
HEADER = "order_id,product_id,ordered_at,quantity,source,source_id,amount"
MARCH = [HEADER, "o1,p1,2017-03-01 10:00:00,1,pos,7,5.00", "o2,p2,2017-03-02 10:00:00,2,pos,8,6.50"]
APRIL = [HEADER, "o3,p1,2017-04-01 10:00:00,1,pos,7,5.00"]


@pytest.fixture
def deliver(tmp_path, load):
    """Writes files (name to lines) into one folder and loads it."""
    folder = tmp_path / "delivered"

    def run(files, **options):
        for name, lines in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("\n".join([*lines, ""]), encoding="utf-8")
        return load(folder, **options)

    return run


@pytest.fixture
def change(settings):
    return lambda number, to: change_batch(settings, number, to=to, now=NOW, progress=lambda _: None)


@pytest.fixture
def lines_in_use(settings, rows_in):
    def lines():
        rows = rows_in(current_tables(settings.paths).file("order_lines"))
        return sorted((row["order_id"], row["product_id"], float(row["quantity"])) for row in rows)

    return lines


@pytest.fixture
def states(settings):
    return lambda: [told.state for told in loads_told(settings)]


def test_a_late_file_is_added_and_what_was_there_is_not_read_again(deliver, lines_in_use, settings):
    deliver({"order_lines/march.csv": MARCH})
    said = []
    second = deliver({"order_lines/april.csv": APRIL}, progress=said.append)
    assert (second.batch, said[0]) == ("000002", "read order_lines: 1 rows")
    assert lines_in_use() == [("o1", "p1", 1.0), ("o2", "p2", 2.0), ("o3", "p1", 1.0)]
    assert [told.files for told in loads_told(settings)] == [("order_lines/march.csv",), ("order_lines/april.csv",)]


def test_a_corrected_file_replaces_every_row_of_the_file_before(deliver, lines_in_use, states):
    deliver({"order_lines/march.csv": MARCH, "order_lines/april.csv": APRIL})
    corrected = [HEADER, "o1,p1,2017-03-01 10:00:00,3,pos,7,15.00"]  # o2 is gone from it
    summary = deliver({"order_lines/march.csv": corrected})
    assert lines_in_use() == [("o1", "p1", 3.0), ("o3", "p1", 1.0)]
    assert "order_lines/march.csv: replaces the file of that name in batch 1" in summary.notes
    assert states() == [BatchState.IN_USE, BatchState.IN_USE]


def test_a_batch_whose_files_all_came_anew_is_shown_as_replaced(deliver, states):
    deliver({"order_lines.csv": MARCH})
    deliver({"order_lines.csv": APRIL})
    assert states() == [BatchState.REPLACED, BatchState.IN_USE]


def test_of_the_same_key_in_two_files_the_newer_one_counts_and_that_is_told(deliver, lines_in_use):
    deliver({"order_lines/march.csv": MARCH})
    summary = deliver({"order_lines/more.csv": [HEADER, "o2,p2,2017-03-02 10:00:00,9,pos,8,6.50"]})
    (lines,) = [table for table in summary.tables if table.name == "order_lines"]
    assert (lines.kept, lines.replaced, lines.rejected_total) == (2, 1, 0)
    assert lines_in_use() == [("o1", "p1", 1.0), ("o2", "p2", 9.0)]


def test_a_newer_row_that_is_rejected_replaces_nothing(deliver, lines_in_use):
    deliver({"order_lines/march.csv": MARCH})
    deliver(
        {
            "order_lines/more.csv": [
                HEADER,
                *(f"x{n},p1,2017-05-01,1,pos,7,1" for n in range(30)),
                "o2,p2,2017-03-02,many,,,",
            ]
        }
    )
    assert ("o2", "p2", 2.0) in lines_in_use()


def test_a_file_that_is_no_longer_delivered_stays(deliver, lines_in_use, tmp_path):
    deliver({"order_lines/march.csv": MARCH})
    (tmp_path / "delivered/order_lines/march.csv").unlink()
    deliver({"order_lines/april.csv": APRIL})
    assert len(lines_in_use()) == 3


def test_a_later_table_without_order_lines_is_taken(deliver, lines_in_use, tmp_path, settings, rows_in):
    deliver({"order_lines.csv": MARCH})
    (tmp_path / "delivered/order_lines.csv").unlink()
    deliver({"products.csv": ["product_id,name", "p1,Tea", "p2,Milk"]})
    rows = rows_in(current_tables(settings.paths).file("products"))
    assert [(row["product_id"], row["name"]) for row in rows] == [("p1", "Tea"), ("p2", "Milk")]
    assert len(lines_in_use()) == 2


def test_undo_leaves_the_tables_as_if_the_batch_had_never_come(deliver, change, lines_in_use, settings, states):
    deliver({"order_lines/march.csv": MARCH})
    before = current_tables(settings.paths).file("order_lines").read_bytes()
    deliver(
        {"order_lines/march.csv": [HEADER, "o1,p1,2017-03-01 10:00:00,3,pos,7,15.00"], "order_lines/april.csv": APRIL}
    )
    change("2", "undo")
    assert current_tables(settings.paths).file("order_lines").read_bytes() == before
    assert states() == [BatchState.IN_USE, BatchState.UNDONE]
    change("2", "redo")
    assert lines_in_use() == [("o1", "p1", 3.0), ("o3", "p1", 1.0)]


def test_an_undone_file_stays_out_when_it_is_delivered_again(deliver, change, lines_in_use):
    deliver({"order_lines/march.csv": MARCH})
    deliver({"order_lines/april.csv": APRIL})
    change("2", "undo")
    again = deliver({})
    assert again.already_loaded
    assert again.notes == (
        "order_lines/april.csv: was undone as batch 2 and left out; `faces loads redo 2` brings it back",
    )
    assert len(lines_in_use()) == 2


def test_undoing_the_last_batch_leaves_nothing_loaded_and_redo_brings_it_back(deliver, change, settings, lines_in_use):
    deliver({"order_lines.csv": MARCH})
    assert change("1", "undo") is None
    with pytest.raises(NothingLoaded):
        current_tables(settings.paths)
    change("000001", "redo")
    assert len(lines_in_use()) == 2


@pytest.mark.parametrize(("number", "to", "words"), [("7", "undo", "no batch 7"), ("1", "redo", "in use already")])
def test_a_batch_that_cannot_be_changed_is_refused_in_words(deliver, change, number, to, words):
    deliver({"order_lines.csv": MARCH})
    with pytest.raises(Refused, match=words):
        change(number, to)


def test_a_refused_file_leaves_the_state_and_does_not_block_the_next(deliver, settings, lines_in_use, states, tmp_path):
    first = deliver({"order_lines/march.csv": MARCH})
    bad = "order_lines/bad.csv"
    with pytest.raises(TooManyRejected, match=r"2 rows rejected, 100\.0% of what is new"):
        # two among two of its own: what was sound before must not hide it
        deliver({bad: [HEADER, "x,,2017-03-01,1,pos,7,1", "y,,2017-03-01,1,pos,7,1"]}, settings=wide(settings))
    assert current_tables(settings.paths).version == first.version
    (tmp_path / "delivered" / bad).unlink()
    deliver({"order_lines/april.csv": APRIL})
    assert len(lines_in_use()) == 3
    assert states() == [BatchState.IN_USE, BatchState.REFUSED, BatchState.IN_USE]


def wide(settings):
    return load_settings(
        home=settings.home, secrets={"contact_key": "key of the tests"}, load={"max_rejected_share": 0.6}
    )


def test_a_kill_before_the_pointer_moves_is_mended_by_the_next_load(deliver, settings, lines_in_use, monkeypatch):
    deliver({"order_lines/march.csv": MARCH})
    before = current_tables(settings.paths).version

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(version_making, "move_pointer", killed)
        with pytest.raises(KeyboardInterrupt):
            deliver({"order_lines/april.csv": APRIL})
    assert current_tables(settings.paths).version == before
    deliver({})
    assert len(lines_in_use()) == 3


def test_a_kill_before_the_states_are_kept_reads_nothing_twice(deliver, lines_in_use, monkeypatch):
    deliver({"order_lines/march.csv": MARCH})

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("features.tables.load.write_states", killed)
        with pytest.raises(KeyboardInterrupt):
            deliver({"order_lines/april.csv": APRIL})
    said = []
    again = deliver({}, progress=said.append)
    assert (again.batch, [text for text in said if text.startswith("read")]) == ("000002", [])
    assert len(lines_in_use()) == 3


def test_another_way_of_reading_reads_the_same_bytes_anew(deliver, settings, rows_in):
    deliver({"order_lines.csv": MARCH})
    cents = load_settings(
        home=settings.home, secrets={"contact_key": "key of the tests"}, load={"format": {"money_in": "cents"}}
    )
    deliver({}, settings=cents)
    amounts = [str(row["amount"]) for row in rows_in(current_tables(settings.paths).file("order_lines"))]
    assert amounts == ["0.05", "0.07"]


def test_another_data_set_is_refused_until_the_first_is_undone(deliver, load, change, journey_slice):
    deliver({"order_lines.csv": MARCH})
    with pytest.raises(Refused, match=r"holds another data set \(folder, batch 1\).*loads undo"):
        load(journey_slice)
    change("1", "undo")
    assert load(journey_slice).adapter == "complete-journey"


def test_without_a_folder_a_shop_of_files_makes_its_tables_anew(deliver, load):
    deliver({"order_lines.csv": MARCH})
    again = load(None)
    assert (again.already_loaded, again.source) == (True, None)
    cut = load(None, as_of=datetime(2017, 3, 2, tzinfo=UTC))
    assert [(table.kept, table.later) for table in cut.tables] == [(1, 1)]


def events(*rows):
    names = ["message_id", "type", "occurred_at", "source", "source_id", "product_id"]
    columns = list(zip(*rows, strict=True))
    return iter([pa.RecordBatch.from_arrays([pa.array(column) for column in columns], names=names)])


def sold(*rows):
    names = HEADER.split(",")
    return [pa.RecordBatch.from_arrays([pa.array(column) for column in zip(*rows, strict=True)], names=names)]


def test_events_are_a_batch_that_the_next_load_takes_up(deliver, load, settings, lines_in_use, rows_in, change):
    deliver({"order_lines.csv": MARCH})
    viewed = ("m1", "Product Viewed", "2017-03-05T10:00:00Z", "app", "7", "p1")
    bought = [
        ("o9", "p1", "2017-03-06T10:00:00Z", "1", "app", "7", "5.00"),
        ("o2", "p2", "2017-03-02T10:00:00Z", "8", "pos", "8", "6.50"),  # the file tells of the same line
    ]
    append_event_batch(settings, events(viewed), order_lines=sold(*bought), upto="41", now=NOW)
    assert len(lines_in_use()) == 2
    summary = load(None)
    assert lines_in_use() == [("o1", "p1", 1.0), ("o2", "p2", 2.0), ("o9", "p1", 1.0)]
    assert [row["message_id"] for row in rows_in(current_tables(settings.paths).file("events"))] == ["m1"]
    assert not summary.already_loaded
    change("2", "undo")
    assert len(lines_in_use()) == 2


def test_no_events_make_no_batch(deliver, settings):
    deliver({"order_lines.csv": MARCH})
    assert append_event_batch(settings, iter(()), upto="1", now=NOW) is None
    assert len(loads_told(settings)) == 1


def test_events_wait_while_a_load_runs(settings):
    with exclusive(settings.paths.locks, "load"), pytest.raises(Busy):
        append_event_batch(settings, events(("m", "t", "2017-03-05", "a", "7", "p")), upto="1", now=NOW)


def test_a_home_of_before_there_were_states_goes_on_with_its_newest_batch(deliver, settings, lines_in_use, states):
    deliver({"order_lines.csv": MARCH})
    (settings.paths.raw / "states.json").unlink()
    told = settings.paths.raw / "000001" / "batch.json"
    text = told.read_text().replace('"is_whole": false,', "").replace('"readings"', '"readings_of_before"')
    told.write_text(text)
    assert states() == [BatchState.IN_USE]
    deliver({"order_lines/april.csv": APRIL})
    assert ("o3", "p1", 1.0) in lines_in_use()
