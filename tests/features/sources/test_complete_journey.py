from datetime import UTC, date, datetime

import pytest

from features.contracts.errors import MissingColumn, Refused
from features.sources.complete_journey import PERIOD, complete_journey, package_folder, stands_in

LINE = {
    "household_id": 900,
    "store_id": 330,
    "basket_id": 31198570044,
    "product_id": 1095275,
    "quantity": 1,
    "sales_value": 0.5,
    "retail_disc": 0.1,
    "coupon_disc": 0.0,
    "coupon_match_disc": 0.0,
    "week": 1,
    "transaction_timestamp": datetime(2017, 1, 1, 11, 53, 26),
}
PRODUCT = {
    "product_id": 25671,
    "manufacturer_id": 2,
    "department": "GROCERY",
    "brand": "National",
    "product_category": "FRZN ICE",
    "product_type": "ICE - CRUSHED/CUBED",
    "package_size": "22 LB",
}
CAMPAIGN = {
    "campaign_id": 3,
    "campaign_type": "Type C",
    "start_date": datetime(2017, 3, 13),
    "end_date": datetime(2017, 5, 8),
}


@pytest.fixture
def journey(con, tmp_path, write_parquet):
    """Writes the files and answers with what the adapter makes of them."""

    def read(*, with_promotions=False, **files):
        for file, rows in {"transactions": [LINE], **files}.items():
            write_parquet(tmp_path / f"{file}.parquet", rows)
        return complete_journey(con, tmp_path, zone="America/New_York", currency="USD", with_promotions=with_promotions)

    return read


def test_a_transaction_is_an_order_line_with_its_naive_time_read_as_utc(journey, rows_of):
    (line,) = rows_of(journey(), "order_lines")
    assert line["ordered_at"].astimezone(UTC) == datetime(2017, 1, 1, 11, 53, 26, tzinfo=UTC)
    line.pop("ordered_at")
    assert line == {
        "order_id": "31198570044",
        "product_id": "1095275",
        "quantity": 1,
        "source": "complete_journey",
        "source_id": "900",
        "amount": "0.50",
        "list_amount": "0.60",
        "discount_amount": "0.10",
        "currency": "USD",
        "store_id": "330",
        "source_file": "transactions.parquet",
        "source_row": 1,
    }


def test_the_coupon_is_taken_off_the_amount_even_below_zero(journey, rows_of):
    coupon = LINE | {"sales_value": 0.0, "coupon_disc": 0.55, "retail_disc": 0.0}
    (line,) = rows_of(journey(transactions=[coupon]), "order_lines")
    assert (line["amount"], line["list_amount"], line["discount_amount"]) == ("-0.55", "0.00", "0.00")


def test_list_amount_less_discount_is_the_sales_value_to_the_cent(journey, rows_of):
    odd = LINE | {"sales_value": 0.1 + 0.2, "retail_disc": 1.1, "coupon_match_disc": 2.2}
    (line,) = rows_of(journey(transactions=[odd]), "order_lines")
    assert (line["list_amount"], line["discount_amount"]) == ("3.60", "3.30")


@pytest.mark.parametrize(
    ("broken", "shown"),
    [({"sales_value": float("nan")}, "nan - 0.0"), ({"sales_value": None, "coupon_disc": 1.0}, "nothing - 1.0")],
)
def test_an_amount_that_cannot_be_computed_shows_its_terms(journey, rows_of, broken, shown):
    rows = rows_of(journey(transactions=[LINE, LINE | broken]), "order_lines")
    assert [row["amount"] for row in rows] == ["0.50", shown]


def test_an_unreadable_value_survives_as_text(journey, rows_of):
    edited = LINE | {"transaction_timestamp": "yesterday", "sales_value": "free", "quantity": "two"}
    (line,) = rows_of(journey(transactions=[edited]), "order_lines")
    assert (line["ordered_at"], line["amount"], line["quantity"]) == ("yesterday", "free - 0.0", "two")


