"""Signing in, with a user's password or an API key, and signing out; both are audited."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from features.contracts.errors import Unauthorized
from serving.accounts.lock_out import Counted, LockOut
from serving.accounts.passwords import Passwords
from serving.accounts.sessions import Sessions
from serving.accounts.users import is_user_id, typed_name
from serving.auth import KeyRing
from serving.ports import Json
from serving.records.audit import AuditEntry, add_audit
from serving.records.opening import Records, Transaction
from serving.records.users import UserRecord, find_user, write_password, write_signed_in

UNKNOWN = "unknown"
"""Who tried in vain, in audits: a typed name that no user has may be a password, and is kept nowhere."""
_IPV6_OF_ONE = 64
"""Bits of an IPv6 address that its holder cannot choose."""


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """What came of a sign-in: a token, or none, and `locked_until` when it was not even looked at."""

    token: str | None = None
    locked_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class PasswordCheck:
    """Whether a password was right, and `locked_until` when it was not even looked at."""

    is_right: bool
    locked_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class _Proof:
    """A try with a password: the hash that it fitted, None when it did not."""

    counted: Counted
    stored: str | None = None


@dataclass(frozen=True, kw_only=True)
class SignInDesk:
    """Takes sign-ins; each takes a while (a slow hash), so it is called in a thread of its own."""

    records: Records
    sessions: Sessions
    keys: KeyRing
    passwords: Passwords
    lock_out: LockOut
    now: Callable[[], datetime]

    def by_password(self, name: str, password: str, *, address: str) -> SignIn:
        """A session of the user; a wrong name, a wrong password and a disabled user look the same."""
        user_id = typed_name(name)
        proof = self._prove(user_id, password, address=address)
        if proof.stored is None:
            return SignIn(locked_until=proof.counted.locked_until)
        renewed = self.passwords.hash(password) if self.passwords.is_outdated(proof.stored) else None
        with self.records.writing() as transaction:
            found = find_user(transaction, user_id)
            if found is None or found.disabled_at is not None or found.password_hash != proof.stored:
                # changed while the password was being checked: whoever changed it wins
                return SignIn()
            self.lock_out.take_off(transaction, proof.counted, user_id=user_id)
            if renewed is not None:
                write_password(transaction, user_id, renewed)
            write_signed_in(transaction, user_id, at=self.now())
            self._audit(transaction, "signed_in", f"user:{user_id}", {"by": "password"})
            return SignIn(token=self.sessions.open(transaction, user_id=user_id))

    def check(self, user_id: str, password: str, *, address: str) -> PasswordCheck:
        """Whether somebody who is signed in knows the password; wrong ones count as failed sign-ins."""
        proof = self._prove(user_id, password, address=address)
        if proof.stored is not None:
            with self.records.writing() as transaction:
                self.lock_out.take_off(transaction, proof.counted, user_id=user_id)
        return PasswordCheck(is_right=proof.stored is not None, locked_until=proof.counted.locked_until)

    def by_key(self, text: str, *, address: str) -> SignIn:
        """A session of the key, with the key's scopes and store."""
        counted = self._count(user_id=None, address=address)
        if counted.locked_until is not None:
            return SignIn(locked_until=counted.locked_until)
        try:
            key = self.keys.check(text)
        except Unauthorized:
            return self._refuse({"by": "key"}, counted)
        with self.records.writing() as transaction:
            self.lock_out.take_off(transaction, counted, user_id=None)
            self._audit(transaction, "signed_in", key.key_id, {"by": "key"})
            return SignIn(token=self.sessions.open(transaction, key_id=key.key_id))

    def sign_out(self, token: str, *, who: str) -> None:
        """Ends a session."""
        with self.records.writing() as transaction:
            if self.sessions.end(transaction, token):
                self._audit(transaction, "signed_out", who, {})

    def _prove(self, user_id: str, password: str, *, address: str) -> _Proof:
        counted = self._count(user_id=user_id, address=address)
        if counted.locked_until is not None:
            return _Proof(counted=counted)
        found = self._find(user_id)
        stored = found.password_hash if found is not None and found.disabled_at is None else None
        if self.passwords.is_right(password, stored):
            return _Proof(counted=counted, stored=stored)
        self._refuse({"by": "password", **({"user": user_id} if found is not None else {})}, counted)
        return _Proof(counted=counted)

    def _count(self, *, user_id: str | None, address: str) -> Counted:
        place, at = one_address(address), self.now()
        # read first: whoever is locked out and goes on trying keeps no writer waiting
        with self.records.reading() as transaction:
            end = self.lock_out.wait_until(transaction, user_id=user_id, address=place, at=at)
        if end is not None:
            return Counted(locked_until=end)
        with self.records.writing() as transaction:
            return self.lock_out.count(transaction, user_id=user_id, address=place, at=at)

    def _find(self, user_id: str) -> UserRecord | None:
        # what cannot be a name is not asked for: a database may refuse its characters
        if not is_user_id(user_id):
            return None
        with self.records.reading() as transaction:
            return find_user(transaction, user_id)

    def _refuse(self, details: Json, counted: Counted) -> SignIn:
        with self.records.writing() as transaction:
            self._audit(transaction, "sign_in_refused", UNKNOWN, details)
            if counted.is_last:
                self._audit(transaction, "locked_out", UNKNOWN, details)
        return SignIn()

    def _audit(self, transaction: Transaction, what: str, who: str, details: Json) -> None:
        add_audit(transaction, AuditEntry(what=what, who=who, at=self.now(), details=details))


def one_address(address: str) -> str:
    """The address, of IPv6 the part that its holder cannot choose."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _IPV6_OF_ONE), strict=False))
