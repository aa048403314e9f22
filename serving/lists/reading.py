"""Reads the ids of an upload: trimmed, each once, hashed where they are secret, and what cannot be one counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from features.contracts.identifiers import given_hash
from serving.records.id_lists import ListKind

LONGEST_ID = 200


@dataclass(frozen=True, kw_only=True)
class ReadIds:
    """The ids of an upload as they are stored."""

    entries: tuple[str, ...]
    """Each once, in the order given."""
    given: int
    malformed: int
    """Values that can be no id of the kind: empty, too long, or no SHA-256."""
    duplicates: int


def read_ids(values: Iterable[str], kind: ListKind, *, keyed: Callable[[str], str]) -> ReadIds:
    """The ids of an upload; `keyed` hashes the SHA-256 of a phone number with the shop's key."""
    given = malformed = 0
    entries: dict[str, None] = {}
    for value in values:
        given += 1
        entry = _entry(value, kind)
        if entry is None:
            malformed += 1
        else:
            entries[entry] = None
    duplicates = given - malformed - len(entries)
    stored = tuple(map(keyed, entries)) if kind is ListKind.PHONE_HASH else tuple(entries)
    return ReadIds(entries=stored, given=given, malformed=malformed, duplicates=duplicates)


def _entry(value: str, kind: ListKind) -> str | None:
    if kind is ListKind.PHONE_HASH:
        return given_hash(value)
    bare = value.strip()
    # a NUL or half of a surrogate pair is no text that every database stores
    is_text = bare.isprintable() and not any("\ud800" <= character <= "\udfff" for character in bare)
    return bare if 0 < len(bare) <= LONGEST_ID and is_text else None
