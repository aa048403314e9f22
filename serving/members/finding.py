"""Members by what a person types: an id, a phone number, a card, or the id that a channel gave them."""

from __future__ import annotations

import contextlib
import hashlib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.contracts.errors import NothingLoaded
from features.contracts.identifiers import normalised_card, normalised_phone
from features.contracts.ids import MemberId
from features.contracts.settings import Settings
from features.tables.storage import current_tables
from serving.answers import MemberRef
from serving.ports import Engine
from serving.state import ServiceState


class FoundBy(StrEnum):
    """What the typed text is of a member, in the order in which it is tried."""

    MEMBER_ID = "member_id"
    CARD = "card_no"
    PHONE = "phone"
    SOURCE_ID = "source_id"


@dataclass(frozen=True, kw_only=True)
class FoundMember:
    """A member whom the text names."""

    member_id: MemberId
    by: FoundBy
    source: str | None = None
    """The channel whose id it is."""


@dataclass(frozen=True, kw_only=True)
class MemberFinder:
    """Finds members of a release."""

    engine: Engine
    phone_region: str
    """Country of numbers without a calling code."""
    sources: Sequence[str]
    """The channels that know members."""

    def find(self, text: str, *, source: str | None = None) -> tuple[FoundMember, ...]:
        """Every member whom the text names, each once; with `source`, the one of that channel's id alone.

        A number or a card that several members share names nobody. Raises StoreUnavailable.
        """
        found: dict[MemberId, FoundMember] = {}
        for by, channel, ref in self._ways(unicodedata.normalize("NFC", text).strip(), source):
            known = self.engine.known(ref)
            if known is not None:
                found.setdefault(known.member_id, FoundMember(member_id=known.member_id, by=by, source=channel))
        return tuple(found.values())

    def _ways(self, text: str, source: str | None) -> Iterator[tuple[FoundBy, str | None, MemberRef]]:
        if not text:
            return
        if source is not None:
            yield FoundBy.SOURCE_ID, source, MemberRef(source=source, source_id=text)
            return
        yield FoundBy.MEMBER_ID, None, MemberRef(member_id=text)
        if normalised_card(text) is not None:
            yield FoundBy.CARD, None, MemberRef(card_no=text)
        if (number := normalised_phone(text, region=self.phone_region)) is not None:
            yield FoundBy.PHONE, None, MemberRef(phone_hash=hashlib.sha256(number.encode()).hexdigest())
        for channel in self.sources:
            yield FoundBy.SOURCE_ID, channel, MemberRef(source=channel, source_id=text)


def find_members(state: ServiceState, text: str, *, source: str | None = None) -> tuple[FoundMember, ...]:
    """Whom the text names in the release in service, nobody who asked to be forgotten. Raises StoreUnavailable."""
    finder = MemberFinder(
        engine=state.releases.engine,
        phone_region=state.settings.identity.phone_region,
        sources=sources_of_members(state.settings),
    )
    return tuple(each for each in finder.find(text, source=source) if not state.forgotten.is_member(each.member_id))


def sources_of_members(settings: Settings) -> tuple[str, ...]:
    """The channels by which the tables in use know members, in order; none before the first load."""
    with contextlib.suppress(NothingLoaded, OSError):
        return _sources(current_tables(settings.paths).file("member_ids"))
    return ()


@lru_cache(maxsize=4)
def _sources(file: Path) -> tuple[str, ...]:
    # a version of the tables never changes: once is enough
    column = pq.read_table(file, columns=["source"], read_dictionary=["source"])["source"]
    return tuple(sorted(str(each) for each in pc.unique(column.cast("string")).to_pylist() if each is not None))
