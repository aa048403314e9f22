"""Rows of audience reports: the parts of an answer that are too large for a list of audiences."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from features.contracts.ids import AudienceId
from serving.ports import Json
from serving.records.opening import Transaction
from serving.records.tables import AudienceReportRow


def replace_report(transaction: Transaction, audience_id: AudienceId, report: Json) -> None:
    """Stores the report; call it in the transaction that stores the members."""
    key = {"shop": transaction.shop, "audience_id": audience_id}
    transaction.session.execute(delete(AudienceReportRow).filter_by(**key))
    transaction.session.execute(insert(AudienceReportRow).values(**key, report=report))


def find_report(transaction: Transaction, audience_id: AudienceId) -> Json | None:
    """The report; None for an audience without one."""
    rows = select(AudienceReportRow.report).filter_by(shop=transaction.shop, audience_id=audience_id)
    return transaction.session.scalars(rows).first()
