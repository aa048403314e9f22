"""Users of the console: added, disabled, unlocked, given another password; every change is audited."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from features.contracts.errors import AccountRefused
from serving.accounts.lock_out import LockOut
from serving.accounts.passwords import Passwords, require_good_password
from serving.accounts.roles import OF_ONE_STORE, SCOPES, Role
from serving.auth import ApiKey
from serving.ports import Json
from serving.records.audit import AuditEntry, add_audit
from serving.records.opening import Records, Transaction
from serving.records.sessions import delete_sessions_of
from serving.records.users import (
    UserRecord,
    add_user_row,
    find_user,
    list_user_rows,
    write_disabled,
    write_password,
)

_USER_ID = re.compile(r"[^\W_][\w.\-]{0,39}")


@dataclass(frozen=True, kw_only=True)
class User:
    """A user without the password."""

    user_id: str
    role: Role
    store_id: str | None
    created_at: datetime
    signed_in_at: datetime | None
    disabled_at: datetime | None
    locked_until: datetime | None = None
    """When the user may try again after too many wrong passwords; None: now."""

    def holder(self) -> ApiKey:
        """What the user may do, as the holder of a key: `user:NAME` stands in audits in place of a key's id."""
        return ApiKey(
            key_id=f"user:{self.user_id}",
            name=self.user_id,
            scopes=SCOPES[self.role],
            created_at=self.created_at,
            revoked_at=self.disabled_at,
            store_id=self.store_id,
        )


@dataclass(frozen=True, kw_only=True)
class Users:
    """The users of a shop; `who` changes them (`command`, or a user as audits name one)."""

    records: Records
    passwords: Passwords
    lock_out: LockOut
    who: str

    def add(self, user_id: str, *, role: Role, store_id: str | None, password: str, at: datetime) -> User:
        """A new user. Raises AccountRefused for a name that is taken or cannot be, a missing store, a weak password."""
        user_id = typed_name(user_id)
        _check(user_id, role=role, store_id=store_id)
        require_good_password(password, user_id=user_id)
        record = UserRecord(
            user_id=user_id,
            role=role,
            store_id=store_id,
            password_hash=self.passwords.hash(password),
            created_at=at,
        )
        with self.records.writing() as transaction:
            transaction.wait_for_turn("user", user_id)
            if find_user(transaction, user_id) is not None:
                raise AccountRefused(f"user: there is a '{user_id}' already; take another name", why="name_taken")
            add_user_row(transaction, record)
            details: Json = {"user": user_id, "role": role.value}
            if store_id is not None:
                details["store_id"] = store_id
            self._audit(transaction, "user_created", details, at=at)
        return user_of(record)

    def all(self, *, at: datetime) -> tuple[User, ...]:
        """Every user by name, disabled ones too."""
        with self.records.reading() as transaction:
            return tuple(
                user_of(record, locked_until=self.lock_out.locked_until(transaction, record.user_id, at=at))
                for record in list_user_rows(transaction)
            )

    def set_password(self, user_id: str, password: str, *, at: datetime) -> None:
        """Gives a user another password, and ends the user's sessions. Raises AccountRefused when weak or unknown."""
        user_id = typed_name(user_id)
        require_good_password(password, user_id=user_id)
        hashed = self.passwords.hash(password)
        with self.records.writing() as transaction:
            if not write_password(transaction, user_id, hashed):
                raise _unknown(user_id)
            delete_sessions_of(transaction, user_id)
            self.lock_out.unlock(transaction, user_id)
            self._audit(transaction, "password_changed", {"user": user_id}, at=at)

    def disable(self, user_id: str, *, at: datetime) -> None:
        """Stops a user from signing in, and ends the sessions. Raises AccountRefused when unknown, or oneself."""
        user_id = typed_name(user_id)
        if self.who == f"user:{user_id}":
            raise AccountRefused(
                "user: nobody can disable themselves; another administrator can, or `faces users disable`",
                why="disable_oneself",
            )
        with self.records.writing() as transaction:
            if not write_disabled(transaction, user_id, at=at):
                raise _unknown(user_id)
            delete_sessions_of(transaction, user_id)
            self._audit(transaction, "user_disabled", {"user": user_id}, at=at)

    def enable(self, user_id: str, *, at: datetime) -> None:
        """Lets a disabled user sign in again. Raises AccountRefused when unknown."""
        user_id = typed_name(user_id)
        with self.records.writing() as transaction:
            if not write_disabled(transaction, user_id, at=None):
                raise _unknown(user_id)
            self._audit(transaction, "user_enabled", {"user": user_id}, at=at)

    def unlock(self, user_id: str, *, at: datetime) -> None:
        """Lets a user who failed too often try again at once. Raises AccountRefused when unknown."""
        user_id = typed_name(user_id)
        with self.records.writing() as transaction:
            if find_user(transaction, user_id) is None:
                raise _unknown(user_id)
            self.lock_out.unlock(transaction, user_id)
            self._audit(transaction, "user_unlocked", {"user": user_id}, at=at)

    def _audit(self, transaction: Transaction, what: str, details: Json, *, at: datetime) -> None:
        add_audit(transaction, AuditEntry(what=what, who=self.who, at=at, details=details))


def typed_name(name: str) -> str:
    """The name as it is stored, however it was typed."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def is_user_id(text: str) -> bool:
    """Whether a user can have that name."""
    return _USER_ID.fullmatch(text) is not None


def user_of(record: UserRecord, *, locked_until: datetime | None = None) -> User:
    """The user of a row."""
    return User(
        user_id=record.user_id,
        role=Role(record.role),
        store_id=record.store_id,
        created_at=record.created_at,
        signed_in_at=record.signed_in_at,
        disabled_at=record.disabled_at,
        locked_until=locked_until,
    )


def _check(user_id: str, *, role: Role, store_id: str | None) -> None:
    if not is_user_id(user_id):
        raise AccountRefused(
            "user: a name has up to 40 letters, digits, dots, dashes and underscores, a letter or digit first",
            why="name_wrong",
        )
    if role in OF_ONE_STORE and store_id is None:
        raise AccountRefused(f"user: an {role} works in a store; name it with --store", why="store_missing")
    if role not in OF_ONE_STORE and store_id is not None:
        raise AccountRefused(f"user: the role {role} is of the whole shop; leave the store out", why="store_given")
    if store_id is not None and not 0 < len(store_id) <= 255:
        raise AccountRefused("user: the id of a store has 1 to 255 characters", why="store_wrong")


def _unknown(user_id: str) -> AccountRefused:
    return AccountRefused(f"user: there is no '{user_id[:40]}'; list the users to see their names", why="unknown")
