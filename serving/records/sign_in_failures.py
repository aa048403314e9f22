"""Rows of sign-ins that failed: by keyed marks, for as long as they count."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select

from serving.new_ids import new_id
from serving.records.account_tables import SignInFailureRow
from serving.records.opening import Transaction


def add_failure(transaction: Transaction, mark: str, *, at: datetime) -> str:
    """Stores a failure; its id."""
    failure_id = new_id(at)
    transaction.session.add(SignInFailureRow(shop=transaction.shop, failure_id=failure_id, mark=mark, failed_at=at))
    return failure_id


def newest_failures(transaction: Transaction, mark: str, *, count: int) -> tuple[datetime, ...]:
    """When the latest failures of a mark were, newest first."""
    rows = (
        select(SignInFailureRow.failed_at)
        .where(SignInFailureRow.shop == transaction.shop, SignInFailureRow.mark == mark)
        .order_by(SignInFailureRow.failed_at.desc())
        .limit(count)
    )
    return tuple(transaction.session.scalars(rows))


def delete_failures_of(transaction: Transaction, mark: str) -> None:
    """Forgets every failure of a mark."""
    rows = delete(SignInFailureRow).where(SignInFailureRow.shop == transaction.shop, SignInFailureRow.mark == mark)
    transaction.session.execute(rows)


def delete_failures(transaction: Transaction, failure_ids: Collection[str]) -> None:
    """Forgets single failures."""
    rows = delete(SignInFailureRow).where(
        SignInFailureRow.shop == transaction.shop, SignInFailureRow.failure_id.in_(failure_ids)
    )
    transaction.session.execute(rows)


def delete_failures_before(transaction: Transaction, moment: datetime) -> None:
    """Forgets failures that count no more."""
    rows = delete(SignInFailureRow).where(
        SignInFailureRow.shop == transaction.shop, SignInFailureRow.failed_at < moment
    )
    transaction.session.execute(rows)
