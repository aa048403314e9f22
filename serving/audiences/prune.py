"""Removes what is kept for a while only: dry runs, old recommendations and events, and jobs that ended long ago."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Protocol

from features.contracts.settings import Settings
from serving.records.audiences import forget_dry_runs
from serving.records.events import HANDED_ON, cursor, remove_events
from serving.records.opening import Records
from serving.records.recommendations import forget_recommendations

AT_ONCE = 5_000
"""Rows of one transaction: the log's writer waits for no longer than that."""

log = logging.getLogger(__name__)


class FinishedJobs(Protocol):
    """What pruning asks of the queue."""

    def forget_finished(self, *, before: datetime) -> int: ...


def prune(records: Records, jobs: FinishedJobs, settings: Settings, *, at: datetime) -> None:
    """Removes dry runs after their hours, and logged recommendations, events and ended jobs after their days."""
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
    events = _prune_events(records, before=at - timedelta(days=settings.events.keep_days))
    ended = jobs.forget_finished(before=before)
    if dry_runs or recommendations or events or ended:
        log.info("pruned dry_runs=%d recommendations=%d events=%d jobs=%d", dry_runs, recommendations, events, ended)


def _prune_events(records: Records, *, before: datetime) -> int:
    """How many events were removed: old ones that the raw tables have taken over."""
    removed = 0
    while True:
        with records.writing() as transaction:
            handed_on = cursor(transaction, HANDED_ON)
            some = remove_events(transaction, received_before=before, upto=handed_on, limit=AT_ONCE)
        removed += some
        if some < AT_ONCE:
            return removed
