"""The tables of accounts: who may sign in to the console, who is signed in, and who tried in vain."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from serving.records.moment import Moment
from serving.records.tables import ENTRY, ID, SHOP, Table


class UserRow(Table):
    """One row per user of the console; of the password its slow hash alone."""

    __tablename__ = "users"

    shop: Mapped[str] = mapped_column(SHOP, primary_key=True)
    user_id: Mapped[str] = mapped_column(ID, primary_key=True)
    """The name that is typed at sign-in, in lower case."""
    role: Mapped[str] = mapped_column(String(16))
    store_id: Mapped[str | None] = mapped_column(ENTRY)
    """The store that an associate is bound to; None: every store."""
    password_hash: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(Moment)
    signed_in_at: Mapped[datetime | None] = mapped_column(Moment)
    disabled_at: Mapped[datetime | None] = mapped_column(Moment)


class SessionRow(Table):
    """One row per sign-in that has not ended, of a user or of an API key; the token itself is never stored."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "shop", "user_id"), Index(None, "shop", "seen_at"))

    shop: Mapped[str] = mapped_column(SHOP, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str | None] = mapped_column(ID)
    key_id: Mapped[str | None] = mapped_column(ID)
    created_at: Mapped[datetime] = mapped_column(Moment)
    seen_at: Mapped[datetime] = mapped_column(Moment)


class SignInFailureRow(Table):
    """One row per failure of a user or of an address, each by a keyed mark: a name typed in vain may be a password."""

    __tablename__ = "sign_in_failures"
    __table_args__ = (Index(None, "shop", "mark", "failed_at"), Index(None, "shop", "failed_at"))

    shop: Mapped[str] = mapped_column(SHOP, primary_key=True)
    failure_id: Mapped[str] = mapped_column(ID, primary_key=True)
    mark: Mapped[str] = mapped_column(String(64))
    failed_at: Mapped[datetime] = mapped_column(Moment)
