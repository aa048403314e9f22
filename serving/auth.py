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
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from features.contracts.errors import Forbidden, Refused, Unauthorized
from serving.records import api_keys
from serving.records.api_keys import ApiKeyRecord
from serving.records.audit import AuditEntry, add_audit
from serving.records.opening import Records

PREFIX = "tf"
SECRET_BYTES = 32
TRUSTED_SECONDS = 5.0
"""How long a key that was checked is trusted: a revoked key stops working within this time."""


class Scope(StrEnum):
    """What a key may do."""

    RECOMMEND = "recommend"
    MEMBERS = "members"
    EVENTS = "events"
    AUDIENCES = "audiences"
    EXPORT = "export"
    ADMIN = "admin"


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A key without its secret."""

    key_id: str
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    revoked_at: datetime | None

    def require(self, scope: Scope) -> None:
        """Raises Forbidden when the key lacks the scope; `admin` holds every scope."""
        if scope not in self.scopes and Scope.ADMIN not in self.scopes:
            raise Forbidden(f"this key lacks the scope '{scope}'; use a key that has it, or make one")


@dataclass(frozen=True, kw_only=True)
class NewApiKey:
    """A key just made and, this once, its full text."""

    key: ApiKey
    text: str


def create_key(records: Records, *, name: str, scopes: Iterable[Scope], at: datetime) -> NewApiKey:
    """A new key. Raises Refused when no scope or no name is given."""
    chosen = frozenset(scopes)
    if not chosen or not name.strip():
        raise Refused(f"key: give a name and at least one scope of {', '.join(Scope)}")
    secret = secrets.token_urlsafe(SECRET_BYTES)
    record = ApiKeyRecord(
        key_id=secrets.token_hex(6),
        name=name.strip()[:200],
        scopes=tuple(sorted(chosen)),
        secret_hash=_hash(secret),
        created_at=at,
    )
    with records.writing() as transaction:
        api_keys.add_api_key(transaction, record)
        details = {"key_id": record.key_id, "name": record.name, "scopes": list(record.scopes)}
        add_audit(transaction, AuditEntry(what="key_created", who="command", at=at, details=details))
    return NewApiKey(key=_key(record), text=f"{PREFIX}_{record.key_id}_{secret}")


def list_keys(records: Records) -> tuple[ApiKey, ...]:
    """Every key of the shop, revoked ones too, oldest first."""
    with records.reading() as transaction:
        return tuple(_key(record) for record in api_keys.list_api_keys(transaction))


def revoke_key(records: Records, key_id: str, *, at: datetime) -> ApiKey:
    """The key, revoked; running services stop taking it within TRUSTED_SECONDS. Raises Refused when unknown."""
    with records.writing() as transaction:
        record = api_keys.mark_revoked(transaction, key_id, at=at)
        if record is None:
            raise Refused(f"key: there is none with the id '{key_id}'; list the keys to see their ids")
        add_audit(transaction, AuditEntry(what="key_revoked", who="command", at=at, details={"key_id": key_id}))
    return _key(record)


class KeyRing:
    """Checks keys; one that was checked is trusted for TRUSTED_SECONDS without asking the records again."""

    def __init__(self, records: Records, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._records = records
        self._clock = clock
        self._trusted: dict[bytes, tuple[float, ApiKey]] = {}
        self._lock = threading.Lock()

    def trusted(self, text: str) -> ApiKey | None:
        """The key, when it was checked within TRUSTED_SECONDS; reads nothing."""
        found = self._trusted.get(_fingerprint(text))
        return found[1] if found and found[0] > self._clock() else None

    def check(self, text: str) -> ApiKey:
        """The key of that text, read from the records. Raises Unauthorized when it is unknown or revoked."""
        prefix, _, rest = text.partition("_")
        key_id, _, secret = rest.partition("_")
        with self._records.reading() as transaction:
            record = api_keys.find_api_key(transaction, key_id) if prefix == PREFIX else None
        expected = record.secret_hash if record else _hash("")
        is_right = hmac.compare_digest(_hash(secret), expected)
        if record is None or not is_right or record.revoked_at is not None:
            raise Unauthorized("this key is not known or was revoked; send a valid one")
        key = _key(record)
        self._trust(text, key)
        return key

    def _trust(self, text: str, key: ApiKey) -> None:
        now = self._clock()
        with self._lock:
            self._trusted = {known: entry for known, entry in self._trusted.items() if entry[0] > now}
            self._trusted[_fingerprint(text)] = (now + TRUSTED_SECONDS, key)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _fingerprint(text: str) -> bytes:
    # the ring holds no key in plain, in case the process's memory is dumped
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _key(record: ApiKeyRecord) -> ApiKey:
    return ApiKey(
        key_id=record.key_id,
        name=record.name,
        scopes=frozenset(Scope(scope) for scope in record.scopes),
        created_at=record.created_at,
        revoked_at=record.revoked_at,
    )
