"""Rows of the console's users, read and written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from serving.records.account_tables import UserRow
from serving.records.opening import Transaction


@dataclass(frozen=True, kw_only=True)
class UserRecord:
    """A user as stored: the slow hash of the password, never the password."""

    user_id: str
    role: str
    store_id: str | None
    password_hash: str
    created_at: datetime
    signed_in_at: datetime | None = None
    disabled_at: datetime | None = None


def add_user_row(transaction: Transaction, record: UserRecord) -> None:
    """Stores a new user."""
    transaction.session.add(
        UserRow(
            shop=transaction.shop,
            user_id=record.user_id,
            role=record.role,
            store_id=record.store_id,
            password_hash=record.password_hash,
            created_at=record.created_at,
            signed_in_at=record.signed_in_at,
            disabled_at=record.disabled_at,
        )
    )


def find_user(transaction: Transaction, user_id: str) -> UserRecord | None:
    """The user of that name, disabled or not; in a transaction that writes nobody else changes it until the end."""
    row = transaction.row(UserRow, user_id)
    return None if row is None else _record(row)


def list_user_rows(transaction: Transaction) -> tuple[UserRecord, ...]:
    """Every user of the shop, by name."""
    rows = select(UserRow).where(UserRow.shop == transaction.shop).order_by(UserRow.user_id)
    return tuple(_record(row) for row in transaction.session.scalars(rows))


def write_password(transaction: Transaction, user_id: str, password_hash: str) -> bool:
    """Stores another hash; False when there is no such user."""
    row = transaction.row(UserRow, user_id)
    if row is not None:
        row.password_hash = password_hash
    return row is not None


def write_signed_in(transaction: Transaction, user_id: str, *, at: datetime) -> None:
    """Stores when the user signed in last."""
    if (row := transaction.row(UserRow, user_id)) is not None:
        row.signed_in_at = at


def write_disabled(transaction: Transaction, user_id: str, *, at: datetime | None) -> bool:
    """Disables the user from `at` on, or with None no longer; False when there is no such user."""
    row = transaction.row(UserRow, user_id)
    if row is not None:
        row.disabled_at = at if at is None else row.disabled_at or at
    return row is not None


def _record(row: UserRow) -> UserRecord:
    return UserRecord(
        user_id=row.user_id,
        role=row.role,
        store_id=row.store_id,
        password_hash=row.password_hash,
        created_at=row.created_at,
        signed_in_at=row.signed_in_at,
        disabled_at=row.disabled_at,
    )
