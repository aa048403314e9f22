"""Keeps audiences and jobs in step: what was accepted is built, and what can no longer be built says so."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Protocol

from features.contracts.ids import AudienceId
from serving.records.audiences import AudienceState, audiences_in, find_audience, mark_failed
from serving.records.idempotency import forget_answers
from serving.records.opening import Records

GAVE_UP = "the worker stopped several times while building this audience; ask for it again, or for a smaller one"

log = logging.getLogger(__name__)


class KnownJobs(Protocol):
    """What the sweep asks of the queue."""

    def enqueue(self, audience_id: AudienceId) -> None: ...

    def is_known(self, audience_id: AudienceId) -> bool: ...

    def is_unfinished(self, audience_id: AudienceId) -> bool: ...


def sweep_audiences(records: Records, jobs: KnownJobs, *, at: datetime) -> None:
    """Enqueues what was accepted but never enqueued, and fails what its job gave up; forgets old idempotency keys."""
    with records.reading() as transaction:
        unfinished = audiences_in(transaction, AudienceState.QUEUED, AudienceState.RUNNING)
    for audience in unfinished:
        if not jobs.is_known(audience.audience_id):
            # the service died between its promise and the queue
            log.warning("audience_enqueued_late audience=%s", audience.audience_id)
            jobs.enqueue(audience.audience_id)
        elif not jobs.is_unfinished(audience.audience_id):
            _fail_when_unfinished(records, audience.audience_id, at=at)
    with records.writing() as transaction:
        forget_answers(transaction, at=at)


def _fail_when_unfinished(records: Records, audience_id: AudienceId, *, at: datetime) -> None:
    # read again: the job may have ended well since the list was made
    with records.writing() as transaction:
        audience = find_audience(transaction, audience_id)
        if audience is not None and not audience.state.is_final:
            mark_failed(transaction, audience_id, error=GAVE_UP, at=at)
