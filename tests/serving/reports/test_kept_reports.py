from __future__ import annotations

from datetime import UTC, datetime

import pytest

from serving.reports.kept import KEPT_SECONDS, QUICK_SECONDS, KeptReports
from serving.reports.recommendations import RecommendationReport, Total

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Clock:
    """A clock that goes on by what counting takes."""

    def __init__(self, takes):
        self.takes, self.at, self.counted = takes, 0.0, 0

    def __call__(self):
        return self.at

    def count(self):
        self.counted += 1
        self.at += self.takes
        nothing = Total(shown=self.counted, clicked=0, bought=0, revenue=0.0)
        return RecommendationReport(
            since=NOW, until=NOW, click_days=7, bought_days=7, currency="USD", outcomes=(), scenarios={}, by_day=(),
            total=nothing,
        )  # fmt: skip


@pytest.fixture
def slow():
    return Clock(QUICK_SECONDS * 2)


def test_a_report_that_took_long_is_kept_for_a_minute(slow):
    reports = KeptReports(clock=slow)
    assert [reports.of(28, slow.count).total.shown for _ in range(2)] == [1, 1]
    assert reports.of(7, slow.count).total.shown == 2
    slow.at += KEPT_SECONDS + 1
    assert reports.of(28, slow.count).total.shown == 3


def test_a_quick_report_is_counted_anew():
    quick = Clock(QUICK_SECONDS / 2)
    reports = KeptReports(clock=quick)
    assert [reports.of(28, quick.count).total.shown for _ in range(2)] == [1, 2]


def test_a_count_that_failed_keeps_nothing(slow):
    reports = KeptReports(clock=slow)

    def fail():
        raise OSError("away")

    with pytest.raises(OSError, match="away"):
        reports.of(28, fail)
    assert reports.of(28, slow.count).total.shown == 1
