"""Rows of API keys, read and written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from serving.records.opening import Transaction
from serving.records.tables import ApiKeyRow


@dataclass(frozen=True, kw_only=True)
class ApiKeyRecord:
    """An API key as it is stored: the hash of its secret, never the secret."""

    key_id: str
    name: str
    scopes: tuple[str, ...]
    secret_hash: str
    created_at: datetime
    revoked_at: datetime | None = None
    store_id: str | None = None
    """The store that the key is bound to; None: every store."""


def add_api_key(transaction: Transaction, record: ApiKeyRecord) -> None:
    """Stores a new key."""
    transaction.session.add(
        ApiKeyRow(
            shop=transaction.shop,
            key_id=record.key_id,
            name=record.name,
            scopes=list(record.scopes),
            secret_hash=record.secret_hash,
            created_at=record.created_at,
            revoked_at=record.revoked_at,
            store_id=record.store_id,
        )
    )


def find_api_key(transaction: Transaction, key_id: str) -> ApiKeyRecord | None:
    """The key of that id, revoked or not."""
    row = transaction.row(ApiKeyRow, key_id)
    return None if row is None else _record(row)


def list_api_keys(transaction: Transaction) -> tuple[ApiKeyRecord, ...]:
    """Every key of the shop, oldest first."""
    rows = transaction.session.scalars(
        select(ApiKeyRow).where(ApiKeyRow.shop == transaction.shop).order_by(ApiKeyRow.created_at, ApiKeyRow.key_id)
    )
    return tuple(_record(row) for row in rows)


def mark_revoked(transaction: Transaction, key_id: str, *, at: datetime) -> ApiKeyRecord | None:
    """The key, revoked from `at` on (or from when it was revoked first); None when there is none of that id."""
    row = transaction.row(ApiKeyRow, key_id)
    if row is None:
        return None
    row.revoked_at = row.revoked_at or at
    return _record(row)


def _record(row: ApiKeyRow) -> ApiKeyRecord:
    return ApiKeyRecord(
        key_id=row.key_id,
        name=row.name,
        scopes=tuple(row.scopes),
        secret_hash=row.secret_hash,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        store_id=row.store_id,
    )
