"""Rows of the audit trail: what was done, by whom and when."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from serving.new_ids import new_id
from serving.ports import Json
from serving.records.opening import Transaction
from serving.records.tables import AuditRow


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One act: `who` is an API key's id, or `service` and `command` for acts without one."""

    what: str
    who: str
    at: datetime
    details: Json


def add_audit(transaction: Transaction, entry: AuditEntry) -> None:
    """Stores an act."""
    transaction.session.add(
        AuditRow(
            shop=transaction.shop,
            audit_id=new_id(entry.at),
            what=entry.what,
            who=entry.who,
            at=entry.at,
            details=entry.details,
        )
    )


def list_audit(transaction: Transaction, *, limit: int) -> tuple[AuditEntry, ...]:
    """The newest acts, newest first."""
    rows = select(AuditRow).where(AuditRow.shop == transaction.shop)
    newest = transaction.session.scalars(rows.order_by(AuditRow.at.desc(), AuditRow.audit_id.desc()).limit(limit))
    return tuple(AuditEntry(what=row.what, who=row.who, at=row.at, details=row.details) for row in newest)


def audit_of_audience(
    transaction: Transaction, audience_id: str, *, acts: Collection[str], since: datetime
) -> tuple[AuditEntry, ...]:
    """The acts of these names on an audience since a moment, newest first."""
    rows = select(AuditRow).where(AuditRow.shop == transaction.shop, AuditRow.at >= since)
    rows = rows.where(AuditRow.what.in_(acts), AuditRow.details["audience_id"].as_string() == audience_id)
    found = transaction.session.scalars(rows.order_by(AuditRow.at.desc(), AuditRow.audit_id.desc()))
    return tuple(AuditEntry(what=row.what, who=row.who, at=row.at, details=row.details) for row in found)
