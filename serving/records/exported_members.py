"""Rows of exported members: who was handed to a channel, when and by which export."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select

from features.contracts.ids import AudienceId
from serving.records.opening import Transaction
from serving.records.tables import AudienceRow, ExportedMemberRow


def add_exported(
    transaction: Transaction,
    member_ids: Sequence[str],
    *,
    export_id: str,
    audience_id: AudienceId,
    channel: str | None,
    at: datetime,
) -> None:
    """Stores that these members left with an export."""
    key = {"shop": transaction.shop, "export_id": export_id, "audience_id": audience_id}
    rows = [{**key, "member_id": member_id, "channel": channel, "exported_at": at} for member_id in member_ids]
    if rows:
        transaction.session.execute(insert(ExportedMemberRow), rows)


def exported_since(transaction: Transaction, moment: datetime) -> Sequence[str]:
    """Members that left with an export at `moment` or later, each once, sorted."""
    rows = select(ExportedMemberRow.member_id).distinct().where(ExportedMemberRow.shop == transaction.shop)
    rows = rows.where(ExportedMemberRow.exported_at >= moment)
    return sorted(transaction.session.scalars(rows))


def exported_of(transaction: Transaction, audience_id: AudienceId, *, before: datetime) -> Sequence[str]:
    """Members of an audience that left with one of its exports before that moment, each once, sorted."""
    rows = select(ExportedMemberRow.member_id).distinct().filter_by(shop=transaction.shop, audience_id=audience_id)
    rows = rows.where(ExportedMemberRow.exported_at < before)
    return sorted(transaction.session.scalars(rows))


def were_exported(transaction: Transaction, audience_ids: Sequence[AudienceId]) -> frozenset[str]:
    """Those of the audiences of which somebody left with an export."""
    exported = select(ExportedMemberRow.member_id).where(
        ExportedMemberRow.shop == AudienceRow.shop, ExportedMemberRow.audience_id == AudienceRow.audience_id
    )
    # asked of each audience by itself: of millions of rows one is enough
    rows = select(AudienceRow.audience_id).where(AudienceRow.shop == transaction.shop, exported.exists())
    return frozenset(transaction.session.scalars(rows.where(AudienceRow.audience_id.in_(audience_ids))))
