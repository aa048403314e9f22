"""Rows of the console's sessions, read and written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, or_, update

from serving.records.account_tables import SessionRow
from serving.records.opening import Transaction


@dataclass(frozen=True, kw_only=True)
class SessionRecord:
    """A sign-in that has not ended, of a user or of an API key."""

    token_hash: str
    user_id: str | None
    key_id: str | None
    created_at: datetime
    seen_at: datetime


def add_session(transaction: Transaction, record: SessionRecord) -> None:
    """Stores a new session."""
    transaction.session.add(
        SessionRow(
            shop=transaction.shop,
            token_hash=record.token_hash,
            user_id=record.user_id,
            key_id=record.key_id,
            created_at=record.created_at,
            seen_at=record.seen_at,
        )
    )


def find_session(transaction: Transaction, token_hash: str) -> SessionRecord | None:
    """The session of that token."""
    row = transaction.row(SessionRow, token_hash)
    if row is None:
        return None
    return SessionRecord(
        token_hash=row.token_hash,
        user_id=row.user_id,
        key_id=row.key_id,
        created_at=row.created_at,
        seen_at=row.seen_at,
    )


def write_seen(transaction: Transaction, token_hash: str, *, at: datetime) -> None:
    """Stores when the session was used last."""
    rows = update(SessionRow).where(SessionRow.shop == transaction.shop, SessionRow.token_hash == token_hash)
    transaction.session.execute(rows.values(seen_at=at))


def delete_session(transaction: Transaction, token_hash: str) -> bool:
    """Ends one session; False when it had ended."""
    rows = delete(SessionRow).where(SessionRow.shop == transaction.shop, SessionRow.token_hash == token_hash)
    return transaction.session.connection().execute(rows).rowcount > 0


def delete_sessions_of(transaction: Transaction, user_id: str) -> int:
    """Ends every session of a user; how many there were."""
    rows = delete(SessionRow).where(SessionRow.shop == transaction.shop, SessionRow.user_id == user_id)
    return transaction.session.connection().execute(rows).rowcount


def delete_ended_sessions(transaction: Transaction, *, seen_before: datetime, created_before: datetime) -> int:
    """Removes the rows of sessions that are over by time."""
    is_over = or_(SessionRow.seen_at < seen_before, SessionRow.created_at < created_before)
    rows = delete(SessionRow).where(SessionRow.shop == transaction.shop, is_over)
    return transaction.session.connection().execute(rows).rowcount
