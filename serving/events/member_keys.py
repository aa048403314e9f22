"""Under which key a person's events are kept: the member's id where the release knows the person."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from features.contracts.errors import StoreUnavailable
from features.contracts.events import ANONYMOUS, BY_MEMBER_ID
from features.contracts.ids import MemberId, ReleaseId
from features.store.online import identity_key
from serving.records.events import Person

MOST_REMEMBERED = 200_000


class KnowsPersons(Protocol):
    """What is asked of the release in service."""

    @property
    def release_id(self) -> ReleaseId: ...

    def members_of(self, persons: Sequence[Person]) -> list[MemberId | None]:
        """The members behind sources and the ids in them, None for somebody unknown. Raises StoreUnavailable."""


def person_key(person: Person) -> str:
    """The key of somebody whom no release knows; of an event that named a member id, that id."""
    source, source_id = person
    return source_id if source == BY_MEMBER_ID else identity_key(source=source, source_id=source_id)


class MemberKeys:
    """Keys of persons under the release in service, remembered until it is another; safe to share between threads."""

    def __init__(self, engine: Callable[[], KnowsPersons]) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._release_id: ReleaseId | None = None
        self._remembered: dict[Person, str] = {}
        self.has_missed = False
        """Whether persons were named by their own keys because the online store could not be read."""

    @property
    def release_id(self) -> ReleaseId:
        """The release that persons are looked up in."""
        return self._engine().release_id

    def of(self, persons: Iterable[Person]) -> dict[Person, str]:
        """The key of each person; the person's own while the online store cannot be read."""
        engine = self._engine()
        with self._lock:
            if engine.release_id != self._release_id or len(self._remembered) > MOST_REMEMBERED:
                self._release_id, self._remembered = engine.release_id, {}
            remembered = self._remembered
        wanted = set(persons)
        lacking = [person for person in wanted if person not in remembered and person[0] != ANONYMOUS]
        found: dict[Person, str] = {}
        if lacking:
            try:
                members = engine.members_of(lacking)
            except StoreUnavailable:
                self.has_missed = True
            else:
                found = {person: member or person_key(person) for person, member in zip(lacking, members, strict=True)}
        with self._lock:
            remembered.update(found)
        return {person: found.get(person) or remembered.get(person) or person_key(person) for person in wanted}
