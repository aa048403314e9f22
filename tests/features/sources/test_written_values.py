"""Money, numbers, moments and truths as people write them, by declared formats; what is not written so is no value."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from features.contracts.load_settings import LoadSettings, ValueFormat
from features.contracts.tables import ColumnType
from features.sources.written_values import written_value


@pytest.fixture
def read(con):
    def value(text, target, *, type_="VARCHAR", **how):
        sql = written_value("v", type_, target, ValueFormat(**how))
        row = con.execute(f"SELECT TRY_CAST({sql} AS {target.value}) FROM (SELECT CAST(? AS {type_}) AS v)", [text])
        return row.fetchone()[0]

    return value


GERMAN = {"decimal": ",", "thousands": "."}


@pytest.mark.parametrize(
    ("text", "how", "amount"),
    [
        ("12.50", {}, "12.50"),
        ("¥1,234.50", {"thousands": ","}, "1234.50"),
        ("￥ 12", {}, "12.00"),
        ("１２．５", {}, "12.50"),
        ("12.5元", {}, "12.50"),
        ("(3.00)", {}, "-3.00"),
        ("-$3", {}, "-3.00"),
        ("1.234,50 €", GERMAN, "1234.50"),
        ("1.234", GERMAN, "1234.00"),
        ("1 234,5", {"decimal": ",", "thousands": " "}, "1234.50"),
        ("1\u00a0234,5", {"decimal": ",", "thousands": " "}, "1234.50"),
        ("12950", {"money_in": "cents"}, "129.50"),
        ("-5", {"money_in": "cents"}, "-0.05"),
    ],
)
def test_money_is_read_as_declared(read, text, how, amount):
    assert read(text, ColumnType.MONEY, **how) == Decimal(amount)


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("1,234.50", {}),  # no thousands were declared
        ("1,23.50", {"thousands": ","}),
        ("1,234.50", GERMAN),
        ("12.5", GERMAN),  # a point is between thousands there
        ("12;5", {}),
        ("twelve", {"money_in": "cents"}),
        ("", {}),
        ("  ", GERMAN),
    ],
)
def test_money_in_another_form_is_never_guessed(read, text, how):
    assert read(text, ColumnType.MONEY, **how) is None


def test_cents_that_arrive_as_numbers_are_hundredths_too(read):
    assert read(1999, ColumnType.MONEY, type_="BIGINT", money_in="cents") == Decimal("19.99")


def test_a_quantity_has_no_currency(read):
    assert read("1,5", ColumnType.QUANTITY, decimal=",") == Decimal("1.500")
    assert read("¥5", ColumnType.QUANTITY) is None


@pytest.mark.parametrize(
    ("text", "formats"),
    [
        ("31/01/2024 09:05", ["%d/%m/%Y %H:%M"]),
        ("31.1.24 9:05", ["%Y-%m-%d", "%d.%m.%y %H:%M"]),
        ("2024年1月31日 9:05", ["%Y年%m月%d日 %H:%M"]),
        ("45322.378472222", ["excel"]),
        ("1706709900", ["unix"]),
        ("1706709900000", ["unix_ms"]),
        ("2024-01-31T14:05:00+0000", ["%Y-%m-%dT%H:%M:%S%z"]),
    ],
)
def test_moments_are_read_as_declared_in_the_shops_zone(read, text, formats):
    found = read(text, ColumnType.MOMENT, moments=formats)
    assert found == datetime(2024, 1, 31, 9, 5, tzinfo=ZoneInfo("America/New_York"))


@pytest.mark.parametrize("text", ["2024-01-31", "01/31/2024", "31/02/2024", "45322", "tomorrow"])
def test_a_moment_in_another_form_is_never_guessed(read, text):
    assert read(text, ColumnType.MOMENT, moments=["%d/%m/%Y"]) is None


def test_days_and_truths_have_words_of_their_own(read):
    assert str(read("20240131", ColumnType.DAY, days=["%Y%m%d"])) == "2024-01-31"
    words = {"true_words": ["是"], "false_words": ["否"]}
    assert [read(text, ColumnType.TRUTH, **words) for text in ("是", "否", "TRUE", "maybe")] == [
        True,
        False,
        True,
        None,
    ]


@settings(max_examples=60, deadline=None)
@given(cents=st.integers(-(10**12), 10**12), thousands=st.sampled_from([",", " ", "'", ""]))
def test_every_amount_comes_back_as_it_was_written(cents, thousands):
    amount = Decimal(cents) / 100
    text = f"{amount:,.2f}".replace(",", thousands)
    sql = written_value("v", "VARCHAR", ColumnType.MONEY, ValueFormat(thousands=thousands))
    row = duckdb.execute(f"SELECT TRY_CAST({sql} AS DECIMAL(18,2)) FROM (SELECT ? AS v)", [text]).fetchone()
    assert row is not None
    assert row[0] == amount


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=30), target=st.sampled_from(list(ColumnType)))
def test_no_text_makes_a_reading_fail(text, target):
    how = ValueFormat(
        moments=("excel", "unix", "%d/%m/%Y"), days=("excel",), decimal=",", thousands=".", money_in="cents"
    )
    sql = written_value("v", "VARCHAR", target, how)
    assert len(duckdb.execute(f"SELECT TRY_CAST({sql} AS {target.value}) FROM (SELECT ? AS v)", [text]).fetchall()) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": {"moments": ["%Q"]}},
        {"format": {"moments": ["yesterday"]}},
        {"format": {"decimal": ",", "thousands": ","}},
        {"columns": {"orders": {}}},
        {"columns": {"order_lines": {"price": "Preis"}}},
        {"files": {"order_lines": "/etc/*"}},
        {"files": {"order_lines": "../*.csv"}},
        {"constants": {"pos*": {"chanel": "pos"}}},
        {"format_of": {"order_lines.price": {"decimal": ","}}},
    ],
)
def test_a_map_that_cannot_be_meant_is_refused(wrong):
    whole = {"source": "folder", "with_promotions": False, "max_rejected_share": 0.1, "earliest": "1990-01-01"}
    with pytest.raises(ValidationError):
        LoadSettings(**{**whole, "max_quantity": 10, **wrong})
    assert LoadSettings(**{**whole, "max_quantity": 10})
