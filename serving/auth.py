"""API keys: made once, stored as a hash, checked on every request.

A key reads `tf_<key id>_<secret>`. Its secret is 256 random bits, so a plain SHA-256 withstands guessing.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy.exc import SQLAlchemyError

from features.contracts.errors import Forbidden, Refused, Unauthorized
from serving.records import api_keys
from serving.records.api_keys import ApiKeyRecord
from serving.records.audit import AuditEntry, add_audit
from serving.records.opening import Records

PREFIX = "tf"
SECRET_BYTES = 32
TRUSTED_SECONDS = 5.0
"""How long a key that was checked is trusted: a revoked key stops working within this time."""
OUTAGE_SECONDS = 3600.0
"""How long a key outlives the records' last answer; nobody can revoke a key while they are away."""


class Scope(StrEnum):
    """What a key may do."""

    RECOMMEND = "recommend"
    MEMBERS = "members"
    ASSOCIATE = "associate"
    EVENTS = "events"
    AUDIENCES = "audiences"
    EXPORT = "export"
    PRIVACY = "privacy"
    RELEASES = "releases"
    ADMIN = "admin"


INCLUDED: dict[Scope, frozenset[Scope]] = {
    Scope.ASSOCIATE: frozenset({Scope.RECOMMEND, Scope.MEMBERS}),
    Scope.ADMIN: frozenset(Scope),
}
"""Scopes that hold others."""

OF_ONE_STORE = frozenset({Scope.ASSOCIATE, Scope.RECOMMEND, Scope.MEMBERS, Scope.EVENTS})
"""Scopes that a key bound to a store may have: audiences and exports are of the whole shop."""


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A key without its secret."""

    key_id: str
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    revoked_at: datetime | None
    store_id: str | None = None
    """The store that the key is bound to; None: every store."""

    def may(self, scope: Scope) -> bool:
        """Whether the key has the scope, by itself or within another."""
        return scope in self.scopes or any(scope in INCLUDED[each] for each in self.scopes if each in INCLUDED)

    def require(self, scope: Scope) -> None:
        """Raises Forbidden when the key lacks the scope; `admin` holds every scope."""
        if not self.may(scope):
            raise Forbidden(f"this key lacks the scope '{scope}'; use a key that has it, or make one")

    def require_store(self, store_id: str) -> None:
        """Raises Forbidden when the key is bound to another store."""
        if self.store_id not in (None, store_id):
            raise Forbidden(f"this key is bound to store '{self.store_id}'; ask for that one, or use another key")


@dataclass(frozen=True, kw_only=True)
class NewApiKey:
    """A key just made and, this once, its full text."""

    key: ApiKey
    text: str


def create_key(
    records: Records, *, name: str, scopes: Iterable[Scope], at: datetime, store_id: str | None = None
) -> NewApiKey:
    """A new key, of one store when `store_id` says so. Raises Refused for scopes, a name or a store that cannot be."""
    chosen = frozenset(scopes)
    _check(chosen, name=name, store_id=store_id)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    record = ApiKeyRecord(
        key_id=secrets.token_hex(6),
        name=name.strip()[:200],
        scopes=tuple(sorted(chosen)),
        secret_hash=_hash(secret),
        created_at=at,
        store_id=store_id,
    )
    with records.writing() as transaction:
        api_keys.add_api_key(transaction, record)
        details = {"key_id": record.key_id, "name": record.name, "scopes": list(record.scopes)}
        if store_id is not None:
            details["store_id"] = store_id
        add_audit(transaction, AuditEntry(what="key_created", who="command", at=at, details=details))
    return NewApiKey(key=key_of(record), text=f"{PREFIX}_{record.key_id}_{secret}")


def _check(scopes: frozenset[Scope], *, name: str, store_id: str | None) -> None:
    if not scopes or not name.strip():
        raise Refused(f"key: give a name and at least one scope of {', '.join(Scope)}")
    if store_id is None:
        if Scope.ASSOCIATE in scopes:
            raise Refused("key: an associate works in a store; name it with --store")
        return
    if not 0 < len(store_id) <= 255:
        raise Refused("key: the id of a store has 1 to 255 characters")
    if too_wide := scopes - OF_ONE_STORE:
        allowed = ", ".join(sorted(OF_ONE_STORE))
        raise Refused(f"key: the scope '{min(too_wide)}' is of the whole shop; a store's key may have {allowed}")


def list_keys(records: Records) -> tuple[ApiKey, ...]:
    """Every key of the shop, revoked ones too, oldest first."""
    with records.reading() as transaction:
        return tuple(key_of(record) for record in api_keys.list_api_keys(transaction))


def revoke_key(records: Records, key_id: str, *, at: datetime) -> ApiKey:
    """The key, revoked; running services stop taking it within TRUSTED_SECONDS. Raises Refused when unknown."""
    with records.writing() as transaction:
        record = api_keys.mark_revoked(transaction, key_id, at=at)
        if record is None:
            raise Refused(f"key: there is none with the id '{key_id}'; list the keys to see their ids")
        add_audit(transaction, AuditEntry(what="key_revoked", who="command", at=at, details={"key_id": key_id}))
    return key_of(record)


@dataclass(frozen=True, kw_only=True)
class _Held:
    """A key that was right when it was read, and until when that counts, on the ring's clock."""

    key: ApiKey
    trusted_until: float
    known_until: float


