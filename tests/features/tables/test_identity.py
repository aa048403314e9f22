import shutil

import pytest

from features.contracts.errors import Refused
from features.identity.merges import find_merges, redo_merge, undo_merge
from features.tables.storage import current_tables

HEADER = "order_id,product_id,ordered_at,quantity,source,source_id,member_id"


@pytest.fixture
def loaded(load, settings, csv_folder, rows_in):
    def run(table, *, key, **tables):
        load(csv_folder(**tables))
        return {row[key]: row for row in rows_in(current_tables(settings.paths).file(table))}

    return run


def line(order, source="", source_id="", member_id=""):
    return f"{order},p,2017-03-01,1,{source},{source_id},{member_id}"


def test_an_id_of_one_source_names_the_member_and_a_shared_one_gets_the_source(loaded):
    lines = [HEADER, line(1, "pos", "7"), line(2, "app", "7"), line(3, "pos", "8"), line(4)]
    rows = loaded("order_lines", key="order_id", order_lines=lines)
    assert {order: row["member_id"] for order, row in rows.items()} == {"1": "pos:7", "2": "app:7", "3": "8", "4": None}


def test_a_member_id_that_was_handed_over_wins_for_all_rows_of_the_person(loaded):
    lines = [HEADER, line(1, "pos", "7", "M1"), line(2, "pos", "7"), line(3, member_id="M2")]
    rows = loaded("order_lines", key="order_id", order_lines=lines)
    assert {order: row["member_id"] for order, row in rows.items()} == {"1": "M1", "2": "M1", "3": "M2"}


def test_members_are_those_of_the_records_and_of_the_orders(loaded):
    records = ["source,source_id,city", "pos,7,Rome", "pos,9,Oslo"]
    lines = [HEADER, line(1, "pos", "7"), line(2, "pos", "8"), line(3, member_id="M")]
    members = loaded("members", key="member_id", order_lines=lines, member_records=records)
    assert {member: row["city"] for member, row in members.items()} == {"7": "Rome", "8": None, "9": "Oslo", "M": None}


def test_the_record_changed_last_is_the_best_and_gaps_are_filled_from_older_ones(loaded):
    records = [
        "source,source_id,city,tier,joined_at,updated_at,phone",
        "pos,7,Rome,gold,2016-01-01,2017-01-01,+15550100001",
        "app,7,Oslo,,2015-01-01,2017-02-01,",
    ]
    # both records belong to M1, as the retailer says on the lines
    lines = [HEADER, line(1, "pos", "7", "M1"), line(2, "app", "7", "M1")]
    members = loaded("members", key="member_id", order_lines=lines, member_records=records)
    assert list(members) == ["M1"]
    assert (members["M1"]["city"], members["M1"]["tier"]) == ("Oslo", "gold")
    assert members["M1"]["joined_at"].year == 2015
    assert members["M1"]["phone_hash"] is not None


def test_members_without_any_records_have_the_same_columns(loaded):
    members = loaded("members", key="member_id", order_lines=[HEADER, line(1, "pos", "7")])
    assert members["7"]["consent_sms"] is None
    assert "source_id" not in members["7"]


def test_a_person_of_a_channel_stands_once_in_member_ids(loaded):
    lines = [HEADER, line(1, "pos", "7"), line(2, "pos", "7"), line(3)]
    rows = loaded("member_ids", key="source_id", order_lines=lines, member_records=["source,source_id", "pos,7"])
    assert list(rows.values()) == [{"source": "pos", "source_id": "7", "member_id": "7"}]


CHANNELS = [
    "source,source_id,phone,joined_at",
    "pos,1,+86 138 1234 5678,2016-01-01",
    "app,a9,０086-13812345678,2017-01-05",
    "web,w,138****5678,2017-01-05",
]


def members_of(settings, rows_in):
    rows = rows_in(current_tables(settings.paths).file("member_ids"))
    return {f"{row['source']}/{row['source_id']}": row["member_id"] for row in rows}


def test_channels_that_share_a_number_are_one_member_and_the_summary_says_so(load, settings, csv_folder, rows_in):
    lines = [HEADER, line(1, "pos", "1"), line(2, "app", "a9"), line(3, "web", "w")]
    summary = load(csv_folder(order_lines=lines, member_records=CHANNELS))
    assert members_of(settings, rows_in) == {"app/a9": "1", "pos/1": "1", "web/w": "w"}
    assert summary.members == 2
    assert "member_records: 1 values of phone are masked, join nobody and were left out" in summary.notes
    assert any(note.startswith("identity: 3 persons of channels are 2 members") for note in summary.notes)


def test_a_merge_that_is_undone_stays_so_until_it_is_redone(load, settings, csv_folder, rows_in):
    lines = [HEADER, line(1, "pos", "1"), line(2, "app", "a9")]
    source = csv_folder(order_lines=lines, member_records=CHANNELS[:3])
    load(source)
    (merge,) = find_merges(settings)
    assert (merge.person, merge.member_id, merge.rule, merge.state) == (("app", "a9"), "1", "phone", "merged")

    undo_merge(settings, merge.merge_id, now=merge.since)
    assert not load(source).already_loaded
    assert members_of(settings, rows_in) == {"app/a9": "a9", "pos/1": "1"}
    assert [each.state for each in find_merges(settings)] == ["undone"]
    with pytest.raises(Refused, match="undone already"):
        undo_merge(settings, merge.merge_id, now=merge.since)

    redo_merge(settings, merge.merge_id)
    load(source)
    assert members_of(settings, rows_in) == {"app/a9": "1", "pos/1": "1"}
    aliases = rows_in(current_tables(settings.paths).file("member_aliases"))
    assert aliases == [{"old_member_id": "a9", "member_id": "1"}]


def test_ids_come_back_when_the_state_of_identity_is_lost(load, settings, csv_folder, rows_in):
    lines = [HEADER, line(1, "pos", "1"), line(2, "app", "a9")]
    source = csv_folder(order_lines=lines, member_records=CHANNELS[:3])
    load(source)
    before = members_of(settings, rows_in)
    shutil.rmtree(settings.paths.identity)
    load(csv_folder(order_lines=[*lines, line(3, "web", "1")]))
    assert members_of(settings, rows_in) == {**before, "web/1": "web:1"}


def test_a_number_that_was_given_out_anew_is_taken_from_its_first_holder(load, settings, csv_folder, rows_in):
    records = [
        "source,source_id,phone,name,consent_sms",
        "pos,1,+15550100001,Ann Lee,true",
        "app,2,+15550100001,Bob Ray,",
    ]
    lines = [HEADER, line(1, "pos", "1"), line(2, "app", "2").replace("2017-03-01", "2017-12-01")]
    load(csv_folder(order_lines=lines, member_records=records))
    tables = current_tables(settings.paths)
    kept = {row["source_id"]: row for row in rows_in(tables.file("member_records"))}
    assert [kept[one]["phone_hash"] is None for one in ("1", "2")] == [True, False]
    assert (kept["1"]["phone_encrypted"], kept["1"]["consent_sms"]) == (None, None)
    members = {row["member_id"]: row for row in rows_in(tables.file("members"))}
    assert [members[one]["phone_hash"] is None for one in ("1", "2")] == [True, False]
