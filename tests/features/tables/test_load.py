"""Promises of every load: rerunnable, safe to kill, one at a time, and no contact data in plain."""

import contextlib
import re
from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.contracts.atomic import exclusive
from features.contracts.errors import Busy, MissingColumn, NothingLoaded, Refused
from features.contracts.secrecy import contact_cipher
from features.contracts.settings import load_settings
from features.sources.synthetic_contacts import synthetic_contact
from features.tables import version_making
from features.tables.storage import current_tables, move_pointer

HEADER = "order_id,product_id,ordered_at,quantity,source,source_id,amount"
LINES = [HEADER, "o1,p1,2017-03-01 10:00:00,1,pos,7,5.00", "o2,p2,2017-03-02 10:00:00,2,pos,8,6.50"]


def tree(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_loading_the_same_again_says_so_and_writes_nothing(load, settings, journey_slice):
    first = load(journey_slice, with_synthetic_contacts=True)
    before = tree(settings.paths.root)
    said = []
    second = load(journey_slice, with_synthetic_contacts=True, progress=said.append)
    assert (first.already_loaded, second.already_loaded) == (False, True)
    assert tree(settings.paths.root) == before
    assert said == [f"already loaded: version {first.version}"]
    assert (second.tables, second.members, second.latest_at) == (first.tables, first.members, first.latest_at)


def test_tables_that_were_lost_are_made_again_from_the_same_batch(load, settings, csv_folder, rows_in):
    source = csv_folder(order_lines=LINES)
    first = load(source)
    kept = rows_in(current_tables(settings.paths).file("order_lines"))
    current_tables(settings.paths).file("order_lines").unlink()
    second = load(source)
    assert (second.already_loaded, second.batch) == (False, first.batch)
    assert rows_in(current_tables(settings.paths).file("order_lines")) == kept


def test_an_edited_source_is_a_new_batch_and_the_old_one_stays(load, settings, csv_folder):
    first = load(csv_folder(order_lines=LINES))
    raw = tree(settings.paths.raw / first.batch)
    second = load(csv_folder(order_lines=[*LINES, "o3,p1,2017-03-03 10:00:00,1,pos,7,5.00"]))
    assert (first.batch, second.batch) == ("000001", "000002")
    assert tree(settings.paths.raw / first.batch) == raw


def test_another_as_of_makes_other_tables_from_the_same_batch(load, csv_folder):
    source = csv_folder(order_lines=LINES)
    whole = load(source)
    cut = load(source, as_of=datetime(2017, 3, 2, 15, tzinfo=UTC))  # the very moment of the second line
    assert cut.batch == whole.batch
    assert [(table.kept, table.later) for table in cut.tables] == [(1, 1)]


def test_only_the_version_in_use_and_the_one_before_are_kept(load, settings, csv_folder):
    source = csv_folder(order_lines=LINES)
    versions = [load(source, as_of=datetime(2017, 4, day, tzinfo=UTC)).version for day in (1, 2, 3)]
    assert sorted(path.name for path in settings.paths.tables.iterdir() if path.is_dir()) == versions[1:]


def test_what_a_killed_load_left_is_no_version_and_goes_away(load, settings, csv_folder):
    source = csv_folder(order_lines=LINES)
    first = load(source)
    for folder in (settings.paths.raw, settings.paths.tables):
        leftover = folder / ".partial-000009-dead-beef0000"
        leftover.mkdir()
        (leftover / "order_lines.parquet").write_bytes(b"half")
    assert current_tables(settings.paths).version == first.version
    load(source)
    assert list(settings.paths.root.rglob(".partial-*")) == []


def test_a_kill_before_the_pointer_moves_leaves_the_old_version_in_use(load, settings, csv_folder, monkeypatch):
    first = load(csv_folder(order_lines=LINES))

    def killed(*_):
        raise KeyboardInterrupt

    source = csv_folder(order_lines=[*LINES, "o3,p1,2017-03-03 10:00:00,1,pos,7,5.00"])
    monkeypatch.setattr(version_making, "move_pointer", killed)
    with contextlib.suppress(KeyboardInterrupt):
        load(source)
    assert current_tables(settings.paths).version == first.version
    monkeypatch.setattr(version_making, "move_pointer", move_pointer)
    again = load(source)
    assert current_tables(settings.paths).version == again.version != first.version
    assert again.tables[0].kept == 3


def test_two_loads_at_once_are_refused(load, settings, csv_folder):
    with exclusive(settings.paths.locks, "load"), pytest.raises(Busy, match="another `faces load`"):
        load(csv_folder(order_lines=LINES))


def test_nothing_loaded_says_what_to_run(settings):
    with pytest.raises(NothingLoaded, match="run `faces load` first"):
        current_tables(settings.paths)


def test_a_folder_without_a_usable_line_is_refused(load, csv_folder):
    with pytest.raises(Refused, match="no line could be used"):
        load(csv_folder(order_lines=[HEADER]))


def test_a_lone_table_without_order_lines_is_refused(load, csv_folder):
    with pytest.raises(Refused, match="holds neither"):
        load(csv_folder(products=["product_id", "p1"]))


def test_a_missing_required_column_is_refused_before_anything_is_written(load, settings, csv_folder):
    with pytest.raises(MissingColumn, match="no column quantity"):
        load(csv_folder(order_lines=["order_id,product_id,ordered_at", "o1,p1,2017-03-01"]))
    assert not settings.paths.raw.exists()


def test_a_line_with_too_many_values_is_refused_with_its_number(load, settings, csv_folder):
    with pytest.raises(Refused, match=r"order_lines\.csv: cannot be read \(.*Line: 4"):
        load(csv_folder(order_lines=[*LINES, LINES[1] + ",more,and,more"]))
    assert list(settings.paths.raw.iterdir()) == []


def test_no_plain_phone_or_address_stands_anywhere_below_the_home(load, settings, csv_folder):
    records = [
        "source,source_id,phone,email,city",
        "pos,7,+1 555 010 9999,Jane.Doe@Mail.example,Springfield",
        "pos,,+1 555 010 7777,nobody@mail.example,Springfield",  # rejected, and shown in rejected/
        "pos,8,not a phone 5550108888,,Springfield",
        *(f"pos,{100 + place},,,Springfield" for place in range(30)),
    ]
    summary = load(csv_folder(order_lines=LINES, member_records=records))
    plain = [b"5550109999", b"555 010 9999", b"5550107777", b"5550108888", b"ane.Doe", b"ane.doe", b"nobody@"]
    for path, content in _readable(settings.paths.root).items():
        found = [text for text in plain if text in content]
        assert found == [], path
    assert b"Springfield" in b"".join(_readable(settings.paths.root).values())
    assert summary.notes == ("member_records: 1 values of phone could not be read and were left out",)


def test_synthetic_contacts_are_marked_and_only_hashed_and_encrypted(loaded_slice, rows_in):
    settings = loaded_slice.settings
    version, cipher = current_tables(settings.paths), contact_cipher(settings)
    lines = pd.read_parquet(loaded_slice.source / "transactions.parquet")
    firsts = lines.groupby("household_id").transaction_timestamp.min().dt.tz_localize("UTC")
    for row in rows_in(version.file("member_records")):
        assert row["is_synthetic"] is True
        first = firsts[int(row["source_id"])].to_pydatetime()
        expected = synthetic_contact(row["source"], row["source_id"], first_ordered_at=first, seed=settings.seed)
        assert (cipher.decrypt(row["phone_encrypted"]) if row["phone_hash"] else None) == expected.phone
        assert row["phone_hash"] == (cipher.hash_phone(expected.phone) if expected.phone else None)
        assert row["joined_at"] == expected.joined_at < first
    for path, content in _readable(settings.paths.root).items():
        assert not re.search(rb"\+1555[0-9]{7}|@members\.example", content), path


def test_generated_contacts_never_replace_collected_ones(load, csv_folder):
    source = csv_folder(order_lines=LINES, member_records=["source,source_id,phone", "pos,7,+15550109999"])
    with pytest.raises(Refused, match=r"contact data of its own \(phone\)"):
        load(source, with_synthetic_contacts=True)


def test_another_contact_key_loads_again(load, settings, csv_folder):
    source = csv_folder(order_lines=LINES, member_records=["source,source_id,phone", "pos,7,+15550109999"])
    load(source)
    other = load_settings(home=settings.home, secrets={"contact_key": "another key"})
    assert not load(source, settings=other).already_loaded


def test_a_date_in_the_future_is_judged_by_the_given_now(load, csv_folder):
    source = csv_folder(
        order_lines=[*LINES, *(f"x{n},p1,2017-03-01,1,pos,7,1" for n in range(40)), "z,p1,2019-01-01,1,,,"]
    )
    before = load(source)
    assert before.tables[0].rejected == {"impossible_date": 1}


def test_spills_of_a_killed_command_go_away_after_a_day(load, settings, csv_folder):
    leftover = settings.paths.root / "spill" / "123-dead"
    leftover.mkdir(parents=True)
    load(csv_folder(order_lines=LINES), now=datetime.now(UTC))
    assert leftover.exists()
    load(csv_folder(order_lines=LINES), now=datetime.now(UTC) + timedelta(days=2))
    assert not leftover.exists()


def _readable(folder):
    """Every file's bytes; Parquet decompressed, so that nothing hides in zstd."""
    contents = {}
    for path in folder.rglob("*"):
        if path.is_file():
            contents[path] = path.read_bytes()
            if path.suffix == ".parquet":
                contents[path] += repr(pq.read_table(path).to_pylist()).encode()
    return contents
