"""When a member comes: visits by week, and by weekday and hour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import accumulate
from operator import sub

from serving.members.view import VisitHabits

WEEKS = 52
_EPOCH = datetime(1970, 1, 1)


def visit_habits(visit_hours: Sequence[int], *, today: date) -> VisitHabits | None:
    """The habits that a profile's `visit_hours` tell of; None without a visit. `today` is the shops' day."""
    # hours on the shops' clocks: nothing is converted, so the moments have no zone
    moments = [_EPOCH + timedelta(hours=hours) for hours in accumulate(visit_hours, sub)]
    if not moments:
        return None
    by_week = Counter(_monday(moment.date()) for moment in moments)
    by_hour = Counter((moment.isoweekday(), moment.hour) for moment in moments)
    newest = _monday(today)
    weeks = [newest - timedelta(weeks=ago) for ago in reversed(range(WEEKS))]
    return VisitHabits(
        weeks=tuple((week, by_week[week]) for week in weeks),
        hours=tuple((weekday, hour, visits) for (weekday, hour), visits in sorted(by_hour.items())),
    )


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
