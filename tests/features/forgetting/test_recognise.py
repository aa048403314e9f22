from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.contracts.forgotten import Forgotten, Named, marker_of
from features.contracts.secrecy import ContactCipher
from features.forgetting.recognise import Recognised, keep_others, recognise, remove_recognised

MARKER = marker_of(ContactCipher(key=b"a key"))
ASKED = datetime(2026, 5, 1, tzinfo=UTC)
ANN = ((Named.PERSON, "pos", "7"), (Named.MEMBER, "ann"), (Named.PHONE, "h1"))


def forgotten(*named, returned=()):
    return Forgotten(
        marker=MARKER,
        since={MARKER.mark(*each): ASKED for each in named},
        returned=frozenset(MARKER.mark(*each) for each in returned),
    )


@pytest.fixture
def con():
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'UTC'")
        yield opened


@pytest.fixture
def batch(tmp_path):
    def written(**tables):
        for name, columns in tables.items():
            pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
        return tmp_path

    return written


def removed(con, folder, known, *, member_ids=None):
    found = Recognised()
    recognise(con, folder, known, found)
    if member_ids is not None:
        keep_others(con, found, member_ids=member_ids)
    return found, remove_recognised(con, folder, found)


def left(folder, table, column):
    return pq.read_table(folder / f"{table}.parquet").column(column).to_pylist()


def test_rows_that_come_again_are_kept_out(con, batch):
    folder = batch(
        order_lines={"source": ["pos", "pos"], "source_id": ["7", "8"], "ordered_at": ["2026-04-01 10:00:00"] * 2},
        contacts={"member_id": ["ann", "bob"], "contacted_at": ["2026-04-01"] * 2},
    )
    _, gone = removed(con, folder, forgotten(*ANN))
    assert gone == {"order_lines": 1, "contacts": 1}
    assert left(folder, "order_lines", "source_id") == ["8"]
    assert left(folder, "contacts", "member_id") == ["bob"]


def test_nobody_forgotten_leaves_every_file_as_it_is(con, batch):
    folder = batch(order_lines={"source": ["pos"], "source_id": ["7"]})
    before = (folder / "order_lines.parquet").stat().st_ino
    assert removed(con, folder, Forgotten.nobody())[1] == {}
    assert (folder / "order_lines.parquet").stat().st_ino == before


def test_another_channels_id_is_known_by_the_phone_and_its_sales_go_too(con, batch):
    folder = batch(
        member_records={"source": ["app", "app"], "source_id": ["A1", "A2"], "phone_hash": ["h1", "h2"]},
        order_lines={"source": ["app", "app"], "source_id": ["A1", "A2"], "ordered_at": ["2026-06-01"] * 2},
    )
    found, gone = removed(con, folder, forgotten(*ANN))
    assert gone == {"member_records": 1, "order_lines": 1}
    assert found.by_contact == {("app", "A1"): MARKER.mark(Named.PHONE, "h1")}


def test_a_number_that_was_given_on_does_not_make_its_other_holder_forgotten(con, batch, tmp_path):
    folder = batch(
        member_records={"source": ["app"], "source_id": ["A1"], "phone_hash": ["h1"]},
        order_lines={"source": ["app"], "source_id": ["A1"], "ordered_at": ["2026-04-01"]},
    )
    known = tmp_path / "tables" / "member_ids.parquet"
    known.parent.mkdir()
    pq.write_table(pa.table({"source": ["app"], "source_id": ["A1"], "member_id": ["bob"]}), known)
    found, gone = removed(con, folder, forgotten(*ANN), member_ids=known)
    assert (gone, found.people) == ({}, {})


@pytest.mark.parametrize(("joined_at", "stays"), [("2026-05-02 09:00:00", True), ("2026-04-30", False), (None, False)])
def test_who_joined_after_the_asking_is_a_new_member(con, batch, joined_at, stays):
    folder = batch(
        member_records={"source": ["pos"], "source_id": ["7"], "joined_at": [joined_at], "phone_hash": ["h1"]},
        order_lines={
            "source": ["pos", "pos"],
            "source_id": ["7", "7"],
            "ordered_at": ["2026-04-01 10:00:00", "2026-05-03 10:00:00"],
        },
    )
    removed(con, folder, forgotten(*ANN))
    assert left(folder, "member_records", "source_id") == (["7"] if stays else [])
    assert left(folder, "order_lines", "ordered_at") == (["2026-05-03 10:00:00"] if stays else [])


def test_who_joined_anew_in_an_earlier_load_goes_on_without_the_past(con, batch):
    folder = batch(
        order_lines={
            "source": ["pos", "pos", None],
            "source_id": ["7", "7", None],
            "member_id": [None, None, "ann"],
            "ordered_at": ["2026-04-01 10:00:00", "2026-05-03 10:00:00", "2026-05-04 10:00:00"],
        }
    )
    removed(con, folder, forgotten(*ANN, returned=ANN))
    assert left(folder, "order_lines", "ordered_at") == ["2026-05-03 10:00:00", "2026-05-04 10:00:00"]


def test_a_moment_that_cannot_be_read_is_taken_for_the_past(con, batch):
    folder = batch(order_lines={"source": ["pos"], "source_id": ["7"], "ordered_at": ["someday"]})
    removed(con, folder, forgotten(*ANN, returned=ANN))
    assert left(folder, "order_lines", "ordered_at") == []


def test_the_referrer_of_somebody_else_is_emptied(con, batch):
    folder = batch(
        member_records={
            "source": ["pos"],
            "source_id": ["8"],
            "referred_by_source": ["pos"],
            "referred_by_id": ["7"],
        }
    )
    removed(con, folder, forgotten(*ANN))
    assert left(folder, "member_records", "source_id") == ["8"]
    assert left(folder, "member_records", "referred_by_id") == [None]
