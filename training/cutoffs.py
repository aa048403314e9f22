"""The moments at which models learn, are chosen and are reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from features.contracts.clock import WEEK, week_start

CLOSING = timedelta(hours=3)
"""The last order of a week falls this long before the week's end, so data that ends there is whole."""

STALE_WEEKS = 8
"""Reporting on weeks that lie further back than this says little of today: the plan then moves on."""


@dataclass(frozen=True, kw_only=True)
class Cutoff:
    """A week and the instant it starts: models see what lies before, labels what lies after."""

    week: int
    at: datetime


def plan_cutoffs(
    weeks: Sequence[int], *, anchor: datetime, horizon: timedelta, as_of: datetime, first: datetime | None = None
) -> list[Cutoff]:
    """The cut-offs of `weeks`, moved together by whole weeks where the data asks for it.

    The last cut-off's label window must end by `as_of`, and must not end more than STALE_WEEKS before it; otherwise all
    weeks move so that it ends in the last whole week. Cut-offs at or before `first` (the first purchase) are left out.
    """
    shift = weeks_moved(weeks, anchor=anchor, horizon=horizon, as_of=as_of)
    cutoffs = [Cutoff(week=week + shift, at=week_start(week + shift, anchor=anchor)) for week in weeks]
    return [cutoff for cutoff in cutoffs if first is None or cutoff.at > first]


def weeks_moved(weeks: Sequence[int], *, anchor: datetime, horizon: timedelta, as_of: datetime) -> int:
    """By how many weeks `plan_cutoffs` moves the weeks; 0 where the data covers them."""
    last_end = week_start(max(weeks), anchor=anchor) + horizon
    if last_end > as_of + CLOSING or as_of - last_end > STALE_WEEKS * WEEK:
        return (as_of + CLOSING - last_end) // WEEK
    return 0


def words_on_moved(week: int, moved: int, *, anchor: datetime, zone: tzinfo) -> tuple[str, ...]:
    """A sentence where weeks were moved, told of one `week` of the settings; none where they were not."""
    if not moved:
        return ()
    at = week_start(week + moved, anchor=anchor).astimezone(zone)
    return (
        f"weeks are counted back from the end of the data: week {week} of the settings is week {week + moved}, "
        f"which begins on {at:%Y-%m-%d}",
    )