class KeyRing:
    """Checks keys; one that was checked is trusted for TRUSTED_SECONDS without asking the records again.

    While the records cannot be read, a key that was right when it was read last stays right for OUTAGE_SECONDS.
    """

    def __init__(self, records: Records, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._records = records
        self._clock = clock
        self._held: dict[bytes, _Held] = {}
        self._lock = threading.Lock()

    def trusted(self, text: str) -> ApiKey | None:
        """The key, when it was checked within TRUSTED_SECONDS; reads nothing."""
        found = self._held.get(_fingerprint(text))
        return found.key if found and found.trusted_until > self._clock() else None

    def check(self, text: str) -> ApiKey:
        """The key of that text, read from the records. Raises Unauthorized when it is unknown or revoked."""
        prefix, _, rest = text.partition("_")
        key_id, _, secret = rest.partition("_")
        try:
            with self._records.reading() as transaction:
                record = api_keys.find_api_key(transaction, key_id) if prefix == PREFIX else None
        except SQLAlchemyError:
            if (known := self._known(text)) is None:
                raise
            return known
        expected = record.secret_hash if record else _hash("")
        is_right = hmac.compare_digest(_hash(secret), expected)
        if record is None or not is_right or record.revoked_at is not None:
            with self._lock:
                self._held.pop(_fingerprint(text), None)
            raise Unauthorized("this key is not known or was revoked; send a valid one")
        key = key_of(record)
        self._trust(text, key)
        return key

    def _trust(self, text: str, key: ApiKey) -> None:
        now = self._clock()
        held = _Held(key=key, trusted_until=now + TRUSTED_SECONDS, known_until=now + OUTAGE_SECONDS)
        with self._lock:
            self._held = {known: entry for known, entry in self._held.items() if entry.known_until > now}
            self._held[_fingerprint(text)] = held

    def _known(self, text: str) -> ApiKey | None:
        """A key of before, trusted again for a while: in an outage not every request asks the records."""
        now = self._clock()
        with self._lock:
            found = self._held.get(_fingerprint(text))
            if found is None or found.known_until <= now:
                return None
            self._held[_fingerprint(text)] = replace(found, trusted_until=now + TRUSTED_SECONDS)
        return found.key


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _fingerprint(text: str) -> bytes:
    # the ring holds no key in plain, in case the process's memory is dumped
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def key_of(record: ApiKeyRecord) -> ApiKey:
    """The key of a row."""
    return ApiKey(
        key_id=record.key_id,
        name=record.name,
        scopes=frozenset(Scope(scope) for scope in record.scopes),
        created_at=record.created_at,
        revoked_at=record.revoked_at,
        store_id=record.store_id,
    )
