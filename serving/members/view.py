"""What is known of one member, as the single view answers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from features.contracts.ids import MemberId, ReleaseId
from features.store.packed_member import PackedMember
from features.store.packed_profile import Attributes, Consent, Fact, FavouriteCategory, Identity, MemberProfile
from serving.answers import MemberFact, RecentPurchase
from serving.members.coupons_held import HeldCoupon, UnusedBenefit
from serving.members.masking import MaskedContact


@dataclass(frozen=True, kw_only=True)
class KnownMember:
    """What a release holds of a member, before it is put into words."""

    member_id: MemberId
    packed: PackedMember | None
    """None for a member without purchases."""
    profile: MemberProfile
    """Empty in a release of before."""


@dataclass(frozen=True, kw_only=True)
class MemberEvent:
    """Something that the member did or that happened to the member, as it was told."""

    type: str
    occurred_at: datetime
    source: str
    product_id: str | None = None
    content_id: str | None = None
    coupon_id: str | None = None
    campaign_id: str | None = None
    store_id: str | None = None
    zone: str | None = None
    order_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class NamedStore:
    """A store, with its name where it has one."""

    store_id: str
    name: str | None


@dataclass(frozen=True, kw_only=True)
class JoinedHow:
    """Where, when and how the member joined, and through whom."""

    at: datetime | None
    store: NamedStore | None
    via: str | None
    brought_by: str | None
    """Member who brought this one."""


@dataclass(frozen=True, kw_only=True)
class NamedAssociate:
    """Who looks after the member."""

    associate_id: str
    name: str | None


@dataclass(frozen=True, kw_only=True)
class NamedTag:
    """A tag of the member in words."""

    name: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class NextVisit:
    """When the member is expected."""

    last_visited_at: datetime
    gap_days: float | None
    """Median days between two visits; None while there was one."""
    expected_at: datetime | None
    is_overdue: bool
    """The expected moment has passed."""


@dataclass(frozen=True, kw_only=True)
class VisitHabits:
    """When the member came within a year, on the shops' clocks."""

    weeks: Sequence[tuple[date, int]]
    """First day and visits of each of the last 52 weeks, the oldest first; weeks begin on Mondays."""
    hours: Sequence[tuple[int, int, int]]
    """Weekday (1: Monday), hour and visits, those without visits left out, in order."""


@dataclass(frozen=True, kw_only=True)
class DueProduct:
    """A product that the member is expected to buy again."""

    product_id: str
    name: str
    expected_on: date | None
    sentence: str


@dataclass(frozen=True, kw_only=True)
class LatestOrder:
    """One of the member's latest orders."""

    order_id: str
    ordered_at: datetime
    store: NamedStore | None
    spend: float | None


@dataclass(frozen=True, kw_only=True)
class MemberView:
    """The page that an associate needs; what the shop does not have is empty or None."""

    member_id: MemberId
    as_of: datetime
    release_id: ReleaseId
    identities: Sequence[Identity]
    contact: MaskedContact
    consent: Consent
    attributes: Attributes
    tags: Sequence[NamedTag]
    lifecycle_stage: str | None
    value_tier: str | None
    favourite_categories: Sequence[FavouriteCategory]
    next_visit: NextVisit | None
    habits: VisitHabits | None
    """None without a visit within a year, and in a release of before."""
    due_products: Sequence[DueProduct]
    recent_purchases: Sequence[RecentPurchase]
    orders: Sequence[LatestOrder]
    events: Sequence[MemberEvent]
    points: float | None
    measurements: Sequence[Fact]
    coupons: Sequence[HeldCoupon]
    """The likeliest to be used, at most so many as a page shows."""
    coupons_held: int
    """All of them."""
    benefits_unused: Sequence[UnusedBenefit]
    joined: JoinedHow
    home_store: NamedStore | None
    associate: NamedAssociate | None
    facts: Sequence[MemberFact]
