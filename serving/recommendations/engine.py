"""The engine: answers for one release, from its models in memory and the members' online rows."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from features.contracts.clock import days_since_epoch
from features.contracts.errors import Refused, StoreUnavailable
from features.contracts.ids import MemberId, ProductId, ReleaseId
from features.contracts.secrecy import contact_cipher
from features.contracts.settings import Settings
from features.store.online import OnlineReader, PackedMember, identity_key
from serving.answers import (
    Fallback,
    MemberPage,
    MemberRef,
    ProductCard,
    ProductPage,
    Recommendation,
    RecommendationQuery,
    RecommendedItem,
)
from serving.recommendations.member_words import member_page
from serving.recommendations.product_search import ProductSearch
from serving.recommendations.reasons import Evidence, Locale, reason_for
from training.affinity.blend import Field, best_first, blend
from training.affinity.source import SOURCES
from training.release.loaded import LoadedRelease, load_release

ANCHORS = 10
"""Latest purchases of a member that a recommendation may name as its reason."""


NEIGHBOURS = 100
"""Neighbours of a candidate among which a late purchase is looked for."""


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    product_id: ProductId
    score: float
    evidence: Evidence
    anchors: Sequence[ProductId] = ()
    """The member's latest purchases, one of which may be named as the reason."""


