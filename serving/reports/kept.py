"""Reports that took long to count, kept for a minute: a page that is opened again asks the log no more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from serving.reports.recommendations import RecommendationReport

KEPT_SECONDS = 60.0
QUICK_SECONDS = 0.1
"""A report counted within this time is counted anew each time."""


@dataclass(frozen=True, kw_only=True)
class _Kept:
    report: RecommendationReport
    until: float


class KeptReports:
    """The last report of each number of days, as long as it is kept; one is counted at a time."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[int, _Kept] = {}
        self._counting = threading.Lock()

    def of(self, days: int, count: Callable[[], RecommendationReport]) -> RecommendationReport:
        """The report over so many days: a kept one, else what `count` finds."""
        # whoever asks meanwhile waits for the count that is under way and takes its report
        with self._counting:
            started = self._clock()
            self._kept = {each: kept for each, kept in self._kept.items() if kept.until > started}
            if (kept := self._kept.get(days)) is not None:
                return kept.report
            report = count()
            ended = self._clock()
            if ended - started > QUICK_SECONDS:
                self._kept[days] = _Kept(report=report, until=ended + KEPT_SECONDS)
            return report
