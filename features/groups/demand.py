"""Demand for a product, and for a category: the same features at two grains."""

from __future__ import annotations

from datetime import datetime

from ibis.expr.types import Table

from features.groups.declaration import (
    Feature,
    FeatureGroup,
    before,
    count,
    first_in_window,
    is_within,
    number,
    second_in_window,
)
from features.tables.shop_tables import ShopTables

WINDOWS_DAYS = (7, 28, 91)


def compute_product_demand(tables: ShopTables, as_of: datetime) -> Table:
    """Sales, buyers, trend and repeat rate of each product sold within 365 days. One row per product."""
    return _demand(tables.purchases, "product_id", as_of)


def compute_category_demand(tables: ShopTables, as_of: datetime) -> Table:
    """Sales, buyers, trend and repeat rate of each category sold within 365 days. One row per category."""
    return _demand(tables.category_orders, "category", as_of)


def _demand(orders: Table, key: str, as_of: datetime) -> Table:
    orders = before(orders, as_of)
    orders = orders.filter(is_within(orders.ordered_at, as_of, 365), orders[key].notnull())
    demand = orders.group_by(key).aggregate(
        buyers_365d=orders.count(where=first_in_window(orders, as_of, 365)),
        repeat_buyers=orders.count(where=second_in_window(orders, as_of, 365)),
        gap_days=orders.gap_days.median(),
        **{f"sales_{days}d": orders.count(where=is_within(orders.ordered_at, as_of, days)) for days in WINDOWS_DAYS},
        **{f"buyers_{days}d": orders.count(where=first_in_window(orders, as_of, days)) for days in WINDOWS_DAYS},
    )
    return demand.mutate(
        repeat_rate=demand.repeat_buyers / demand.buyers_365d.cast("float64").nullif(0.0),
        sales_trend=(demand.sales_28d + 1.0) / (demand.sales_91d * (28 / 91) + 1.0),
    )


def _demand_features(what: str) -> tuple[Feature, ...]:
    return (
        *(
            count(f"sales_{days}d", "orders", f"orders with the {what} in the last {days} days")
            for days in WINDOWS_DAYS
        ),
        *(
            count(f"buyers_{days}d", "members", f"members who bought the {what} in the last {days} days")
            for days in WINDOWS_DAYS
        ),
        count("buyers_365d", "members", f"members who bought the {what} in the last 365 days"),
        number("sales_trend", "ratio", "orders of the last 28 days over the 91-day average; above 1 is growing"),
        number("repeat_rate", "share", f"share of those buyers who ordered the {what} at least twice"),
        number("gap_days", "days", f"typical days between a member's orders of the {what}"),
    )


PRODUCT_DEMAND = FeatureGroup(
    name="product_demand",
    entities=("product",),
    sentence="How much a product sells, to how many, and how often they come back.",
    features=_demand_features("product"),
    compute=compute_product_demand,
)

CATEGORY_DEMAND = FeatureGroup(
    name="category_demand",
    entities=("category",),
    sentence="How much a category sells, to how many, and how often they come back.",
    features=_demand_features("category"),
    compute=compute_category_demand,
)
