"""The exports that were made of an audience, as the audit trail holds them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from features.contracts.ids import AudienceId
from serving.records.audit import audit_of_audience
from serving.records.opening import Transaction

BEGUN = "audience_exported"
FINISHED = "audience_export_finished"


@dataclass(frozen=True, kw_only=True)
class MadeExport:
    """An export that was begun."""

    export_id: str
    at: datetime
    who: str
    """Id of the key, or the user."""
    format: str
    columns: tuple[str, ...]
    channel: str | None
    destination: str | None
    leaving: int
    """Who was to leave when it began."""
    rows: int | None
    """Rows written to its end; None while it is written, and for one that was broken off."""


def exports_of(transaction: Transaction, audience_id: AudienceId, *, since: datetime) -> tuple[MadeExport, ...]:
    """Every export of an audience, newest first; `since`: the audience was asked for then."""
    acts = audit_of_audience(transaction, audience_id, acts=(BEGUN, FINISHED), since=since)
    rows = {act.details["export_id"]: act.details["rows"] for act in acts if act.what == FINISHED}
    return tuple(
        MadeExport(
            export_id=act.details["export_id"],
            at=act.at,
            who=act.who,
            format=act.details["format"],
            columns=tuple(act.details["columns"]),
            channel=act.details["channel"],
            destination=act.details["destination"],
            leaving=act.details["leaving"],
            rows=rows.get(act.details["export_id"]),
        )
        for act in acts
        if act.what == BEGUN
    )
