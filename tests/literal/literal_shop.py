"""A shop of literal rows: small enough to compute by head, odd enough to catch what goes wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import ibis
import pandas as pd

from features.tables.shop_tables import (
    CAMPAIGN_CONTACTS,
    CATEGORY_ORDERS,
    CONTENT_SHARES,
    COUPON_REDEMPTIONS,
    MEMBER_FACTS,
    PRODUCTS,
    PURCHASES,
    REFERRALS,
    STATE,
    VISITS,
    ShopTables,
)

AS_OF = datetime(2017, 6, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


LINES = [
    # member, product, order, ordered_at, quantity, spend, list_spend, coupon
    ("anna", "milk", "a1", "2017-05-01T10:00", 1.0, 2.0, 2.0, False),
    ("anna", "bread", "a1", "2017-05-01T10:00", 2.0, 6.0, 8.0, False),
    ("anna", "milk", "a2", "2017-05-11T18:00", 1.0, 2.0, 2.0, False),
    ("anna", "milk", "a3", "2017-05-31T23:59", 3.0, 6.0, 6.0, True),
    ("ben", "bread", "b1", "2017-01-10T09:00", 1.0, 3.0, 4.0, False),
    ("ben", "tea", "b1", "2017-01-10T09:00", 1.0, 9.0, 9.0, False),
    # Bought at the very moment of asking, and later: not seen.
    ("ben", "milk", "b2", "2017-06-01T00:00", 1.0, 2.5, 2.5, False),
    ("anna", "tea", "a4", "2017-06-20T10:00", 1.0, 99.0, 99.0, False),
    ("cleo", "tea", "c1", "2017-06-20T10:00", 1.0, 99.0, 99.0, False),
    # Nobody's: counts for the product alone.
    (None, "milk", "x1", "2017-05-30T12:00", 1.0, 2.0, 2.0, False),
    # More than a year back.
    ("dora", "bread", "d1", "2016-03-01T12:00", 1.0, 3.0, 3.0, False),
]
REDEMPTIONS = [
    # member, coupon, campaign, redeemed_at
    ("anna", "k1", "spring", "2017-05-11T04:00"),
    ("anna", "k2", "spring", "2017-05-11T04:00"),
    ("ben", "k1", "spring", "2016-03-10T04:00"),  # more than a year back
    ("anna", "k3", "summer", "2017-06-01T00:00"),  # at the very moment of asking
]
CONTACTS = [
    # member, campaign, contacted_at
    ("anna", "spring", "2017-05-02T04:00"),
    ("anna", "easter", "2017-04-02T04:00"),
    ("ben", "spring", "2017-05-02T04:00"),
    ("anna", "summer", "2017-06-01T00:00"),  # at the very moment of asking
]
BROUGHT = [
    # member, who brought them, joined_at
    ("ben", "anna", "2017-01-05T10:00"),
    ("dora", "anna", "2017-02-05T10:00"),
    ("cleo", "ben", "2017-04-05T10:00"),
    # In a circle: anna is nobody's own.
    ("anna", "cleo", "2017-04-06T10:00"),
    ("emil", "cleo", "2017-06-01T00:00"),  # at the very moment of asking
]
SHARED = [
    # member, message, shared_at
    ("ben", "s1", "2017-05-20T10:00"),
    ("ben", "s2", "2016-08-20T10:00"),
    ("fay", "s3", "2017-04-20T10:00"),  # never bought
    ("ben", "s4", "2017-06-01T00:00"),  # at the very moment of asking
]
MEASURED = [
    # member, fact, value, observed_at
    ("anna", "points", "120", "2017-03-01T10:00"),
    ("anna", "points", " 80.5 ", "2017-05-01T10:00"),
    ("anna", "skin", "dry", "2017-05-01T10:00"),
    ("ben", "points", "many", "2017-05-01T10:00"),
    ("anna", "points", "9000", "2017-06-01T00:00"),  # at the very moment of asking
]
CATEGORY = {"milk": "DAIRY", "bread": "BAKERY", "tea": "DRINKS"}
STORE = {"a1": "north", "a2": "north", "a3": "south", "b1": "south"}


Line = tuple[str | None, str, str, str, float, float, float, bool]


def literal_shop(
    *, until: datetime | None = None, lines: Sequence[Line] = LINES, categories: Mapping[str, str] = CATEGORY
) -> ShopTables:
    """The shop's tables; with `until`, every line at or after it is dropped before anything is computed."""
    lines = [line for line in lines if until is None or at(line[3]) < until]
    purchases = pd.DataFrame(
        [
            {
                "member_id": member,
                "product_id": product,
                "order_id": order,
                "store_id": STORE.get(order, "north"),
                "category": categories[product],
                "brand": f"brand of {product}",
                "is_private_label": product == "milk",
                "ordered_at": at(moment),
                "quantity": quantity,
                "spend": spend,
                "list_spend": list_spend,
                "is_discounted": list_spend > spend,
                "has_coupon": coupon,
            }
            for member, product, order, moment, quantity, spend, list_spend, coupon in lines
        ]
    )
    purchases["visit_number"] = _visit_numbers(purchases)
    known = purchases[purchases["member_id"].notna()]
    orders = known.groupby(["member_id", "category", "order_id"], as_index=False).agg(
        ordered_at=("ordered_at", "min"), spend=("spend", "sum")
    )
    visits = known.groupby(["member_id", "order_id"], as_index=False).agg(
        ordered_at=("ordered_at", "min"), spend=("spend", "sum"), store_id=("store_id", "min")
    )
    visits = visits.assign(hour=visits["ordered_at"].dt.hour, weekday=visits["ordered_at"].dt.weekday)
    products = pd.DataFrame(
        [
            {
                "product_id": product,
                "brand": f"brand of {product}",
                "department": "FOOD",
                "category": category,
                "subcategory": None,
                "is_private_label": product == "milk",
            }
            for product, category in categories.items()
        ]
    )
    return ShopTables(
        purchases=ibis.memtable(
            _looking_back(purchases, ["member_id", "product_id"])[list(PURCHASES.names)], schema=PURCHASES
        ),
        category_orders=ibis.memtable(
            _looking_back(orders, ["member_id", "category"])[list(CATEGORY_ORDERS.names)], schema=CATEGORY_ORDERS
        ),
        visits=ibis.memtable(_looking_back(visits, ["member_id"])[list(VISITS.names)], schema=VISITS),
        products=ibis.memtable(products, schema=PRODUCTS),
        coupon_redemptions=_dated(REDEMPTIONS, COUPON_REDEMPTIONS, until),
        campaign_contacts=_dated(CONTACTS, CAMPAIGN_CONTACTS, until),
        referrals=_dated(BROUGHT, REFERRALS, until),
        content_shares=_dated(SHARED, CONTENT_SHARES, until),
        member_facts=_dated(MEASURED, MEMBER_FACTS, until),
    )


