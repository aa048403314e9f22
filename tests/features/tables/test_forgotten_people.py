from __future__ import annotations

from datetime import UTC, datetime

import pytest

from features.contracts.atomic import read_json
from features.contracts.forgotten import Forgotten, Named, marker_of
from features.contracts.secrecy import contact_cipher
from features.forgetting.leaving_out import left_out_of_batches
from features.forgetting.names import Names
from features.forgetting.person import names_of_contact, names_of_member, names_of_person
from features.forgetting.shop import forget_in_identity, forget_in_raw, forget_in_tables
from features.tables.storage import current_tables

ASKED = datetime(2017, 6, 1, tzinfo=UTC)
LINES = [
    "order_id,product_id,ordered_at,quantity,source,source_id,amount",
    "o1,p1,2017-03-01 10:00:00,1,pos,7,2.50",
    "o2,p1,2017-03-02 10:00:00,1,pos,8,2.50",
    "o3,p1,2017-03-03 10:00:00,1,app,A7,2.50",
]
RECORDS = [
    "source,source_id,phone,wechat_unionid,referred_by_source,referred_by_id,joined_at",
    "pos,7,(415) 555-2671,u7,,,2016-01-01",
    "app,A7,+1 415 555 2671,u7,,,2016-02-01",
    "pos,8,+14155550008,u8,pos,7,2016-01-01",
]


@pytest.fixture
def asked(settings):
    def forgotten(names: Names) -> Forgotten:
        marker = marker_of(contact_cipher(settings))
        return Forgotten(marker=marker, since={mark: ASKED for _, mark in names.marks(marker)})

    return forgotten


def forget(settings, forgotten, names):
    counts = forget_in_raw(settings, forgotten, on_found=lambda _found: None)
    return counts + forget_in_tables(settings, names) + forget_in_identity(settings.paths, names)


def test_every_name_of_a_member_is_found_by_any_of_them(load, settings, csv_folder):
    load(csv_folder(order_lines=LINES, member_records=RECORDS))
    names = names_of_person(settings, "app", "A7")
    phone = contact_cipher(settings).hash_phone("+14155552671")
    assert names.people == {("pos", "7"), ("app", "A7")}
    assert names.contacts == {(Named.PHONE, phone), (Named.UNIONID, "u7")}
    assert len(names.brought) == 1
    for member_id in names.member_ids:
        assert names_of_member(settings, member_id) == names
    assert names_of_contact(settings, Named.PHONE, phone) == names
    assert names_of_member(settings, "nobody") == Names()


def test_a_number_of_a_household_is_no_name_of_one_of_them(load, settings, csv_folder):
    # other unionids keep the two apart
    shared = ["pos,8,+14155552671,u8,,,2016-01-01" if line.startswith("pos,8") else line for line in RECORDS]
    load(csv_folder(order_lines=LINES, member_records=shared))
    assert names_of_person(settings, "pos", "7").contacts == {(Named.UNIONID, "u7")}
    assert names_of_contact(settings, Named.PHONE, contact_cipher(settings).hash_phone("+14155552671")) == Names()


def test_a_person_whom_no_table_knows_still_has_the_name_given(settings):
    assert names_of_person(settings, "app", "A9") == Names(people=frozenset({("app", "A9")}))


def test_the_rows_go_from_raw_tables_and_identities_and_the_history_counts_them(
    load, settings, csv_folder, rows_in, asked
):
    load(csv_folder(order_lines=LINES, member_records=RECORDS))
    names = names_of_person(settings, "pos", "7")
    counts = forget(settings, asked(names), names)
    batch = read_json(settings.paths.raw / "000001" / "batch.json")
    assert (batch["counts"]["order_lines"], batch["gone"]) == (1, {"order_lines": 2, "member_records": 2})
    tables = current_tables(settings.paths)
    assert [row["source_id"] for row in rows_in(tables.file("order_lines"))] == ["8"]
    (left,) = rows_in(tables.file("member_records"))
    assert (left["source_id"], left["referred_by_id"]) == ("8", None)
    assert tables.counts["members"] == 1
    assert min(counts["raw"], counts["tables"], counts["identity"]) > 0
    assert not forget(settings, asked(names), names).total()


def test_the_same_files_again_bring_nobody_back(load, settings, csv_folder, rows_in, asked):
    source = csv_folder(order_lines=LINES, member_records=RECORDS)
    first = load(source)
    names = names_of_person(settings, "pos", "7")
    forget(settings, asked(names), names)
    again = load(source, forgotten=asked(names))
    assert (again.already_loaded, again.version) == (True, first.version)
    # the same rows in other bytes are a new batch
    changed = csv_folder(order_lines=[*LINES, "o9,p1,2017-03-09 10:00:00,1,pos,8,2.50"], member_records=[*RECORDS, ""])
    loaded = load(changed, forgotten=asked(names))
    assert any("asked to be forgotten" in note for note in loaded.notes)
    tables = current_tables(settings.paths)
    assert {row["source_id"] for row in rows_in(tables.file("order_lines"))} == {"8"}
    assert {row["source_id"] for row in rows_in(tables.file("member_ids"))} == {"8"}
    raw = settings.paths.raw / loaded.batch
    assert {row["source_id"] for row in rows_in(raw / "order_lines.parquet")} == {"8"}


def test_an_id_known_by_a_contact_alone_is_told_by_its_mark(load, settings, csv_folder, asked):
    load(csv_folder(order_lines=LINES, member_records=RECORDS))
    names = names_of_person(settings, "pos", "7")
    forget(settings, asked(names), names)
    load(
        csv_folder(order_lines=LINES, member_records=[*RECORDS, "web,W7,4155552671,,,,"]),
        forgotten=asked(names),
    )
    marker = marker_of(contact_cipher(settings))
    phone = contact_cipher(settings).hash_phone("+14155552671")
    (*_, told) = left_out_of_batches(settings.paths)
    assert told.known_by == {marker.mark(Named.PERSON, "web", "W7"): marker.mark(Named.PHONE, phone)}
    assert told.again == ()


def test_who_joins_anew_is_told_by_a_mark(load, settings, csv_folder, rows_in, asked):
    load(csv_folder(order_lines=LINES, member_records=RECORDS))
    names = names_of_person(settings, "pos", "7")
    forget(settings, asked(names), names)
    anew = ["pos,7,(415) 555-2671,u7,,,2017-07-01" if line.startswith("pos,7") else line for line in RECORDS]
    later = [*LINES, "o7,p1,2017-07-02 10:00:00,1,pos,7,9.00"]
    load(csv_folder(order_lines=later, member_records=anew), forgotten=asked(names))
    marker = marker_of(contact_cipher(settings))
    (*_, told) = left_out_of_batches(settings.paths)
    assert told.again == (marker.mark(Named.PERSON, "pos", "7"),)
    tables = current_tables(settings.paths)
    assert {row["order_id"] for row in rows_in(tables.file("order_lines"))} == {"o2", "o7"}