@dataclass(frozen=True, kw_only=True)
class ReleaseEngine:
    """Answers for one release; immutable once made, safe to use from several threads."""

    release: LoadedRelease
    online: OnlineReader
    stored_phone_hash: Callable[[str], str]
    """From the SHA-256 of a number, as a client sends it, to the keyed hash that is stored."""
    clock: Callable[[], datetime]
    zone: ZoneInfo
    """The shops' zone: days in reasons are counted in it."""

    @property
    def release_id(self) -> ReleaseId:
        return self.release.manifest.release_id

    @property
    def as_of(self) -> datetime:
        return self.clock()

    def recommend(self, query: RecommendationQuery) -> Recommendation:
        """Exactly `count` products, or in `filtered` why there are fewer.

        Candidates of the member by their blend, then the catalogue by popularity. An unknown member gets the catalogue
        alone; so does everybody while the online store cannot be read.
        """
        as_of = self.as_of
        fallback: Fallback | None = None
        packed: PackedMember | None = None
        try:
            packed = self._packed(query.member)
        except StoreUnavailable:
            fallback = Fallback.STORE_UNAVAILABLE
        if packed is None and fallback is None:
            fallback = Fallback.NEW_MEMBER
        personal = [] if packed is None else self._personal(packed, as_of)
        items, filtered = self._pick(query, personal)
        return Recommendation(
            member_id=packed.member_id if packed else None,
            as_of=as_of,
            release_id=self.release_id,
            items=items,
            fallback=fallback,
            filtered=filtered,
        )

    def member_page(self, member: MemberRef) -> MemberPage | None:
        """What is known of a member, None when unknown. Raises StoreUnavailable."""
        packed = self._packed(member)
        if packed is None:
            return None
        return member_page(packed, self.release.products, release_id=self.release_id, as_of=self.as_of)

    def similar(self, product_id: ProductId, *, count: int) -> tuple[ProductCard, ...] | None:
        """Products bought by the same members, then others of the group; None when the product is unknown."""
        if product_id not in self.release.products.row_of:
            return None
        near = self.release.affinity.similar(product_id, count)
        found = [self._search.card(each.product_id, score=each.similarity) for each in near]
        if len(found) < count:
            taken = {product_id, *(card.product_id for card in found)}
            found += self._search.of_same_group(product_id, leave_out=taken, count=count - len(found))
        return tuple(found)

    def search(self, text: str, *, limit: int, cursor: str | None) -> ProductPage:
        """A page of the products whose name, brand or category holds every word of the text, popular ones first."""
        return self._search.page(text, limit=limit, cursor=cursor)

    @cached_property
    def _search(self) -> ProductSearch:
        return ProductSearch(self.release.products)

    def _packed(self, member: MemberRef) -> PackedMember | None:
        member_id = self._member_id(member)
        return None if member_id is None else self.online.member(member_id)

    def _member_id(self, member: MemberRef) -> MemberId | None:
        if member.member_id is not None:
            return MemberId(member.member_id)
        if member.source_id is not None:
            return self.online.member_id(identity_key(source=member.source, source_id=member.source_id))
        if member.phone_hash is not None:
            return self.online.member_id(identity_key(phone_hash=self.stored_phone_hash(member.phone_hash)))
        return None

    def _pick(
        self, query: RecommendationQuery, personal: list[_Candidate]
    ) -> tuple[tuple[RecommendedItem, ...], dict[str, int]]:
        items: dict[ProductId, RecommendedItem] = {}
        filtered: dict[str, int] = {}
        for candidate in self._in_order(personal):
            if len(items) == query.count:
                break
            if candidate.product_id in items:
                continue
            if candidate.product_id in query.exclude:
                filtered["excluded"] = filtered.get("excluded", 0) + 1
            elif candidate.product_id in query.basket:
                filtered["in_basket"] = filtered.get("in_basket", 0) + 1
            else:
                items[candidate.product_id] = self._item(candidate, query.locale)
        if len(items) < query.count:
            filtered["no_more_products"] = query.count - len(items)
        return tuple(items.values()), filtered

    def _in_order(self, personal: list[_Candidate]) -> Iterator[_Candidate]:
        yield from personal
        known = {candidate.product_id for candidate in personal}
        for product_id in self.release.affinity.catalogue.product_ids:
            if product_id not in known:
                yield _Candidate(
                    product_id=ProductId(str(product_id)), score=0.0, evidence=Evidence(source="popularity")
                )

    def _personal(self, packed: PackedMember, as_of: datetime) -> list[_Candidate]:
        if not packed.candidate_ids:
            return []
        values = packed.candidate_values
        blended = blend(values, self.release.affinity.weights, days_since_epoch(as_of))
        ids = np.array(packed.candidate_ids, dtype=np.str_)
        # A candidate of a source that the blend gives no weight stands where its popularity puts it.
        nothing = ~(blended.contributions > 0).any(axis=1)
        strongest = np.where(nothing, SOURCES.index("popularity"), blended.contributions.argmax(axis=1))
        anchors = list(dict.fromkeys(packed.recent_product_ids))[:ANCHORS]
        return [
            _Candidate(
                product_id=packed.candidate_ids[row],
                score=float(blended.scores[row]),
                evidence=Evidence(
                    source=SOURCES[strongest[row]],
                    orders_365d=int(values[row, Field.ORDERS_365D]),
                    last_ordered_days=float(values[row, Field.LAST_ORDERED_DAYS]),
                ),
                anchors=anchors,
            )
            for row in best_first(blended.scores, values[:, Field.POPULARITY], ids)
        ]

    def _item(self, candidate: _Candidate, locale: Locale) -> RecommendedItem:
        evidence = candidate.evidence
        if evidence.source == "item_item":
            evidence = Evidence(source="item_item", anchor=self._anchor(candidate))
        return RecommendedItem(
            product_id=candidate.product_id,
            name=self.release.products.name(candidate.product_id),
            score=round(candidate.score, 6),
            source=evidence.source,
            reasons=(reason_for(evidence, locale, zone=self.zone),),
        )

    def _anchor(self, candidate: _Candidate) -> str | None:
        """Name of a late purchase that has the candidate among its neighbours."""
        neighbours = {each.product_id for each in self.release.affinity.similar(candidate.product_id, NEIGHBOURS)}
        for product_id in candidate.anchors:
            if product_id in neighbours:
                return self.release.products.name(product_id)
        return None


def load_engine(settings: Settings, release_id: ReleaseId) -> ReleaseEngine:
    """The engine of a release. Raises ReleaseDamaged."""
    release = load_release(settings, release_id)
    as_of = settings.as_of or release.manifest.as_of
    if as_of < release.manifest.as_of:
        raise Refused(
            f"release {release_id}: it knows what happened up to {release.manifest.as_of:%Y-%m-%d %H:%M} UTC, later "
            f"than {as_of:%Y-%m-%d %H:%M}; make one with `faces release --as-of {as_of:%Y-%m-%d}`"
        )
    cipher = contact_cipher(settings)
    engine = ReleaseEngine(
        release=release,
        online=OnlineReader(settings, release_id),
        stored_phone_hash=cipher.hash_given,
        zone=settings.zone,
        clock=(lambda: as_of) if settings.clock == "data" or settings.as_of else (lambda: datetime.now(UTC)),
    )
    _warm_up(engine)
    return engine


def _warm_up(engine: ReleaseEngine) -> None:
    # The first search prepares the texts, the first read opens the store: no request should wait for either.
    engine.search("", limit=1, cursor=None)
    with contextlib.suppress(StoreUnavailable):
        engine.online.member("")
