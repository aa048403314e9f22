"""What a member does with one category, and with one product: the same features at two grains."""

from __future__ import annotations

from datetime import datetime

import ibis
from ibis.expr.types import FloatingValue, IntegerValue, Table, Value

from features.groups.declaration import (
    Derived,
    Feature,
    FeatureGroup,
    age,
    before,
    count,
    decayed_orders,
    decayed_to_now,
    is_within,
    moment,
    number,
    overdue,
    total,
)
from features.tables.shop_tables import ShopTables

FAST_HALF_LIFE_DAYS = 28.0
SLOW_HALF_LIFE_DAYS = 180.0
"""Beside the usual half-life: what a member bought of late, and what has stayed a habit."""

WEEK_BITS = 53
"""Weeks that 365 days touch; a float64 still keeps as many bits exactly, whoever turns `week_bits` into one."""


def compute_member_category(tables: ShopTables, as_of: datetime) -> Table:
    """Recency, frequency, spend and gap of each member in each category bought within 365 days.

    One row per member and category.
    """
    keys = ("member_id", "category")
    habits = _habits(_last_year(tables.category_orders, keys, as_of), keys, as_of)
    # A join on members is cheaper than a window, which would sort every habit.
    wholes = habits.group_by("member_id").aggregate(whole=total(habits.spend_365d))
    habits = habits.join(wholes, "member_id")
    return habits.mutate(spend_share=habits.spend_365d / habits.whole.nullif(0.0))


def compute_member_product(tables: ShopTables, as_of: datetime) -> Table:
    """Recency, frequency, spend and gap of each member with each product bought within 365 days.

    One row per member and product.
    """
    purchases = _last_year(tables.purchases, ("member_id", "product_id"), as_of)
    habits = _habits(
        purchases,
        ("member_id", "product_id"),
        as_of,
        fast_decayed_orders=decayed_orders(purchases, as_of, half_life_days=FAST_HALF_LIFE_DAYS),
        slow_decayed_orders=decayed_orders(purchases, as_of, half_life_days=SLOW_HALF_LIFE_DAYS),
        gap_deviation_days=purchases.gap_days.std(how="sample"),
        first_visit=purchases.visit_number.min(),
        last_visit=purchases.visit_number.max(),
        week_bits=_week_bits(purchases, as_of),
    )
    ever = habits.group_by("member_id").aggregate(visits=habits.last_visit.max())
    habits = habits.join(ever, "member_id")
    return habits.mutate(
        visits_since_first=habits.visits - habits.first_visit + 1, visits_since_last=habits.visits - habits.last_visit
    )


def _week_bits(purchases: Table, as_of: datetime) -> FloatingValue:
    """Aggregate: bit i is set by a purchase in the i-th week of 7 days before `as_of`, the first being 0.

    The first purchase of each week adds its bit: a sum, because Ibis knows no "or" of bits for Spark.
    """

    def week(epoch: FloatingValue) -> IntegerValue:
        return ((int(as_of.timestamp()) - epoch) / (7 * 86_400.0)).floor().cast("int64")

    own, before_it = week(purchases.ordered_epoch), week(purchases.previous_at.epoch_seconds().cast("float64"))
    is_first = purchases.previous_at.isnull() | (before_it != own)
    # As floats: DuckDB adds whole numbers up to HUGEINT, which no Parquet file holds.
    return (ibis.literal(1, type="int64") << own).cast("float64").sum(where=is_first)


def _last_year(orders: Table, keys: tuple[str, str], as_of: datetime) -> Table:
    orders = before(orders, as_of)
    return orders.filter(is_within(orders.ordered_at, as_of, 365), *(orders[key].notnull() for key in keys))


def _habits(orders: Table, keys: tuple[str, str], as_of: datetime, **more: Value) -> Table:
    return orders.group_by(list(keys)).aggregate(
        first_ordered_at=orders.ordered_at.min(),
        last_ordered_at=orders.ordered_at.max(),
        orders_28d=orders.count(where=is_within(orders.ordered_at, as_of, 28)),
        orders_91d=orders.count(where=is_within(orders.ordered_at, as_of, 91)),
        orders_365d=orders.count(),
        spend_365d=total(orders.spend),
        decayed_orders=decayed_orders(orders, as_of),
        gap_days=orders.gap_days.median(),
        **more,
    )


def _habit_features(what: str) -> tuple[Feature, ...]:
    return (
        moment("first_ordered_at", f"first order of the {what} within 365 days"),
        moment("last_ordered_at", f"latest order of the {what}"),
        *(
            count(f"orders_{days}d", "orders", f"orders with the {what} in the last {days} days")
            for days in (28, 91, 365)
        ),
        number("spend_365d", "currency", f"spend on the {what} in the last 365 days"),
        number("decayed_orders", "orders", f"orders with the {what}, each halved per 70 days, as of the latest one"),
        number("gap_days", "days", f"median days between two orders with the {what}; null while there is one"),
    )


def _habit_ages(what: str) -> tuple[Derived, ...]:
    return (
        age("days_since_order", of="last_ordered_at", sentence=f"days since the latest order of the {what}"),
        overdue(
            "overdue", since="last_ordered_at", gap="gap_days", sentence=f"time since the {what} in its typical gaps"
        ),
        decayed_to_now(
            "decayed_orders_now",
            at_last="decayed_orders",
            last="last_ordered_at",
            sentence=f"orders with the {what}, each halved per 70 days, as of now",
        ),
    )


MEMBER_CATEGORY = FeatureGroup(
    name="member_category",
    entities=("member", "category"),
    sentence="What a member does with one category.",
    features=(
        *_habit_features("category"),
        number("spend_share", "share", "share of the member's spend in the category"),
    ),
    derived=_habit_ages("category"),
    compute=compute_member_category,
)

MEMBER_PRODUCT = FeatureGroup(
    name="member_product",
    entities=("member", "product"),
    sentence="What a member does with one product.",
    features=(
        *_habit_features("product"),
        number(
            "fast_decayed_orders", "orders", "orders with the product, each halved per 28 days, as of the latest one"
        ),
        number(
            "slow_decayed_orders", "orders", "orders with the product, each halved per 180 days, as of the latest one"
        ),
        number("gap_deviation_days", "days", "standard deviation of the days between two orders; null below three"),
        count(
            "visits_since_first",
            "visits",
            "the member's visits since the first order of the product, that one included",
        ),
        count("visits_since_last", "visits", "the member's visits since the latest order of the product"),
        count(
            "week_bits",
            "bits",
            "bit i (0 to 52) is set when the product was bought in the i-th week of 7 days before the snapshot: the or "
            "over a set of products gives the weeks in which the set was bought",
        ),
    ),
    derived=_habit_ages("product"),
    compute=compute_member_product,
    is_weekly=False,
    sorted_by=("product_id", "member_id"),
)
