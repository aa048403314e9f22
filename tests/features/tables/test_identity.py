import pytest

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
