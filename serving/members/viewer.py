"""Puts what a release holds of a member, and what just happened, into the single view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from features.contracts.events import EventType
from features.contracts.secrecy import ContactCipher
from features.contracts.settings import Settings
from features.store.packed_profile import Fact, Rhythm
from features.tags.words import sentence_of, tag_in_group
from serving.answers import MemberRef, RecommendationQuery
from serving.members.coupons_held import CouponBook, HeldCoupon, Locale
from serving.members.habits import visit_habits
from serving.members.masking import masked_contact
from serving.members.view import (
    DueProduct,
    JoinedHow,
    KnownMember,
    LatestOrder,
    MemberEvent,
    MemberView,
    NamedAssociate,
    NamedStore,
    NamedTag,
    NextVisit,
)
from serving.recommendations.member_words import member_page
from serving.recommendations.recommender import Recommender, Scenarios
from training.release.loaded import LoadedRelease

MOST_DUE = 5
MOST_COUPONS = 20
POINTS = "points"
"""Name of the fact that holds a member's points."""

DUE: dict[Locale, str] = {
    "en": "Expected to be bought again on {day}.",
    "zh": "预计{day}再次购买。",
}
"""What is said of a product that is due, to whoever serves the member."""


@dataclass(frozen=True, kw_only=True)
class MemberViewer:
    """Makes single views of one release."""

    release: LoadedRelease
    recommender: Recommender
    scenarios: Callable[[], Scenarios]
    settings: Settings
    cipher: ContactCipher

    def view(self, known: KnownMember, events: Sequence[MemberEvent], *, as_of: datetime, locale: Locale) -> MemberView:
        """The single view of a member as of a moment; `events` are the member's latest ones, the latest first."""
        profile = known.profile
        page = (
            None
            if known.packed is None
            else member_page(
                known.packed, self.release.products, release_id=self.release.manifest.release_id, as_of=as_of
            )
        )
        held = self._held(known, events, as_of=as_of)
        return MemberView(
            member_id=known.member_id,
            as_of=as_of,
            release_id=self.release.manifest.release_id,
            identities=profile.identities,
            contact=masked_contact(profile.contact, self.cipher),
            consent=profile.consent,
            attributes=profile.attributes,
            tags=self._tags(profile.tags, locale),
            lifecycle_stage=tag_in_group(self.settings.tags, profile.tags, "lifecycle"),
            value_tier=tag_in_group(self.settings.tags, profile.tags, "value"),
            favourite_categories=profile.favourites,
            next_visit=_next_visit(profile.rhythm, as_of),
            habits=visit_habits(profile.visit_hours, today=as_of.astimezone(self.settings.zone).date()),
            due_products=self._due(known, as_of=as_of, locale=locale),
            recent_purchases=() if page is None else page.recent_purchases,
            orders=self._orders(known),
            events=events,
            points=_points(profile.facts),
            measurements=tuple(fact for fact in profile.facts if fact.name != POINTS),
            coupons=held[:MOST_COUPONS],
            coupons_held=len(held),
            benefits_unused=self.book.unused(profile, as_of=as_of, locale=locale),
            joined=self._joined(known),
            home_store=self._store(profile.home_store_id),
            associate=_associate(known),
            facts=() if page is None else page.facts,
        )

    @cached_property
    def book(self) -> CouponBook:
        """The coupons of the release, as members hold them."""
        return CouponBook(campaigns=self.release.campaign_coupons, named=self.release.coupons, zone=self.settings.zone)

    def _held(self, known: KnownMember, events: Sequence[MemberEvent], *, as_of: datetime) -> tuple[HeldCoupon, ...]:
        by_type = {
            type_: {event.coupon_id for event in events if event.type == type_ and event.coupon_id}
            for type_ in (EventType.COUPON_CLAIMED, EventType.COUPON_APPLIED)
        }
        return self.book.held(
            known.profile,
            known.packed,
            claimed=by_type[EventType.COUPON_CLAIMED],
            used=by_type[EventType.COUPON_APPLIED],
            as_of=as_of,
        )

    def _due(self, known: KnownMember, *, as_of: datetime, locale: Locale) -> Sequence[DueProduct]:
        if known.packed is None:
            return ()
        scenario = next((name for name, each in self.scenarios().items() if each.kind == "replenish"), None)
        if scenario is None:
            return ()
        query = RecommendationQuery(
            member=MemberRef(member_id=known.member_id), scenario=scenario, count=MOST_DUE, locale=locale
        )
        return tuple(
            DueProduct(
                product_id=item.id,
                name=item.name,
                expected_on=item.expected_on,
                sentence=DUE[locale].format(day="" if item.expected_on is None else item.expected_on.isoformat()),
            )
            for item in self.recommender.recommend(known.packed, query, as_of=as_of).items
        )

    def _orders(self, known: KnownMember) -> tuple[LatestOrder, ...]:
        return tuple(
            LatestOrder(
                order_id=visit.order_id,
                ordered_at=visit.ordered_at,
                store=self._store(visit.store_id),
                spend=visit.spend,
            )
            for visit in known.profile.visits
        )

    def _joined(self, known: KnownMember) -> JoinedHow:
        joined = known.profile.joined
        return JoinedHow(at=joined.at, store=self._store(joined.store_id), via=joined.via, brought_by=joined.brought_by)

    def _store(self, store_id: str | None) -> NamedStore | None:
        if store_id is None:
            return None
        stores = self.release.stores
        return NamedStore(store_id=store_id, name=None if stores is None else stores.name(store_id))

    def _tags(self, tags: Sequence[str], locale: Locale) -> tuple[NamedTag, ...]:
        return tuple(NamedTag(name=tag, sentence=getattr(sentence_of(self.settings.tags, tag), locale)) for tag in tags)


def _next_visit(rhythm: Rhythm | None, as_of: datetime) -> NextVisit | None:
    if rhythm is None:
        return None
    expected = rhythm.next_expected_at
    return NextVisit(
        last_visited_at=rhythm.last_visited_at,
        gap_days=rhythm.gap_days,
        expected_at=expected,
        is_overdue=expected is not None and expected < as_of,
    )


def _points(facts: Sequence[Fact]) -> float | None:
    for fact in facts:
        if fact.name == POINTS:
            try:
                return float(fact.value)
            except ValueError:
                return None
    return None


def _associate(known: KnownMember) -> NamedAssociate | None:
    joined = known.profile.joined
    if joined.associate_id is None:
        return None
    return NamedAssociate(associate_id=joined.associate_id, name=joined.associate_name)
