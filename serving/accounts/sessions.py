"""Sessions: a sign-in that lasts, known by a token in a cookie and stored as the token's hash.

The token is 256 random bits, so a plain SHA-256 withstands guessing.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from features.contracts.console_settings import ConsoleSettings
from features.contracts.errors import Unauthorized
from serving.accounts.roles import Role
from serving.accounts.users import user_of
from serving.auth import OUTAGE_SECONDS, TRUSTED_SECONDS, ApiKey, key_of
from serving.records.api_keys import find_api_key
from serving.records.opening import Records, Transaction
from serving.records.sessions import (
    SessionRecord,
    add_session,
    delete_ended_sessions,
    delete_session,
    find_session,
    write_seen,
)
from serving.records.users import find_user

TOKEN_BYTES = 32
SEEN_SECONDS = 60.0
"""How exactly the last use of a session is stored: a page costs no write each."""
_CSRF = b"thousand faces: token against forged requests"


@dataclass(frozen=True, kw_only=True)
class Session:
    """Somebody who is signed in."""

    holder: ApiKey
    """What may be done, as if it were a key's."""
    role: Role | None
    """None for whoever signed in with a key."""
    csrf_token: str
    """What a page of this session sends back with everything that changes something."""

    def is_csrf_token(self, given: str | None) -> bool:
        """Whether that is this session's token."""
        return hmac.compare_digest(self.csrf_token.encode(), (given or "").encode("utf-8", "replace"))


@dataclass(frozen=True, kw_only=True)
class _Held:
    session: Session
    ends_at: datetime
    trusted_until: float
    known_until: float


class Sessions:
    """Opens, checks and ends sessions; one that was checked is trusted for TRUSTED_SECONDS, as keys are.

    While the records cannot be read, a session that was right when it was read last stays right until it ends.
    """

    def __init__(
        self,
        records: Records,
        settings: ConsoleSettings,
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
        later: Callable[[Callable[[], None]], None] = lambda work: work(),
    ) -> None:
        """`later` takes the write of a session's last use: a page does not wait for another writer."""
        self._records = records
        self._idle = timedelta(hours=settings.idle_hours)
        self._longest = timedelta(hours=settings.session_hours)
        self._now = now
        self._clock = clock
        self._later = later
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()

    def open(self, transaction: Transaction, *, user_id: str | None = None, key_id: str | None = None) -> str:
        """The token of a new session of a user or of a key; ended ones are cleared away."""
        at = self._now()
        delete_ended_sessions(transaction, seen_before=at - self._idle, created_before=at - self._longest)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        add_session(
            transaction,
            SessionRecord(token_hash=_hash(token), user_id=user_id, key_id=key_id, created_at=at, seen_at=at),
        )
        return token

    def trusted(self, token: str) -> Session | None:
        """The session, when it was checked within TRUSTED_SECONDS; reads nothing."""
        found = self._held.get(_hash(token))
        is_trusted = found is not None and found.trusted_until > self._clock() and found.ends_at > self._now()
        return found.session if found is not None and is_trusted else None

    def check(self, token: str) -> Session:
        """The session of that token, read from the records. Raises Unauthorized when it has ended."""
        token_hash, at = _hash(token), self._now()
        try:
            with self._records.reading() as transaction:
                record = find_session(transaction, token_hash)
                found = self._read(transaction, token, record, at) if record is not None else None
        except SQLAlchemyError:
            if (known := self._known(token_hash, at)) is None:
                raise
            return known
        if record is None or found is None:
            self._drop(token_hash)
            raise Unauthorized("this session has ended; sign in again")
        if at - record.seen_at >= min(timedelta(seconds=SEEN_SECONDS), self._idle / 4):
            self._later(lambda: self._write_seen(token_hash, at))
            record = replace(record, seen_at=at)
        self._trust(token_hash, found, ends_at=self._ends_at(record))
        return found

    def end(self, transaction: Transaction, token: str) -> bool:
        """Ends a session; False when it had ended."""
        self._drop(_hash(token))
        return delete_session(transaction, _hash(token))

    def forget_trusted(self) -> None:
        """Has every session of this process read again when it is used next: somebody's rights have changed."""
        with self._lock:
            self._held = {token_hash: replace(held, trusted_until=0.0) for token_hash, held in self._held.items()}

    def _read(self, transaction: Transaction, token: str, record: SessionRecord, at: datetime) -> Session | None:
        if at >= self._ends_at(record):
            return None
        csrf_token = hmac.digest(token.encode("utf-8", "surrogatepass"), _CSRF, "sha256").hex()
        if record.user_id is not None:
            user = find_user(transaction, record.user_id)
            if user is None or user.disabled_at is not None:
                return None
            signed_in = user_of(user)
            return Session(holder=signed_in.holder(), role=signed_in.role, csrf_token=csrf_token)
        key = find_api_key(transaction, record.key_id) if record.key_id is not None else None
        if key is None or key.revoked_at is not None:
            return None
        return Session(holder=key_of(key), role=None, csrf_token=csrf_token)

    def _ends_at(self, record: SessionRecord) -> datetime:
        return min(record.seen_at + self._idle, record.created_at + self._longest)

    def _write_seen(self, token_hash: str, at: datetime) -> None:
        # when it cannot be written now, the next check tries again
        with contextlib.suppress(SQLAlchemyError), self._records.writing() as transaction:
            write_seen(transaction, token_hash, at=at)

    def _trust(self, token_hash: str, session: Session, *, ends_at: datetime) -> None:
        now = self._clock()
        held = _Held(
            session=session, ends_at=ends_at, trusted_until=now + TRUSTED_SECONDS, known_until=now + OUTAGE_SECONDS
        )
        with self._lock:
            self._held = {known: entry for known, entry in self._held.items() if entry.known_until > now}
            self._held[token_hash] = held

    def _known(self, token_hash: str, at: datetime) -> Session | None:
        """A session of before, trusted again for a while: in an outage not every request asks the records."""
        now = self._clock()
        with self._lock:
            found = self._held.get(token_hash)
            if found is None or found.known_until <= now or found.ends_at <= at:
                return None
            self._held[token_hash] = replace(found, trusted_until=now + TRUSTED_SECONDS)
        return found.session

    def _drop(self, token_hash: str) -> None:
        with self._lock:
            self._held.pop(token_hash, None)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
