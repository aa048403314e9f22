"""Who asked to be forgotten, by keyed hashes alone: enough to know them again, and to tell nobody who they were."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from features.contracts.secrecy import ContactCipher

_PURPOSE = b"thousand faces: forgotten people"


class Named(StrEnum):
    """What a mark is made of."""

    MEMBER = "member"
    """A member's id, of now or of before a merge."""
    PERSON = "person"
    """A channel and the id that it gave the person."""
    PHONE = "phone"
    """The stored (keyed) hash of a number."""
    EMAIL = "email"
    OPENID = "openid"
    UNIONID = "unionid"
    CARD = "card"


@dataclass(frozen=True, kw_only=True)
class Marker:
    """Makes marks with one shop's key: the same name gives the same mark, and no mark gives a name."""

    key: bytes = field(repr=False)
    key_id: str
    """Names the key without telling it."""

    def mark(self, named: Named, *name: str) -> str:
        """The mark of a name, 64 characters."""
        text = "\0".join((named.value, *name)).encode("utf-8", "surrogatepass")
        return hmac.digest(self.key, text, "sha256").hex()


def marker_of(cipher: ContactCipher) -> Marker:
    """The shop's marker: its key follows from that of the contacts."""
    return Marker(key=hmac.digest(cipher.key, _PURPOSE, "sha256"), key_id=cipher.key_id)


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """Everybody who asked to be forgotten."""

    marker: Marker | None
    since: Mapping[str, datetime]
    """Mark to the moment of the asking; what happened up to then never comes back."""
    returned: frozenset[str] = frozenset()
    """Marks of those who joined anew afterwards: they are members again, without their past."""

    @classmethod
    def nobody(cls) -> Forgotten:
        """Nobody asked."""
        return cls(marker=None, since={})

    def __bool__(self) -> bool:
        return bool(self.since)

    def asked_at(self, named: Named, *name: str) -> datetime | None:
        """When the owner of that name asked to be forgotten; None when nobody of that name did."""
        if self.marker is None or not self.since:
            return None
        return self.since.get(self.marker.mark(named, *name))

    def is_gone(self, named: Named, *name: str) -> bool:
        """Whether nothing may be known of the owner of that name: it was forgotten and has not joined anew."""
        if self.marker is None or not self.since:
            return False
        mark = self.marker.mark(named, *name)
        return mark in self.since and mark not in self.returned

    def is_person(self, source: str, source_id: str) -> bool:
        """Whether a person of a channel is gone."""
        return self.is_gone(Named.PERSON, source, source_id)

    def is_member(self, member_id: str) -> bool:
        """Whether a member is gone."""
        return self.is_gone(Named.MEMBER, member_id)

    def are_members(self, member_ids: Iterable[str]) -> npt.NDArray[np.bool_]:
        """bool (member_ids,): which of the members are gone; a million take two seconds, none when nobody is."""
        names = list(member_ids)
        if not self.since:
            return np.zeros(len(names), dtype=np.bool_)
        return np.array([self.is_member(str(name)) for name in names], dtype=np.bool_)