def _visit_numbers(purchases: pd.DataFrame) -> pd.Series:
    first = purchases.groupby(["member_id", "order_id"])["ordered_at"].min().sort_values()
    numbers = first.groupby("member_id").cumcount() + 1
    of_orders = dict(zip(first.index, numbers, strict=True))
    pairs = zip(purchases["member_id"], purchases["order_id"], strict=True)
    return pd.Series([of_orders.get(pair) for pair in pairs], index=purchases.index, dtype="Int64")


def _dated(rows: list[tuple[str, ...]], schema: ibis.Schema, until: datetime | None) -> ibis.Table:
    """Rows whose last value is their moment, in the order of the schema."""
    kept = [(*row[:-1], at(row[-1])) for row in rows if until is None or at(row[-1]) < until]
    return ibis.memtable(pd.DataFrame(kept, columns=list(schema.names)), schema=schema)


def _looking_back(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    rows = rows.sort_values("ordered_at")
    moments = rows.groupby(keys)["ordered_at"]
    return rows.assign(
        ordered_epoch=[moment.timestamp() for moment in rows["ordered_at"]],
        previous_at=moments.shift(1),
        previous2_at=moments.shift(2),
        gap_days=moments.diff().dt.total_seconds() / 86_400,
        # nothing was returned
        **dict.fromkeys(STATE, pd.Series(pd.NaT, index=rows.index, dtype="datetime64[us, UTC]")),
    )
