"""Building one audience that was asked for, from queued to done, failed or cancelled.

Safe to run again after a kill: a finished audience is left alone, an unfinished one is built from the start, and its
members and report are stored together with its state.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.exc import OperationalError

from features.contracts.errors import FacesError
from features.contracts.ids import AudienceId
from serving.audiences.rule import AudienceRule
from serving.ports import BuildAudience, BuiltAudience, Progress
from serving.records.audience_members import replace_members
from serving.records.audience_reports import replace_report
from serving.records.audiences import (
    AudienceProgress,
    AudienceRecord,
    find_audience,
    mark_cancelled,
    mark_done,
    mark_failed,
    mark_running,
    note_progress,
)
from serving.records.opening import Records

PROGRESS_SECONDS = 0.2
"""Least time between two progress writes; a cancel takes effect as often."""

UNEXPECTED = "something unexpected happened while building; the worker's log tells more"

log = logging.getLogger(__name__)


class JobCancelled(FacesError):
    """A cancel was asked for; raised by the progress that a build reports, never shown to anybody."""


def run_audience_job(
    records: Records,
    build: BuildAudience,
    audience_id: AudienceId,
    *,
    now: Callable[[], datetime],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Builds an audience and stores how it ended; whatever goes wrong stands in its record.

    Raises SQLAlchemy's OperationalError while the records are away: there is nowhere to say so; run it again later.
    """
    audience = _take(records, audience_id, now=now)
    if audience is None:
        return
    progress = recorded_progress(records, audience_id, clock=clock)
    try:
        built = build(AudienceRule.from_json(audience.rule), is_dry_run=audience.is_dry_run, progress=progress)
        _store(records, audience_id, built, now=now)
    except JobCancelled:
        with records.writing() as transaction:
            mark_cancelled(transaction, audience_id, at=now())
    except OperationalError:
        raise
    except FacesError as error:
        _fail(records, audience_id, str(error), now=now)
    except Exception:
        log.exception("audience_failed audience=%s", audience_id)
        _fail(records, audience_id, UNEXPECTED, now=now)


def recorded_progress(
    records: Records, audience_id: AudienceId, *, clock: Callable[[], float] = time.monotonic
) -> Progress:
    """A progress that is stored, about five times a second, and raises JobCancelled after a cancel."""
    written_at = float("-inf")

    def progress(done: int, all_: int, what: str) -> None:
        nonlocal written_at
        if clock() - written_at < PROGRESS_SECONDS:
            return
        with records.writing() as transaction:
            is_cancelled = note_progress(transaction, audience_id, AudienceProgress(done=done, all=all_, what=what))
        if is_cancelled:
            raise JobCancelled(f"audience {audience_id}: cancelled")
        # from the end of the write: a slow disk is not written to all the time
        written_at = clock()

    return progress


def _take(records: Records, audience_id: AudienceId, *, now: Callable[[], datetime]) -> AudienceRecord | None:
    """The audience, now running; None when there is nothing to build."""
    with records.writing() as transaction:
        audience = find_audience(transaction, audience_id)
        if audience is None or audience.state.is_final:
            return None
        if audience.cancel_requested:
            mark_cancelled(transaction, audience_id, at=now())
            return None
        mark_running(transaction, audience_id)
    return audience


def _store(records: Records, audience_id: AudienceId, built: BuiltAudience, *, now: Callable[[], datetime]) -> None:
    with records.writing() as transaction:
        audience = find_audience(transaction, audience_id)
        if audience is None or audience.cancel_requested:
            raise JobCancelled(f"audience {audience_id}: cancelled")
        if not audience.is_dry_run:
            replace_members(transaction, audience_id, built.members)
        replace_report(transaction, audience_id, dict(built.report))
        mark_done(transaction, audience_id, summary=dict(built.summary), at=now())


def _fail(records: Records, audience_id: AudienceId, error: str, *, now: Callable[[], datetime]) -> None:
    with records.writing() as transaction:
        mark_failed(transaction, audience_id, error=error, at=now())
