"""Rows of audiences: what was asked for, how far it is and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, func, select

from features.contracts.ids import AudienceId
from serving.ports import Json
from serving.records.opening import Transaction
from serving.records.tables import AudienceReportRow, AudienceRow


class AudienceState(StrEnum):
    """Where an audience stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (AudienceState.DONE, AudienceState.FAILED, AudienceState.CANCELLED)


@dataclass(frozen=True, kw_only=True)
class AudienceProgress:
    """How far a build is: `done` of `all`, and what is being done."""

    done: int
    all: int
    what: str


@dataclass(frozen=True, kw_only=True)
class AudienceRecord:
    """An audience and its state."""

    audience_id: AudienceId
    name: str | None
    rule: Json
    state: AudienceState
    progress: AudienceProgress
    error: str | None
    summary: Json | None
    created_at: datetime
    finished_at: datetime | None
    cancel_requested: bool
    is_dry_run: bool
    """Only its figures and report are asked for; it has no members, and is forgotten after a day."""


def add_audience(
    transaction: Transaction,
    audience_id: AudienceId,
    *,
    name: str | None,
    rule: Json,
    at: datetime,
    is_dry_run: bool = False,
) -> AudienceRecord:
    """Stores a new audience as queued."""
    row = AudienceRow(
        shop=transaction.shop,
        audience_id=audience_id,
        name=name,
        rule=rule,
        state=AudienceState.QUEUED.value,
        progress_done=0,
        progress_all=0,
        progress_what="waiting",
        created_at=at,
        cancel_requested=False,
        is_dry_run=is_dry_run,
    )
    transaction.session.add(row)
    return _record(row)


def find_audience(transaction: Transaction, audience_id: AudienceId) -> AudienceRecord | None:
    """The audience of that id."""
    row = _row(transaction, audience_id)
    return None if row is None else _record(row)


def page_of_audiences(transaction: Transaction, *, limit: int, before: str | None) -> tuple[AudienceRecord, ...]:
    """At most `limit` audiences, newest first, dry runs not among them; `before` is where the page before ended."""
    rows = select(AudienceRow).where(AudienceRow.shop == transaction.shop, AudienceRow.is_dry_run.is_(False))
    if before is not None:
        # ids sort by the moment they were made at
        rows = rows.where(AudienceRow.audience_id < before)
    found = transaction.session.scalars(rows.order_by(AudienceRow.audience_id.desc()).limit(limit))
    return tuple(_record(row) for row in found)


def audiences_in(transaction: Transaction, *states: AudienceState) -> tuple[AudienceRecord, ...]:
    """Every audience in one of the states, oldest first."""
    rows = select(AudienceRow).where(AudienceRow.shop == transaction.shop, AudienceRow.state.in_(states))
    return tuple(_record(row) for row in transaction.session.scalars(rows.order_by(AudienceRow.audience_id)))


def count_by_state(transaction: Transaction) -> dict[AudienceState, int]:
    """How many audiences stand in each state, states without one included."""
    rows = select(AudienceRow.state, func.count()).where(AudienceRow.shop == transaction.shop)
    counted = dict(transaction.session.execute(rows.group_by(AudienceRow.state)).all())
    return {state: counted.get(state.value, 0) for state in AudienceState}


def ask_to_cancel(transaction: Transaction, audience_id: AudienceId, *, at: datetime) -> AudienceRecord | None:
    """The audience after a cancel: at once while it is queued, at its next progress while it runs.

    A finished audience is left as it is; None when there is none of that id.
    """
    row = _row(transaction, audience_id)
    if row is None:
        return None
    state = AudienceState(row.state)
    if not state.is_final:
        row.cancel_requested = True
    if state is AudienceState.QUEUED:
        _finish(row, AudienceState.CANCELLED, at=at)
    return _record(row)


def mark_running(transaction: Transaction, audience_id: AudienceId) -> None:
    """A worker took the audience."""
    if (row := _row(transaction, audience_id)) is not None:
        row.state = AudienceState.RUNNING.value


def note_progress(transaction: Transaction, audience_id: AudienceId, progress: AudienceProgress) -> bool:
    """Whether a cancel was asked for; stores how far the build is."""
    row = _row(transaction, audience_id)
    if row is None:
        return True
    row.progress_done, row.progress_all, row.progress_what = progress.done, progress.all, progress.what[:200]
    return row.cancel_requested


def mark_done(transaction: Transaction, audience_id: AudienceId, *, summary: Json, at: datetime) -> None:
    """The audience is complete; call it in the transaction that stores its members."""
    if (row := _row(transaction, audience_id)) is not None:
        row.summary = summary
        row.progress_done = row.progress_all
        _finish(row, AudienceState.DONE, at=at)


def forget_dry_runs(transaction: Transaction, *, before: datetime) -> int:
    """How many dry runs were removed, with their reports, for having been asked for before that moment."""
    is_old = (AudienceRow.shop == transaction.shop, AudienceRow.is_dry_run.is_(True), AudienceRow.created_at < before)
    their_ids = select(AudienceRow.audience_id).where(*is_old)
    reports = delete(AudienceReportRow).where(
        AudienceReportRow.shop == transaction.shop, AudienceReportRow.audience_id.in_(their_ids)
    )
    transaction.session.execute(reports)
    removed = transaction.session.scalars(delete(AudienceRow).where(*is_old).returning(AudienceRow.audience_id))
    return len(removed.all())


def mark_failed(transaction: Transaction, audience_id: AudienceId, *, error: str, at: datetime) -> None:
    """The build ended without an audience, for a reason that the reader can act on."""
    if (row := _row(transaction, audience_id)) is not None:
        row.error = error
        _finish(row, AudienceState.FAILED, at=at)


def mark_cancelled(transaction: Transaction, audience_id: AudienceId, *, at: datetime) -> None:
    """The build stopped because a cancel was asked for."""
    if (row := _row(transaction, audience_id)) is not None:
        _finish(row, AudienceState.CANCELLED, at=at)


def _row(transaction: Transaction, audience_id: AudienceId) -> AudienceRow | None:
    return transaction.row(AudienceRow, audience_id)


def _finish(row: AudienceRow, state: AudienceState, *, at: datetime) -> None:
    row.state = state.value
    row.finished_at = at
    row.progress_what = state.value


def _record(row: AudienceRow) -> AudienceRecord:
    return AudienceRecord(
        audience_id=AudienceId(row.audience_id),
        name=row.name,
        rule=row.rule,
        state=AudienceState(row.state),
        progress=AudienceProgress(done=row.progress_done, all=row.progress_all, what=row.progress_what),
        error=row.error,
        summary=row.summary,
        created_at=row.created_at,
        finished_at=row.finished_at,
        cancel_requested=row.cancel_requested,
        is_dry_run=row.is_dry_run,
    )
