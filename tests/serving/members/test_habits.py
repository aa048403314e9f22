"""When a member comes, told from the hours of the visits."""

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise

from serving.members.habits import WEEKS, visit_habits

SUNDAY = date(2017, 12, 31)


def hours(*moments: str) -> list[int]:
    """The newest in hours since 1970, then how many hours earlier each next one was."""
    since = [int((datetime.fromisoformat(each) - datetime(1970, 1, 1)).total_seconds() // 3600) for each in moments]
    return [since[0], *(later - earlier for later, earlier in pairwise(since))]


def test_visits_are_counted_by_week_and_by_hour():
    found = visit_habits(
        hours("2017-12-31T18:20", "2017-12-29T09:00", "2017-12-29T09:00", "2017-12-24T18:59"), today=SUNDAY
    )
    assert found is not None
    assert found.weeks[-2:] == ((date(2017, 12, 18), 1), (date(2017, 12, 25), 3))
    assert sum(visits for _, visits in found.weeks) == 4
    assert found.hours == ((5, 9, 2), (7, 18, 2))


def test_weeks_without_a_visit_are_there_too():
    found = visit_habits(hours("2017-01-09T10:00"), today=SUNDAY)
    assert found is not None
    assert [len(found.weeks), found.weeks[0], found.weeks[1]] == [
        WEEKS,
        (date(2017, 1, 2), 0),
        (date(2017, 1, 9), 1),
    ]


def test_nobody_has_habits_without_a_visit():
    assert visit_habits([], today=SUNDAY) is None
