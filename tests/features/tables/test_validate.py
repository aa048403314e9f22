"""One rejected row per rule, on literal CSV rows; every row besides is kept."""

from decimal import Decimal

import pytest

from features.contracts.settings import load_settings
from features.contracts.tables import CONTRACTS
from features.tables.checks import Bounds, evidence_sql, reason_order, row_checks
from features.tables.storage import current_tables

HEADER = "order_id,product_id,ordered_at,quantity,source,source_id,member_id,amount,list_amount,discount_amount"
SOUND = "o1,p1,2017-03-01 10:00:00,1,pos,7,,5.00,6.00,1.00"


@pytest.fixture
def lenient(tmp_path):
    """Settings under which a table of a few rows may lose most of them."""
    return load_settings(home=tmp_path / "home", secrets={"contact_key": "k"}, load={"max_rejected_share": 1.0})


@pytest.fixture
def judged(load, lenient, csv_folder, rows_in):
    """Loads tables of CSV lines; answers with the table's reasons by source row."""

    def run(table, **tables):
        load(csv_folder(**tables), settings=lenient)
        file = lenient.paths.rejected / f"{table}.parquet"
        return {row["source_row"]: row["reasons"] for row in rows_in(file)} if file.exists() else {}

    return run


@pytest.mark.parametrize(
    ("line", "reasons"),
    [
        (",p1,2017-03-01,1,pos,7,,,,", ["missing_order_id"]),
        ("  ,p1,2017-03-01,1,pos,7,,,,", ["missing_order_id"]),
        ("o2,,2017-03-01,1,pos,7,,,,", ["missing_product_id"]),
        ("o2,p1,,1,pos,7,,,,", ["missing_ordered_at"]),
        ("o2,p1,soon,1,pos,7,,,,", ["bad_value:ordered_at"]),
        ("o2,p1,1969-01-01,1,pos,7,,,,", ["impossible_date"]),
        ("o2,p1,2018-02-03,1,pos,7,,,,", ["impossible_date"]),
        ("o2,p1,2017-03-01,,pos,7,,,,", ["missing_quantity"]),
        ("o2,p1,2017-03-01,many,pos,7,,,,", ["bad_value:quantity"]),
        ("o2,p1,2017-03-01,nan,pos,7,,,,", ["impossible_quantity"]),
        ("o2,p1,2017-03-01,-inf,pos,7,,,,", ["impossible_quantity"]),
        ("o2,p1,2017-03-01,1000001,pos,7,,,,", ["impossible_quantity"]),
        ("o2,p1,2017-03-01,1,pos,7,,dear,,", ["bad_value:amount"]),
        ("o2,p1,2017-03-01,1,pos,7,,nan,,", ["bad_value:amount"]),
        ("o2,p1,2017-03-01,1,pos,7,,,-0.01,", ["impossible_amount"]),
        ("o2,p1,2017-03-01,1,pos,7,,,,-1", ["impossible_amount"]),
        ("o2,p1,2017-03-01,1,pos,,,,,", ["incomplete_member"]),
        ("o2,p1,2017-03-01,1,,7,,,,", ["incomplete_member"]),
        ("o1,p1,2017-03-05,1,pos,9,,,,", ["duplicate_key"]),
        ("o2,pX,2017-03-01,1,pos,7,,,,", ["orphan_product_id"]),
        ("o2,p1,1969-01-01,inf,pos,,,,,", ["impossible_date", "impossible_quantity", "incomplete_member"]),
    ],
)
def test_a_broken_order_line_is_rejected_with_its_reasons(judged, line, reasons):
    lines = [HEADER, SOUND, line]
    assert judged("order_lines", order_lines=lines, products=["product_id", "p1"]) == {2: reasons}


@pytest.mark.parametrize(
    "line",
    [
        "o2,p1,2017-03-01,0,pos,7,,0,0,0",  # quantity zero
        "o2,p1,2017-03-01,-1,pos,7,,-5.00,-6.00,-1.00",  # a return
        "o2,p1,2017-03-01,1,pos,7,,-0.55,0,0",  # a coupon that lands here
        "o2,p1,2017-03-01,1,,,,,,",  # an anonymous sale
        "o2,p1,2017-03-01,1,,,m-1,,,",  # resolved by the retailer
        "o2,p1,2018-02-01T23:00:00Z,0.125,pos,7,,,,",  # a part of a day ahead of the clock
        "o2,p1,2017-03-01,1000000,pos,7,,,,",
    ],
)
def test_an_unusual_but_possible_order_line_is_kept(judged, line):
    assert judged("order_lines", order_lines=[HEADER, SOUND, line], products=["product_id", "p1"]) == {}


