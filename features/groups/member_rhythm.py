"""Member rhythm: the typical gap between a member's visits and when the next one is expected."""

from __future__ import annotations

from datetime import datetime

from ibis.expr.types import Table

from features.groups.declaration import FeatureGroup, before, count, is_within, moment, number, overdue
from features.tables.shop_tables import ShopTables


def compute_member_rhythm(tables: ShopTables, as_of: datetime) -> Table:
    """Gap between visits of the last 365 days. One row per member with a visit in them.

    A member with one visit has no gap: `gap_days` and what follows from it are null.
    """
    visits = before(tables.visits, as_of)
    visits = visits.filter(is_within(visits.ordered_at, as_of, 365))
    rhythm = visits.group_by("member_id").aggregate(
        visit_count=visits.count(),
        last_visited_at=visits.ordered_at.max(),
        gap_days=visits.gap_days.median(),
        mean_gap_days=visits.gap_days.mean(),
        gap_deviation_days=visits.gap_days.std(how="sample"),
    )
    variation = rhythm.gap_deviation_days / rhythm.mean_gap_days.nullif(0.0)
    expected = (rhythm.last_visited_at.epoch_seconds() + (rhythm.gap_days * 86_400).round().cast("int64")).as_timestamp(
        "s"
    )
    return rhythm.mutate(gap_variation=variation, next_expected_at=expected.cast("timestamp('UTC', 6)"))


MEMBER_RHYTHM = FeatureGroup(
    name="member_rhythm",
    entities=("member",),
    sentence="How regularly a member visits, and when the next visit is expected.",
    features=(
        count("visit_count", "visits", "visits of the last 365 days"),
        moment("last_visited_at", "latest visit"),
        number("gap_days", "days", "median days between two visits"),
        number("gap_variation", "ratio", "standard deviation of the gaps over their mean; 0 is clockwork"),
        moment("next_expected_at", "latest visit plus the median gap"),
    ),
    derived=(
        overdue(
            "visit_overdue",
            since="last_visited_at",
            gap="gap_days",
            sentence="time since the latest visit in typical gaps",
        ),
    ),
    compute=compute_member_rhythm,
)
