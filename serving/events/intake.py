"""Stores events durably, those of many requests in one transaction: a disk is waited for once for all of them."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

from sqlalchemy.exc import OperationalError

from features.contracts.errors import TooBusy
from serving.events.member_keys import MemberKeys
from serving.records.events import NewEvent, add_events
from serving.records.opening import Records

MOST_AT_ONCE = 2_000
"""Events of one transaction."""

STOP_SECONDS = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of a request's events."""

    accepted: int
    duplicates: int
    """Events whose message id was stored before, or came twice."""


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    events: Sequence[NewEvent]
    taken: Future[Taken]


class EventIntake:
    """A bounded queue of requests and the thread that stores their events."""

    def __init__(
        self,
        records: Records,
        keys: MemberKeys,
        *,
        queue_size: int,
        on_stored: Callable[[], None] = lambda: None,
    ) -> None:
        self._records = records
        self._keys = keys
        self._queue_size = queue_size
        self._on_stored = on_stored
        self._waiting: deque[_Waiting] = deque()
        self._events_waiting = 0
        self._some = threading.Condition()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._store_until_stopped, name="event-intake", daemon=True)

    def start(self) -> None:
        """Starts to store."""
        self._thread.start()

    def stop(self) -> None:
        """Stores what waits and ends."""
        with self._some:
            self._is_stopping = True
            self._some.notify()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def take(self, events: Sequence[NewEvent]) -> Future[Taken]:
        """Done once every event is stored for good; their member keys are found here. Raises TooBusy.

        The future fails as the records do, and then none of the request's events is stored.
        """
        taken: Future[Taken] = Future()
        if not events:
            taken.set_result(Taken(accepted=0, duplicates=0))
            return taken
        with self._some:
            if self._events_waiting + len(events) > self._queue_size and self._waiting:
                raise TooBusy("events: too many are waiting to be stored; send them again in a second")
            self._waiting.append(_Waiting(events=events, taken=taken))
            self._events_waiting += len(events)
            self._some.notify()
        return taken

    def _store_until_stopped(self) -> None:
        while group := self._next_group():
            try:
                self._store_group(group)
            except Exception as error:
                # the thread must go on: whoever waits is told, the next group may fare better
                log.exception("event_intake failed for %d requests", len(group))
                for each in group:
                    if not each.taken.done():
                        each.taken.set_exception(error)

    def _next_group(self) -> list[_Waiting]:
        """The requests of the next transaction; none when it is time to stop."""
        with self._some:
            while not self._waiting and not self._is_stopping:
                self._some.wait()
            group: list[_Waiting] = []
            number = 0
            while self._waiting and (not group or number + len(self._waiting[0].events) <= MOST_AT_ONCE):
                group.append(self._waiting.popleft())
                number += len(group[-1].events)
            self._events_waiting -= number
            return group

    def _store_group(self, group: Sequence[_Waiting]) -> None:
        try:
            taken = self._store([each.events for each in group])
        except OperationalError as error:
            for each in group:
                each.taken.set_exception(error)
            return
        except Exception as error:
            if len(group) == 1:
                log.exception("event_intake failed for a request")
                group[0].taken.set_exception(error)
                return
            # one request's events cannot be stored: the others must not suffer for it
            for each in group:
                self._store_group([each])
            return
        for each, done in zip(group, taken, strict=True):
            each.taken.set_result(done)
        self._on_stored()

    def _store(self, requests: Sequence[Sequence[NewEvent]]) -> list[Taken]:
        keys = self._keys.of((each.source, each.source_id) for events in requests for each in events)
        every = [replace(each, member_key=keys[each.source, each.source_id]) for events in requests for each in events]
        with self._records.writing(durable=True) as transaction:
            stored = {each.message_id for each in add_events(transaction, every)}
        taken = []
        for events in requests:
            # of a message that several requests told, the first one stored it
            mine = stored.intersection(each.message_id for each in events)
            stored -= mine
            taken.append(Taken(accepted=len(mine), duplicates=len(events) - len(mine)))
        return taken