def test_an_orphan_is_only_called_so_when_the_other_table_was_handed_over(judged):
    assert judged("order_lines", order_lines=[HEADER, SOUND, SOUND.replace("o1,p1", "o2,pX")]) == {}


def test_a_reference_to_a_rejected_row_is_an_orphan(judged):
    products = ["product_id,attributes", "p1,no json", 'p2,"{""spf"": 50}"']
    lines = [HEADER, SOUND, SOUND.replace("p1", "p2")]
    assert judged("order_lines", order_lines=lines, products=products) == {1: ["orphan_product_id"]}
    assert judged("products", order_lines=lines, products=products) == {1: ["bad_value:attributes"]}


def test_a_broken_row_does_not_make_the_sound_one_after_it_a_duplicate(judged):
    assert judged("order_lines", order_lines=[HEADER, SOUND.replace(",1,pos", ",x,pos"), SOUND]) == {
        1: ["bad_value:quantity"]
    }


def test_the_first_of_several_equal_keys_stays(judged):
    assert judged("order_lines", order_lines=[HEADER, SOUND, SOUND, SOUND]) == {
        2: ["duplicate_key"],
        3: ["duplicate_key"],
    }


def test_contacts_named_by_member_id_alone_do_not_share_a_key(judged):
    contacts = ["campaign_id,contacted_at,member_id,source,source_id"]
    contacts += ["c1,2017-01-02,m1,,", "c1,2017-01-02,m2,,", "c1,2017-01-02,m2,,", "c1,2017-01-02,,,"]
    assert judged("contacts", order_lines=[HEADER, SOUND], contacts=contacts) == {
        3: ["duplicate_key"],
        4: ["incomplete_member"],
    }


def test_a_campaign_may_end_after_the_load_but_not_before_it_starts(judged):
    campaigns = ["campaign_id,starts_on,ends_on", "c1,2018-01-01,2019-01-01", "c2,2018-01-02,2018-01-01"]
    assert judged("campaigns", order_lines=[HEADER, SOUND], campaigns=campaigns) == {2: ["impossible_date"]}


def test_a_naive_time_is_read_in_the_shops_zone_and_an_offset_is_believed(load, lenient, csv_folder, rows_in):
    load(csv_folder(order_lines=[HEADER, SOUND, "o2,p1,2017-03-01 10:00:00+00,1,,,,,,"]), settings=lenient)
    rows = rows_in(current_tables(lenient.paths).file("order_lines"))
    assert [(row["order_id"], row["ordered_at"].hour) for row in rows] == [("o2", 10), ("o1", 15)]


def test_kept_values_have_the_contracts_types_and_the_shops_currency(load, lenient, csv_folder, rows_in):
    load(csv_folder(order_lines=[HEADER, SOUND]), settings=lenient)
    (row,) = rows_in(current_tables(lenient.paths).file("order_lines"))
    assert (row["quantity"], row["amount"], row["list_amount"]) == (Decimal("1.000"), Decimal("5.00"), Decimal("6.00"))
    assert row["currency"] == "USD"
    assert tuple(row) == CONTRACTS["order_lines"].names


def test_a_rejected_row_shows_every_value_as_it_was_handed_over(load, lenient, csv_folder, rows_in):
    load(csv_folder(order_lines=[HEADER, SOUND, "o2, p1 ,soon,1e9,pos,,,dear,,"]), settings=lenient)
    (row,) = rows_in(lenient.paths.rejected / "order_lines.parquet")
    assert (row["source_file"], row["source_row"]) == ("order_lines.csv", 2)
    assert [row[column] for column in ("product_id", "ordered_at", "quantity", "amount")] == [
        " p1 ",
        "soon",
        "1e9",
        "dear",
    ]


def test_a_clean_load_removes_the_rejected_rows_of_the_one_before(judged, lenient):
    assert judged("order_lines", order_lines=[HEADER, SOUND, SOUND])
    assert judged("order_lines", order_lines=[HEADER, SOUND]) == {}
    assert list(lenient.paths.rejected.iterdir()) == []


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda contract: contract.name)
def test_every_contract_has_a_check_for_each_column_that_can_fail(contract, settings):
    present = set(contract.names)
    bounds = Bounds(first=settings.week_anchor, last=settings.week_anchor, max_quantity=1.0)
    schema = row_checks(contract, present, bounds)
    assert set(schema.columns) == set(evidence_sql(contract, present))
    reasons = {check.error for column in schema.columns.values() for check in column.checks}
    assert all(f"missing_{column.name}" in reasons for column in contract.columns if column.is_required)
    assert reasons <= set(reason_order(contract))
