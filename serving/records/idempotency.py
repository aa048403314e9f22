"""Rows of idempotency keys: the first answer to a key, kept to be given again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete

from serving.records.opening import Transaction
from serving.records.tables import IdempotencyRow

KEPT_FOR = timedelta(hours=24)
"""After this a key may be used anew."""


@dataclass(frozen=True, kw_only=True)
class RememberedAnswer:
    """An answer to a key, and a hash of the route and body that it answered."""

    key_id: str
    key: str
    route: str
    body_hash: str
    status: int
    response: str
    created_at: datetime


def find_answer(transaction: Transaction, *, key_id: str, key: str, at: datetime) -> RememberedAnswer | None:
    """The first answer to that key, None when there is none or it is older than it is kept."""
    # of two requests with one key the second waits for the answer of the first
    transaction.wait_for_turn("idempotency", key_id, key)
    row = transaction.row(IdempotencyRow, key_id, key)
    if row is None or row.created_at < at - KEPT_FOR:
        return None
    return RememberedAnswer(
        key_id=row.key_id,
        key=row.key,
        route=row.route,
        body_hash=row.body_hash,
        status=row.status,
        response=row.response,
        created_at=row.created_at,
    )


def remember_answer(transaction: Transaction, answer: RememberedAnswer) -> None:
    """Stores the first answer to a key, in place of one that is older than it is kept."""
    transaction.session.merge(
        IdempotencyRow(
            shop=transaction.shop,
            key_id=answer.key_id,
            key=answer.key,
            route=answer.route,
            body_hash=answer.body_hash,
            status=answer.status,
            response=answer.response,
            created_at=answer.created_at,
        )
    )


def forget_answers(transaction: Transaction, *, at: datetime) -> int:
    """How many answers were removed for being older than they are kept."""
    old = (
        delete(IdempotencyRow)
        .where(IdempotencyRow.shop == transaction.shop, IdempotencyRow.created_at < at - KEPT_FOR)
        .returning(IdempotencyRow.key)
    )
    return len(transaction.session.scalars(old).all())
