"""The engine: answers for one release, from its models in memory and the members' online rows."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

from features.contracts.errors import Refused, StoreUnavailable
from features.contracts.events import BY_MEMBER_ID
from features.contracts.forgotten import Forgotten
from features.contracts.identifiers import normalised_card
from features.contracts.ids import MemberId, ProductId, ReleaseId
from features.contracts.secrecy import contact_cipher
from features.contracts.settings import Settings
from features.store.now_rows import NowRows
from features.store.online import OnlineReader, identity_key
from features.store.packed_member import PackedMember
from features.store.packed_profile import MemberProfile
from serving.answers import (
    Fallback,
    GroupKind,
    GroupPage,
    MemberRef,
    ProductCard,
    ProductPage,
    Recommendation,
    RecommendationQuery,
)
from serving.members.coupons_held import CouponBook, Locale
from serving.members.view import KnownMember, MemberEvent, MemberView
from serving.members.viewer import MemberViewer
from serving.recommendations.just_now import JustNow, key_of
from serving.recommendations.product_groups import ProductGroups
from serving.recommendations.product_search import ProductSearch
from serving.recommendations.recommender import Recommender, Scenarios
from training.release.loaded import LoadedRelease, load_release
from training.release.stores import Stores


@dataclass(frozen=True, kw_only=True)
class ReleaseEngine:
    """Answers for one release; immutable once made, safe to use from several threads."""

    release: LoadedRelease
    recommender: Recommender
    online: OnlineReader
    viewer: MemberViewer
    stored_phone_hash: Callable[[str], str]
    """From the SHA-256 of a number, as a client sends it, to the keyed hash that is stored."""
    just_now: JustNow
    clock: Callable[[], datetime]
    forgotten: Callable[[], Forgotten] = Forgotten.nobody
    """Who asked to be forgotten: they are nobody that the release knows."""

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
        member_id: MemberId | None = None
        member = query.member
        try:
            member_id, packed = self._found(member)
            if self._is_forgotten(member, member_id):
                member, member_id, packed = MemberRef(), None, None
        except StoreUnavailable:
            fallback = Fallback.STORE_UNAVAILABLE
        now = self.just_now.of(key_of(member, member_id), as_of=as_of)
        return self.recommender.recommend(packed, query, as_of=as_of, fallback=fallback, now=now)

    def recommend_packed(
        self, packed: PackedMember | None, query: RecommendationQuery, *, as_of: datetime
    ) -> Recommendation:
        """What `recommend` answers for a member's row that was read already."""
        return self.recommender.recommend(packed, query, as_of=as_of)

    def check_scenarios(self, scenarios: Scenarios) -> None:
        """Raises SettingsError naming the scenario when one cannot be served from this release."""
        self.recommender.check(scenarios, as_of=self.as_of)

    def known(self, member: MemberRef) -> KnownMember | None:
        """What the release holds of a member, None when unknown. Raises StoreUnavailable."""
        member_id, packed = self._found(member)
        if member_id is None or self._is_forgotten(member, member_id):
            return None
        profile = self.online.profile(member_id)
        if packed is None and profile is None:
            return None
        return KnownMember(member_id=member_id, packed=packed, profile=profile or MemberProfile())

    def member_view(self, known: KnownMember, events: Sequence[MemberEvent], *, locale: Locale) -> MemberView:
        """The single view of a member; `events` are the member's latest ones, the latest first."""
        return self.viewer.view(known, events, as_of=self.as_of, locale=locale)

    def members_of(self, persons: Sequence[tuple[str, str]]) -> list[MemberId | None]:
        """The members behind sources and the ids in them, in their order, None for somebody unknown.

        The source BY_MEMBER_ID has members' own ids, those of before a merge too. Raises StoreUnavailable.
        """
        found = self.online.member_ids(
            [
                identity_key(old_member_id=own)
                if source == BY_MEMBER_ID
                else identity_key(source=source, source_id=own)
                for source, own in persons
            ]
        )
        by_id = [own for source, own in persons if source == BY_MEMBER_ID]
        known = dict(zip(by_id, self.online.are_known(by_id), strict=True))
        return [
            member_id or (MemberId(own) if source == BY_MEMBER_ID and known[own] else None)
            for member_id, (source, own) in zip(found, persons, strict=True)
        ]

    @property
    def stores(self) -> Stores | None:
        """The stores of the release and their members; None in a release of before."""
        return self.release.stores

    @property
    def coupon_book(self) -> CouponBook:
        """The coupons of the release, as members hold them."""
        return self.viewer.book

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

    def product_name(self, product_id: ProductId) -> str | None:
        """What a product is called; None when it is unknown."""
        row = self.release.products.row_of.get(product_id)
        return None if row is None else self.release.products.names[row]

    def search(self, text: str, *, limit: int, cursor: str | None) -> ProductPage:
        """A page of the products whose name, brand or category holds every word of the text, popular ones first."""
        return self._search.page(text, limit=limit, cursor=cursor)

    def groups(self, text: str, *, within: Mapping[GroupKind, str], limit: int) -> GroupPage:
        """Departments, categories, subcategories and brands whose name holds every word of the text."""
        return self._groups.found(text, within=within, limit=limit)

    @cached_property
    def _groups(self) -> ProductGroups:
        return ProductGroups(self.release.products)

    @cached_property
    def _search(self) -> ProductSearch:
        return ProductSearch(self.release.products)

    def _is_forgotten(self, member: MemberRef, member_id: MemberId | None) -> bool:
        forgotten = self.forgotten()
        if not forgotten:
            return False
        is_person = member.source_id is not None and forgotten.is_person(member.source or "", member.source_id)
        return is_person or (member_id is not None and forgotten.is_member(member_id))

    def _found(self, member: MemberRef) -> tuple[MemberId | None, PackedMember | None]:
        """Who is named, and their row where they have one."""
        member_id = self._member_id(member)
        packed = None if member_id is None else self.online.member(member_id)
        if packed is None and member.member_id is not None:
            # an id of before a merge names the member that it is part of now
            later = self.online.member_id(identity_key(old_member_id=member.member_id))
            if later is not None:
                return later, self.online.member(later)
        return member_id, packed

    def _member_id(self, member: MemberRef) -> MemberId | None:
        if member.member_id is not None:
            return MemberId(member.member_id)
        if member.source_id is not None:
            return self.online.member_id(identity_key(source=member.source, source_id=member.source_id))
        if member.phone_hash is not None:
            return self.online.member_id(identity_key(phone_hash=self.stored_phone_hash(member.phone_hash)))
        if member.wechat_openid is not None:
            return self.online.member_id(identity_key(wechat_openid=member.wechat_openid))
        if member.card_no is not None and (card_no := normalised_card(member.card_no)) is not None:
            return self.online.member_id(identity_key(card_no=card_no))
        return None


