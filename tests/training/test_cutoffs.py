"""Which weeks models learn from and are reported on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from training.cutoffs import CLOSING, STALE_WEEKS, Cutoff, plan_cutoffs

ANCHOR = datetime(2017, 1, 2, 5, tzinfo=UTC)
"""Start of week 2."""
HORIZON = timedelta(days=28)
WEEKS = [42, 46, 50]
END = datetime(2018, 1, 1, 5, tzinfo=UTC)
"""Where the label window of week 50 ends."""


def weeks(as_of: datetime, *, first: datetime | None = None, horizon: timedelta = HORIZON) -> list[int]:
    return [cutoff.week for cutoff in plan_cutoffs(WEEKS, anchor=ANCHOR, horizon=horizon, as_of=as_of, first=first)]


def test_a_week_starts_seven_days_after_the_one_before_it_counted_from_the_anchor() -> None:
    assert plan_cutoffs([2, 3, 50], anchor=ANCHOR, horizon=HORIZON, as_of=END) == [
        Cutoff(week=2, at=ANCHOR),
        Cutoff(week=3, at=datetime(2017, 1, 9, 5, tzinfo=UTC)),
        Cutoff(week=50, at=datetime(2017, 12, 4, 5, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (END, WEEKS),
        # The shops' last order of a week falls up to CLOSING before its end: the week is whole.
        (END - CLOSING, WEEKS),
        (END - CLOSING - timedelta(seconds=1), [41, 45, 49]),
        (END - timedelta(days=7), [41, 45, 49]),
        (END - timedelta(days=7) - CLOSING - timedelta(seconds=1), [40, 44, 48]),
        (END - timedelta(days=70), [32, 36, 40]),
    ],
)
def test_weeks_move_back_together_until_the_last_window_has_ended(as_of: datetime, expected: list[int]) -> None:
    assert weeks(as_of) == expected


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (END + timedelta(days=30), WEEKS),
        (END + timedelta(weeks=STALE_WEEKS), WEEKS),
        (END + timedelta(weeks=STALE_WEEKS, seconds=1), [50, 54, 58]),
        (END + timedelta(weeks=52, days=6), [94, 98, 102]),
        # The week that is whole but for its closing hours counts.
        (END + timedelta(weeks=53) - CLOSING, [95, 99, 103]),
    ],
)
def test_weeks_move_on_when_they_have_become_stale(as_of: datetime, expected: list[int]) -> None:
    assert weeks(as_of) == expected


@pytest.mark.parametrize("hours", range(0, 24 * 21, 13))
def test_the_last_window_ends_in_the_last_whole_week_when_weeks_move(hours: int) -> None:
    as_of = END - timedelta(days=100) + timedelta(hours=hours)
    end = plan_cutoffs(WEEKS, anchor=ANCHOR, horizon=HORIZON, as_of=as_of)[-1].at + HORIZON
    assert end <= as_of + CLOSING < end + timedelta(days=7)


def test_a_longer_horizon_moves_them_further_back() -> None:
    assert weeks(END, horizon=timedelta(days=35)) == [41, 45, 49]


def test_cut_offs_at_or_before_the_first_purchase_are_left_out() -> None:
    at_46 = datetime(2017, 11, 6, 5, tzinfo=UTC)
    assert weeks(END, first=at_46 - timedelta(seconds=1)) == [46, 50]
    assert weeks(END, first=at_46) == [50]
    assert weeks(END, first=END) == []


def test_the_order_asked_for_is_kept() -> None:
    plan = plan_cutoffs([50, 44, 46], anchor=ANCHOR, horizon=HORIZON, as_of=END)
    assert [cutoff.week for cutoff in plan] == [50, 44, 46]
