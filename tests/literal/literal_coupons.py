"""Campaigns and coupons of literal rows, as files of a tables version and a feature build."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd

from features.prepared import GROUPINGS_FILE, PURCHASES_FILE
from training.coupons.tables import CouponTables, fill

ZONE = "America/New_York"
SPRING_AT = datetime(2017, 5, 1, 4, tzinfo=UTC)
"""Start of the campaign `spring`: midnight of the first of May in the shops."""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


CAMPAIGNS = [
    # campaign, starts_on, ends_on
    ("winter", "2017-02-01", "2017-02-28"),
    ("spring", "2017-05-01", "2017-05-31"),
    ("open", "2017-05-10", "2017-06-10"),  # nobody was reached: for everybody
]
CONTACTS = [
    # member, campaign, contacted_at, is_holdout
    ("anna", "winter", "2017-02-01T05:00", False),
    ("anna", "spring", "2017-05-01T04:00", False),
    ("ben", "spring", "2017-05-01T04:00", False),
    ("cleo", "spring", "2017-05-01T04:00", True),  # held out
]
COUPONS = [
    # coupon, campaign, starts_on, ends_on, face_value
    ("w-milk", "winter", None, None, None),
    ("s-milk", "spring", None, None, None),
    ("s-bread", "spring", None, None, "1.50"),
    ("s-all", "spring", None, None, None),
    ("o-tea", "open", None, None, None),
    ("alone", None, "2017-05-15", "2017-05-20", None),  # without a campaign
]
SCOPE = [
    # coupon, product, campaign
    ("w-milk", "milk", "winter"),
    ("s-milk", "milk", "spring"),
    ("s-bread", "bread", "spring"),
    ("s-all", "milk", "spring"),
    ("s-all", "bread", "spring"),
    ("s-all", "tea", "spring"),
    ("o-tea", "tea", "open"),
    ("alone", "tea", None),
]
REDEMPTIONS = [
    # member, coupon, campaign, redeemed_at
    ("anna", "w-milk", None, "2017-02-10T05:00"),  # the campaign is that of the coupon then
    ("anna", "s-milk", "spring", "2017-05-09T04:00"),
    ("anna", "s-all", "spring", "2017-05-20T04:00"),
]
PURCHASES = [
    # member, product, order, ordered_at, quantity, spend, coupon
    ("anna", "milk", "a1", "2017-02-10T12:00", 1.0, 2.0, True),
    ("anna", "milk", "a2", "2017-04-01T12:00", 2.0, 4.0, False),
    ("anna", "bread", "a2", "2017-04-01T12:00", 1.0, 3.0, False),
    ("ben", "tea", "b1", "2017-04-20T12:00", 1.0, 9.0, False),
    (None, "milk", "x1", "2017-04-25T12:00", 1.0, 2.0, False),
    # At the start of spring and later: unseen by it.
    ("anna", "bread", "a3", "2017-05-01T04:00", 5.0, 50.0, True),
    ("ben", "milk", "b2", "2017-05-09T12:00", 5.0, 50.0, True),
]
CATEGORY = {"milk": "DAIRY", "bread": "BAKERY", "tea": "DRINKS"}


@contextmanager
def literal_coupons(
    folder: Path, *, until: datetime | None = None, without: tuple[str, ...] = ()
) -> Iterator[CouponTables]:
    """The tables; with `until`, purchases and redemptions at or after it are dropped before anything is computed."""
    write_coupon_files(folder, until=until, without=without)
    with closing(duckdb.connect()) as con:
        con.execute("SET TimeZone = 'UTC'")
        fill(con, folder, folder, zone=ZONE)
        yield CouponTables(con=con)


def write_coupon_files(folder: Path, *, until: datetime | None = None, without: tuple[str, ...] = ()) -> None:
    """Writes every file but those named."""

    def seen(rows: list[tuple[object, ...]], place: int) -> list[tuple[object, ...]]:
        return [row for row in rows if until is None or at(str(row[place])) < until]

    tables = {
        "campaigns": _frame(CAMPAIGNS, "campaign_id starts_on ends_on"),
        "contacts": _frame(CONTACTS, "member_id campaign_id contacted_at is_holdout"),
        "coupons": _frame(COUPONS, "coupon_id campaign_id starts_on ends_on face_value").assign(discount_type="amount"),
        "coupon_products": _frame(SCOPE, "coupon_id product_id campaign_id"),
        "coupon_redemptions": _frame(seen(REDEMPTIONS, 3), "member_id coupon_id campaign_id redeemed_at"),
        Path(PURCHASES_FILE).stem: _frame(
            seen(PURCHASES, 3), "member_id product_id order_id ordered_at quantity spend has_coupon"
        ).assign(category=lambda rows: rows["product_id"].map(CATEGORY)),
        Path(GROUPINGS_FILE).stem: pd.DataFrame(
            {"product_id": list(CATEGORY), "category": list(CATEGORY.values()), "brand": ["Farm", "Mill", "Leaf"]}
        ),
    }
    for name, table in tables.items():
        file = folder / f"{name}.parquet"
        file.unlink(missing_ok=True)
        if name not in without:
            _write(table, file)


def _frame(rows: list[tuple[object, ...]] | list[tuple[str, ...]], columns: str) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns.split())


def _write(table: pd.DataFrame, file: Path) -> None:
    types = {"_at": "TIMESTAMPTZ", "_on": "DATE", "_id": "VARCHAR", "_value": "DECIMAL(18,2)"}
    columns = [
        f"CAST({name} AS {types[suffix]}) AS {name}" if (suffix := f"_{name.rsplit('_', 1)[-1]}") in types else name
        for name in table.columns
    ]
    with closing(duckdb.connect()) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.register("rows", table)
        con.execute(f"COPY (SELECT {', '.join(columns)} FROM rows) TO '{file}' (FORMAT parquet)")
