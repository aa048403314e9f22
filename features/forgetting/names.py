"""The names of people who are to be forgotten: by them their rows are found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from features.contracts.forgotten import Marker, Named

CONTACTS: dict[Named, str] = {
    Named.PHONE: "phone_hash",
    Named.EMAIL: "email_hash",
    Named.OPENID: "wechat_openid",
    Named.UNIONID: "wechat_unionid",
    Named.CARD: "card_no",
}
"""Columns of `member_records` by which a person is known again under another channel's id."""


@dataclass(frozen=True, kw_only=True)
class Names:
    """Everything that names one or several people."""

    member_ids: frozenset[str] = frozenset()
    """Of now and of before merges."""
    people: frozenset[tuple[str, str]] = frozenset()
    """source and source_id."""
    contacts: frozenset[tuple[Named, str]] = frozenset()
    """Stored hashes and ids that no other member has as well."""
    brought: frozenset[str] = frozenset()
    """Members whom these people brought: what is kept of them says so, until it is made anew."""

    def __or__(self, other: Names) -> Names:
        return Names(
            member_ids=self.member_ids | other.member_ids,
            people=self.people | other.people,
            contacts=self.contacts | other.contacts,
            brought=self.brought | other.brought,
        )

    def __bool__(self) -> bool:
        return bool(self.member_ids or self.people)

    def marks(self, marker: Marker) -> Iterator[tuple[Named, str]]:
        """Every name's kind and mark."""
        for member_id in sorted(self.member_ids):
            yield Named.MEMBER, marker.mark(Named.MEMBER, member_id)
        for source, source_id in sorted(self.people):
            yield Named.PERSON, marker.mark(Named.PERSON, source, source_id)
        for named, value in sorted(self.contacts):
            yield named, marker.mark(named, value)

    def to_json(self) -> dict[str, Any]:
        """The names as JSON; `Any` because JSON is."""
        return {
            "member_ids": sorted(self.member_ids),
            "people": sorted(map(list, self.people)),
            "contacts": sorted([named.value, value] for named, value in self.contacts),
            "brought": sorted(self.brought),
        }

    @classmethod
    def from_json(cls, written: dict[str, Any]) -> Names:
        """The names that `to_json` wrote; `Any` because JSON is."""
        return cls(
            member_ids=frozenset(written["member_ids"]),
            people=frozenset((source, source_id) for source, source_id in written["people"]),
            contacts=frozenset((Named(named), value) for named, value in written["contacts"]),
            brought=frozenset(written["brought"]),
        )


def everyone(names: Iterable[Names]) -> Names:
    """The names of all of them together."""
    together = Names()
    for each in names:
        together |= each
    return together