def test_a_readable_time_in_a_text_column_is_utc_too(journey, rows_of):
    edited = LINE | {"transaction_timestamp": "2017-01-01 11:53:26"}
    (line,) = rows_of(journey(transactions=[edited]), "order_lines")
    assert datetime.fromisoformat(line["ordered_at"]) == datetime(2017, 1, 1, 11, 53, 26, tzinfo=UTC)


def test_ids_that_pandas_made_floats_are_whole_again_and_none_stays_none(journey, rows_of):
    edited = [LINE | {"household_id": 900.0}, LINE | {"household_id": float("nan")}, LINE | {"household_id": None}]
    rows = rows_of(journey(transactions=edited), "order_lines")
    assert [row["source_id"] for row in rows] == ["900", None, None]
    assert {row["source"] for row in rows} == {"complete_journey"}


def test_a_product_is_named_by_type_size_and_brand(journey, rows_of):
    products = [
        PRODUCT,
        PRODUCT | {"product_id": 2, "brand": "Private", "manufacturer_id": 69, "product_type": "BREAD:RYE"},
        PRODUCT | {"product_id": 3, "product_type": None, "package_size": None},
        PRODUCT | {"product_id": 4, "product_type": None, "product_category": None, "package_size": None},
    ]
    rows = rows_of(journey(products=products), "products")
    assert [row["name"] for row in rows] == [
        "Ice - crushed/cubed, 22 LB, national brand 2",
        "Bread: rye, 22 LB, store brand 69",
        "Frzn ice, national brand 2",
        "Grocery, national brand 2",
    ]
    assert [row["category"] for row in rows] == ["FRZN ICE", "FRZN ICE", "FRZN ICE", None]
    assert [row["attributes"] for row in rows] == [
        '{"package_size":"22 LB","is_private_label":false}',
        '{"package_size":"22 LB","is_private_label":true}',
        '{"is_private_label":false}',
        '{"is_private_label":false}',
    ]


def test_nothing_learnt_from_the_years_sales_is_a_column_of_products(journey, rows_of):
    (row,) = rows_of(journey(products=[PRODUCT]), "products")
    assert set(row) == {
        *("product_id", "name", "brand", "department", "category", "subcategory", "attributes"),
        *("source_file", "source_row"),
    }


def test_each_household_of_the_transactions_is_one_member_record(journey, rows_of):
    lines = [LINE, LINE | {"basket_id": 2}, LINE | {"household_id": 7}, LINE | {"household_id": None}]
    known = {
        "household_id": 7,
        "age": "65+",
        "income": "35-49K",
        "home_ownership": None,
        "marital_status": "Married",
        "household_size": "2",
        "household_comp": "2 Adults No Kids",
        "kids_count": "0",
    }
    rows = rows_of(journey(transactions=lines, demographics=[known]), "member_records")
    assert [(row["source"], row["source_id"], row["source_row"]) for row in rows] == [
        ("complete_journey", "900", 1),
        ("complete_journey", "7", 3),
    ]
    assert rows[0]["attributes"] is None
    assert '"age":"65+"' in rows[1]["attributes"]
    assert "home_ownership" not in rows[1]["attributes"]


def test_a_campaigns_contacts_are_reached_at_the_shops_midnight_of_its_start(journey, rows_of):
    handed = journey(campaign_descriptions=[CAMPAIGN], campaigns=[{"campaign_id": 3, "household_id": 900}])
    (campaign,) = rows_of(handed, "campaigns")
    assert (campaign["campaign_id"], campaign["name"], campaign["type"]) == ("3", "Campaign 3", "Type C")
    (contact,) = rows_of(handed, "contacts")
    assert contact["contacted_at"].astimezone(UTC) == datetime(2017, 3, 13, 4, tzinfo=UTC)


