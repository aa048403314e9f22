"""Member value: how recently, how often and how much a member buys."""

from __future__ import annotations

from datetime import datetime

from ibis.expr.types import Table

from features.groups.declaration import FeatureGroup, age, before, count, is_within, moment, number, total
from features.tables.shop_tables import ShopTables

WINDOWS_DAYS = (28, 91, 365)


def compute_member_value(tables: ShopTables, as_of: datetime) -> Table:
    """Recency, frequency and spend of each member with a purchase before `as_of`. One row per member."""
    visits = before(tables.visits, as_of)
    windows = {}
    for days in WINDOWS_DAYS:
        inside = is_within(visits.ordered_at, as_of, days)
        windows[f"orders_{days}d"] = visits.count(where=inside)
        windows[f"spend_{days}d"] = total(visits.spend, where=inside).fill_null(0.0)
    value = visits.group_by("member_id").aggregate(
        first_ordered_at=visits.ordered_at.min(), last_ordered_at=visits.ordered_at.max(), **windows
    )
    # One currency unit in both terms keeps the trend of an idle member at 1 rather than at 0/0.
    trend = (value.spend_28d + 1.0) / (value.spend_91d * (28 / 91) + 1.0)
    return value.mutate(spend_trend=trend)


MEMBER_VALUE = FeatureGroup(
    name="member_value",
    entities=("member",),
    sentence="How recently, how often and how much a member buys.",
    features=(
        moment("first_ordered_at", "first purchase"),
        moment("last_ordered_at", "latest purchase"),
        *(count(f"orders_{days}d", "orders", f"orders of the last {days} days") for days in WINDOWS_DAYS),
        *(number(f"spend_{days}d", "currency", f"spend of the last {days} days") for days in WINDOWS_DAYS),
        number("spend_trend", "ratio", "spend of the last 28 days over the 91-day average; above 1 is growing"),
    ),
    derived=(
        age("days_since_order", of="last_ordered_at", sentence="days since the latest purchase"),
        age("days_as_customer", of="first_ordered_at", sentence="days since the first purchase"),
    ),
    compute=compute_member_value,
)
