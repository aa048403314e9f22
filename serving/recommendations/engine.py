"""The engine: answers for one release, from its models in memory and the members' online rows."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

from features.contracts.errors import Refused, StoreUnavailable
from features.contracts.ids import MemberId, ProductId, ReleaseId
from features.contracts.secrecy import contact_cipher
from features.contracts.settings import Settings
from features.store.online import OnlineReader, identity_key
from features.store.packed_member import PackedMember
from serving.answers import (
    Fallback,
    MemberPage,
    MemberRef,
    ProductCard,
    ProductPage,
    Recommendation,
    RecommendationQuery,
)
from serving.recommendations.member_words import member_page
from serving.recommendations.product_search import ProductSearch
from serving.recommendations.recommender import Recommender, Scenarios
from training.release.loaded import LoadedRelease, load_release


@dataclass(frozen=True, kw_only=True)
class ReleaseEngine:
    """Answers for one release; immutable once made, safe to use from several threads."""

    release: LoadedRelease
    recommender: Recommender
    online: OnlineReader
    stored_phone_hash: Callable[[str], str]
    """From the SHA-256 of a number, as a client sends it, to the keyed hash that is stored."""
    clock: Callable[[], datetime]

    @property
    def release_id(self) -> ReleaseId:
        return self.release.manifest.release_id

    @property
    def as_of(self) -> datetime:
        return self.clock()

    def recommend(self, query: RecommendationQuery) -> Recommendation:
        """Exactly `count` items, or in `filtered` why there are fewer. Raises BadRequest.

        An unknown member gets what somebody unknown gets; so does everybody while the online store cannot be read.
        """
        as_of = self.as_of
        fallback: Fallback | None = None
        packed: PackedMember | None = None
        try:
            packed = self._packed(query.member)
        except StoreUnavailable:
            fallback = Fallback.STORE_UNAVAILABLE
        return self.recommender.recommend(packed, query, as_of=as_of, fallback=fallback)

    def recommend_packed(
        self, packed: PackedMember | None, query: RecommendationQuery, *, as_of: datetime
    ) -> Recommendation:
        """What `recommend` answers for a member's row that was read already."""
        return self.recommender.recommend(packed, query, as_of=as_of)

    def check_scenarios(self, scenarios: Scenarios) -> None:
        """Raises SettingsError naming the scenario when one cannot be served from this release."""
        self.recommender.check(scenarios, as_of=self.as_of)

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


def load_engine(
    settings: Settings, release_id: ReleaseId, *, scenarios: Callable[[], Scenarios] | None = None
) -> ReleaseEngine:
    """The engine of a release; without `scenarios`, those of the settings for good.

    Raises ReleaseDamaged, and SettingsError when a scenario cannot be served from the release.
    """
    release = load_release(settings, release_id)
    as_of = settings.as_of or release.manifest.as_of
    if as_of < release.manifest.as_of:
        raise Refused(
            f"release {release_id}: it knows what happened up to {release.manifest.as_of:%Y-%m-%d %H:%M} UTC, later "
            f"than {as_of:%Y-%m-%d %H:%M}; make one with `faces release --as-of {as_of:%Y-%m-%d}`"
        )
    cipher = contact_cipher(settings)
    of_now = scenarios or (lambda: settings.scenarios)
    engine = ReleaseEngine(
        release=release,
        recommender=Recommender(release, scenarios=of_now, zone=settings.zone, compiled=settings.ranker.compiled),
        online=OnlineReader(settings, release_id),
        stored_phone_hash=cipher.hash_given,
        clock=(lambda: as_of) if settings.clock == "data" or settings.as_of else (lambda: datetime.now(UTC)),
    )
    engine.check_scenarios(of_now())
    _warm_up(engine, of_now())
    return engine


def _warm_up(engine: ReleaseEngine, scenarios: Scenarios) -> None:
    # The first search prepares the texts, the first read opens the store, the first answers prepare the arrays: no
    # request should wait for any of it.
    engine.search("", limit=1, cursor=None)
    nobody = RecommendationQuery(member=MemberRef(anonymous_id=""), scenario="", count=1, product_id=ProductId(""))
    for name in scenarios:
        engine.recommend_packed(None, replace(nobody, scenario=name), as_of=engine.as_of)
    with contextlib.suppress(StoreUnavailable):
        engine.online.member("")