def test_a_coupon_code_in_two_campaigns_is_two_coupons_with_their_days(journey, rows_of):
    pairs = [(10, 1, 3), (10, 2, 3), (10, 1, 4)]
    coupons = [
        {"coupon_upc": code, "product_id": product, "campaign_id": campaign} for code, product, campaign in pairs
    ]
    other = CAMPAIGN | {"campaign_id": 4, "start_date": datetime(2017, 8, 1)}
    handed = journey(coupons=coupons, campaign_descriptions=[CAMPAIGN, other])
    rows = rows_of(handed, "coupons")
    assert [(row["coupon_id"], row["campaign_id"], row["starts_on"].date()) for row in rows] == [
        ("10", "3", date(2017, 3, 13)),
        ("10", "4", date(2017, 8, 1)),
    ]
    assert len(rows_of(handed, "coupon_products")) == 3


def test_duplicate_coupon_products_are_handed_on_for_validation_to_reject(journey, rows_of):
    row = {"coupon_upc": 10, "product_id": 1, "campaign_id": 3}
    assert len(rows_of(journey(coupons=[row, row]), "coupon_products")) == 2


def test_a_redemption_is_dated_to_the_shops_midnight(journey, rows_of):
    used = {"household_id": 1, "coupon_upc": 10, "campaign_id": 3, "redemption_date": datetime(2017, 7, 4)}
    (row,) = rows_of(journey(coupon_redemptions=[used]), "coupon_redemptions")
    assert row["redeemed_at"].astimezone(UTC) == datetime(2017, 7, 4, 4, tzinfo=UTC)


def test_promotions_are_read_only_when_asked_for_and_weeks_are_their_first_day(journey, rows_of):
    promoted = [
        {"product_id": 1, "store_id": 2, "display_location": "A", "mailer_location": "0", "week": week}
        for week in (1, 2, 53)
    ]
    assert "promotions" not in {table.name for table in journey(promotions=promoted).tables}
    rows = rows_of(journey(promotions=promoted, with_promotions=True), "promotions")
    assert [row["week_on"] for row in rows] == [date(2016, 12, 26), date(2017, 1, 2), date(2017, 12, 25)]
    assert (rows[0]["display"], rows[0]["mailer"]) == ("A", "0")


def test_transactions_may_come_in_parts_and_each_row_knows_its_own(con, tmp_path, write_parquet, rows_of):
    write_parquet(tmp_path / "transactions" / "part-0.parquet", [LINE, LINE | {"basket_id": 2}])
    write_parquet(tmp_path / "transactions" / "part-1.parquet", [LINE | {"basket_id": 3}])
    assert stands_in(tmp_path)
    handed = complete_journey(con, tmp_path, zone="UTC", currency="USD", with_promotions=False)
    assert [(row["source_file"], row["source_row"], row["order_id"]) for row in rows_of(handed, "order_lines")] == [
        ("transactions/part-0.parquet", 1, "31198570044"),
        ("transactions/part-0.parquet", 2, "2"),
        ("transactions/part-1.parquet", 1, "3"),
    ]


def test_a_missing_source_column_is_named(journey):
    line = {column: value for column, value in LINE.items() if column != "coupon_disc"}
    with pytest.raises(MissingColumn, match=r"transactions\.parquet: no column coupon_disc \(found: household_id"):
        journey(transactions=[line])


def test_a_damaged_file_is_refused_in_one_readable_line(con, tmp_path):
    (tmp_path / "transactions.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(Refused, match=r"^transactions\.parquet: cannot be read") as refusal:
        complete_journey(con, tmp_path, zone="UTC", currency="USD", with_promotions=False)
    assert "\n" not in str(refusal.value)


def test_the_declared_period_covers_the_year_in_the_shops_zone():
    assert PERIOD.first <= datetime(2017, 1, 1, 11, 53, 26, tzinfo=UTC)
    assert datetime(2018, 1, 1, 4, 1, 20, tzinfo=UTC) < PERIOD.last


def test_the_package_holds_the_files():
    assert stands_in(package_folder())
