"""Brings what members just did to the online store: after the events are stored, within a second."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from filelock import FileLock, Timeout
from sqlalchemy.exc import SQLAlchemyError

from features.contracts.errors import StoreUnavailable
from features.contracts.settings import Settings
from features.store.member_now import MemberNow
from features.store.now_rows import KEEP_SECONDS, NowRows
from serving.events.member_keys import MemberKeys
from serving.events.visit import MOST_EVENTS, visit_of
from serving.records.events import (
    PersonEvent,
    cursor,
    latest_of_keys,
    persons_after,
    persons_since,
    rename_member_keys,
    set_cursor,
)
from serving.records.opening import Records

CURSOR = "member_now"
LOCK = "member_now.lock"

MOST_AT_ONCE = 5_000
"""Events of one round."""

KEYS_PER_WRITE = 500
"""Rows that are written together: a second of many members must not wait for the last of them."""

IDLE_SECONDS = 0.5
"""Another process's events are looked for at least so often."""

LATE = timedelta(days=1)
MOST_LATE = 100_000
"""Events that are given to the members whom a new release knows them to be of: those received so lately, so many."""

PRUNE_SECONDS = 3_600.0
RETRY_SECONDS = 1.0
STOP_SECONDS = 10.0

log = logging.getLogger(__name__)


class NowWriter:
    """The one writer of `member_now`.

    Each process that takes events has one; a lock lets one of them at a time read events and write rows, so that no
    older row overwrites a newer one: a file's among processes, PostgreSQL's among machines. How far they came stands in
    the records, so that a start goes on from there.
    """

    def __init__(
        self, settings: Settings, records: Records, rows: NowRows, keys: MemberKeys, *, now: Callable[[], datetime]
    ) -> None:
        self._settings = settings.events
        self._records = records
        self._rows = rows
        self._keys = keys
        self._now = now
        self._lock = FileLock(settings.paths.locks / LOCK)
        self._pause_seconds = settings.events.online_seconds
        self._release_id = keys.release_id
        self._awake = threading.Event()
        self._stopping = threading.Event()
        self._pruned_at: datetime | None = None
        self._thread = threading.Thread(target=self._write_until_stopped, name="member-now", daemon=True)

    def start(self) -> None:
        """Starts to write; what was stored and not written before comes first."""
        self._thread.start()

    def stop(self) -> None:
        """Writes what is stored and ends."""
        self._stopping.set()
        self._awake.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)
        self._rows.close()

    def wake(self) -> None:
        """Tells that there are events."""
        self._awake.set()

    def write(self) -> int:
        """How many events were brought to the online store. Raises StoreUnavailable and what the records raise."""
        try:
            with self._lock.acquire(timeout=0), self._turn():
                self._follow_release()
                written = self._write_new()
                self._prune()
                return written
        except Timeout:
            return 0  # another process writes these too

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """The turn among the machines that share a PostgreSQL; a SQLite file is of one machine, and so is the lock."""
        if self._records.engine.dialect.name == "sqlite":
            yield
            return
        with self._records.writing() as transaction:
            transaction.wait_for_turn(CURSOR)
            yield

    def _write_new(self) -> int:
        with self._records.reading() as transaction:
            done = cursor(transaction, CURSOR)
            new = persons_after(transaction, done, limit=MOST_AT_ONCE)
        if not new:
            return 0
        moved = self._move(new)
        self._rebuild([*moved, *(each.member_key for each in new)])
        with self._records.writing() as transaction:
            set_cursor(transaction, CURSOR, new[-1].number)
        return len(new)

    def _rebuild(self, member_keys: Iterable[str]) -> None:
        keys = list(dict.fromkeys(member_keys))
        for start in range(0, len(keys), KEYS_PER_WRITE):
            some = keys[start : start + KEYS_PER_WRITE]
            rows: dict[str, MemberNow] = {}
            with self._records.reading() as transaction:
                latest = latest_of_keys(transaction, some, limit=MOST_EVENTS)
            for key, events in latest.items():
                row = visit_of(
                    events,
                    session=timedelta(minutes=self._settings.session_minutes),
                    bought=timedelta(hours=self._settings.bought_hours),
                )
                if row is not None:
                    rows[key] = row
            self._rows.write(rows, at=self._now())
            self._rows.remove([key for key in some if key not in rows])

    def _follow_release(self) -> None:
        """Gives late events to the members that the release in service knows their persons to be."""
        release_id = self._keys.release_id
        if release_id == self._release_id and not self._keys.has_missed:
            return
        self._keys.has_missed = False
        with self._records.reading() as transaction:
            late = persons_since(transaction, self._now() - LATE, limit=MOST_LATE)
        moved = self._move(late)
        if moved:
            self._rebuild(moved)
            log.info("events_moved release=%s member_keys=%d", release_id, len(moved))
        self._release_id = release_id

    def _move(self, events: Sequence[PersonEvent]) -> list[str]:
        """The member keys that events were taken from and given to, since their persons are known by others now."""
        key_of = self._keys.of(each.person for each in events)
        moved: dict[str, list[int]] = {}
        left: list[str] = []
        for each in events:
            if (key := key_of[each.person]) != each.member_key:
                moved.setdefault(key, []).append(each.number)
                left.append(each.member_key)
        if moved:
            with self._records.writing() as transaction:
                for key, numbers in moved.items():
                    rename_member_keys(transaction, numbers, key)
        return [*moved, *left]

    def _prune(self) -> None:
        at = self._now()
        if self._pruned_at is None or (at - self._pruned_at).total_seconds() >= PRUNE_SECONDS:
            self._pruned_at = at
            self._rows.prune(before=at - timedelta(seconds=KEEP_SECONDS))

    def _write_until_stopped(self) -> None:
        while not self._stopping.is_set():
            self._awake.wait(IDLE_SECONDS)
            self._awake.clear()
            self._write_what_is_new()
            # what comes meanwhile goes together in the next round: a member who does much is written once
            self._stopping.wait(self._pause_seconds)
        self._write_what_is_new()

    def _write_what_is_new(self) -> None:
        try:
            while self.write() == MOST_AT_ONCE:
                pass
        except (StoreUnavailable, SQLAlchemyError) as error:
            log.warning("member_now waits: %s", type(error).__name__ if isinstance(error, SQLAlchemyError) else error)
            self._stopping.wait(RETRY_SECONDS)
            self._awake.set()
        except Exception:
            # the writer must go on: the next round may fare better
            log.exception("member_now failed; it will be tried again")
            self._stopping.wait(RETRY_SECONDS)
