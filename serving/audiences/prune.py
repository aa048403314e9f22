"""Removes what is kept for a while only: dry runs, old rows of the recommendation log, and jobs that ended long ago."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Protocol

from features.contracts.settings import Settings
from serving.records.audiences import forget_dry_runs
from serving.records.opening import Records
from serving.records.recommendations import forget_recommendations

AT_ONCE = 5_000
"""Rows of one transaction: the log's writer waits for no longer than that."""

log = logging.getLogger(__name__)


class FinishedJobs(Protocol):
    """What pruning asks of the queue."""

    def forget_finished(self, *, before: datetime) -> int: ...


def prune(records: Records, jobs: FinishedJobs, settings: Settings, *, at: datetime) -> None:
    """Removes dry runs after their hours, and logged recommendations and ended jobs after their days."""
    with records.writing() as transaction:
        dry_runs = forget_dry_runs(transaction, before=at - timedelta(hours=settings.audiences.keep_dry_run_hours))
    before = at - timedelta(days=settings.serving.keep_log_days)
    recommendations = 0
    while True:
        with records.writing() as transaction:
            removed = forget_recommendations(transaction, before=before, limit=AT_ONCE)
        recommendations += removed
        if removed < AT_ONCE:
            break
    ended = jobs.forget_finished(before=before)
    if dry_runs or recommendations or ended:
        log.info("pruned dry_runs=%d recommendations=%d jobs=%d", dry_runs, recommendations, ended)
