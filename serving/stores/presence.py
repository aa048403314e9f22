"""Who is in a store now, by what was told of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from features.contracts.events import ANONYMOUS, EventType
from serving.records.events import Person, StoredEvent

_BEING_THERE = frozenset({EventType.STORE_ENTERED, EventType.ZONE_DWELLED})


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Somebody who is in the store."""

    person: Person
    since: datetime
    """When the person entered, or was first seen within the session."""
    zone: str | None
    """Where the person was last."""


def visitors(events: Iterable[StoredEvent]) -> tuple[Visitor, ...]:
    """Who entered the store, or was seen in it, and has not left; the latest first.

    `events` are those of the store within a session, in the order in which they happened. Nobody is told of whom
    nothing is known but a cookie.
    """
    there: dict[Person, Visitor] = {}
    for event in events:
        person = (event.source, event.source_id)
        if event.type == EventType.STORE_LEFT:
            there.pop(person, None)
        elif event.type in _BEING_THERE and event.source != ANONYMOUS:
            found = there.get(person)
            if found is None or event.type == EventType.STORE_ENTERED:
                there[person] = Visitor(person=person, since=event.occurred_at, zone=event.zone)
            else:
                there[person] = replace(found, zone=event.zone)
    return tuple(sorted(there.values(), key=lambda each: each.since, reverse=True))