def load_engine(
    settings: Settings,
    release_id: ReleaseId,
    *,
    scenarios: Callable[[], Scenarios] | None = None,
    forgotten: Callable[[], Forgotten] = Forgotten.nobody,
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
    stands_still = settings.clock == "data" or settings.as_of is not None
    cipher = contact_cipher(settings)
    of_now = scenarios or (lambda: settings.scenarios)
    recommender = Recommender(release, scenarios=of_now, zone=settings.zone, compiled=settings.ranker.compiled)
    engine = ReleaseEngine(
        release=release,
        recommender=recommender,
        online=OnlineReader(settings, release_id),
        viewer=MemberViewer(
            release=release, recommender=recommender, scenarios=of_now, settings=settings, cipher=cipher
        ),
        stored_phone_hash=cipher.hash_given,
        just_now=JustNow(NowRows(settings).read, settings.events, stands_still=stands_still),
        clock=(lambda: as_of) if stands_still else (lambda: datetime.now(UTC)),
        forgotten=forgotten,
    )
    engine.check_scenarios(of_now())
    _warm_up(engine, of_now())
    return engine


def _warm_up(engine: ReleaseEngine, scenarios: Scenarios) -> None:
    # The first search prepares the texts, the first read opens the store, the first answers prepare the arrays: no
    # request should wait for any of it.
    engine.search("", limit=1, cursor=None)
    engine.groups("", within={}, limit=1)
    nobody = RecommendationQuery(member=MemberRef(anonymous_id=""), scenario="", count=1, product_id=ProductId(""))
    for name in scenarios:
        engine.recommend_packed(None, replace(nobody, scenario=name), as_of=engine.as_of)
    with contextlib.suppress(StoreUnavailable):
        engine.online.member("")
    engine.just_now.of("", as_of=engine.as_of)
