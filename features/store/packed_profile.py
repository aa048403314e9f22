"""A member's profile: what the single view shows beside the features, and its one form in bytes.

The form: a number of the form, then the profile as JSON, compressed with a dictionary of the words that each has.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from features.contracts.errors import StoreUnavailable
from features.contracts.ids import MemberId


@dataclass(frozen=True, kw_only=True)
class Identity:
    """How a channel knows the member."""

    source: str
    source_id: str


@dataclass(frozen=True, kw_only=True)
class StoredContact:
    """What the newest records know of how to reach the member; the tokens are encrypted."""

    has_phone: bool = False
    phone: str | None = None
    has_email: bool = False
    email: str | None = None
    name: str | None = None
    has_wechat: bool = False
    is_synthetic: bool = False


@dataclass(frozen=True, kw_only=True)
class Consent:
    """What the member said, by channel; None: nothing."""

    sms: bool | None = None
    email: bool | None = None
    wechat: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Attributes:
    """Who the member is, as the records say."""

    gender: str | None = None
    birth_year: int | None = None
    city: str | None = None
    tier: str | None = None
    is_paid_member: bool | None = None
    is_staff: bool | None = None
    card_no: str | None = None
    further: str | None = None
    """The retailer's own attributes, a JSON object."""


@dataclass(frozen=True, kw_only=True)
class Joined:
    """Where, when and how the member joined, and through whom."""

    at: datetime | None = None
    store_id: str | None = None
    via: str | None = None
    associate_id: str | None = None
    associate_name: str | None = None
    brought_by: str | None = None
    """Member who brought this one."""


@dataclass(frozen=True, kw_only=True)
class FavouriteCategory:
    """A category with much of the member's spend of a year."""

    category: str
    orders_365d: int
    spend_share: float | None = None
    """Share of the member's spend, 0..1."""


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """When the member came, and is expected."""

    last_visited_at: datetime
    gap_days: float | None = None
    """Median days between two visits; None while there was one."""
    next_expected_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One of the member's latest orders."""

    order_id: str
    ordered_at: datetime
    store_id: str | None = None
    spend: float | None = None


@dataclass(frozen=True, kw_only=True)
class Fact:
    """The latest value of something measured."""

    name: str
    value: str
    observed_at: datetime


@dataclass(frozen=True, kw_only=True)
class GivenCampaign:
    """A running campaign whose coupons the member was given."""

    campaign_id: str
    given_at: datetime


@dataclass(frozen=True, kw_only=True)
class RedeemedCoupon:
    """A coupon of a running campaign that the member used."""

    campaign_id: str
    coupon_id: str


@dataclass(frozen=True, kw_only=True)
class MemberProfile:
    """What is known of a member beside the features, as the release saw it; empty where the shop has nothing."""

    identities: tuple[Identity, ...] = ()
    contact: StoredContact = StoredContact()
    consent: Consent = Consent()
    attributes: Attributes = Attributes()
    joined: Joined = Joined()
    home_store_id: str | None = None
    """Store with most of the member's spend of a year; before the first purchase the store of joining."""
    tags: tuple[str, ...] = ()
    favourites: tuple[FavouriteCategory, ...] = ()
    rhythm: Rhythm | None = None
    visits: tuple[Visit, ...] = ()
    """Newest first."""
    visit_hours: tuple[int, ...] = ()
    """When the member came within a year: the newest visit in whole hours since 1970 on the shops' clocks, then how
    many hours earlier each one before was."""
    facts: tuple[Fact, ...] = ()
    given: tuple[GivenCampaign, ...] = ()
    redeemed: tuple[RedeemedCoupon, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PackedProfile:
    """A profile as it is written online."""

    member_id: MemberId
    packed: bytes


_PROFILE = TypeAdapter(MemberProfile)
_FORM = b"P1"
_LEVEL = 6
_WORDS = (
    b'"brought_by":null"card_no":null"birth_year":null"associate_id":null,"associate_name":null"is_synthetic":true'
    b'"has_wechat":true,"is_staff":null"tier":null,"is_paid_member":null"gender":null"city":null"attributes":{'
    b'"further":"{\\"age\\":\\"\\"income\\":\\"home_ownership\\":\\"marital_status\\":\\"household_size\\":'
    b'"redeemed":[{"campaign_id":"","coupon_id":""}],"given":[{"campaign_id":"","given_at":15'
    b'"facts":[{"name":"points","value":"","observed_at":15"visits":[{"order_id":"","ordered_at":15,"store_id":"",'
    b'"spend":0.},{"order_id":"","ordered_at":15,"store_id":"","spend":},"rhythm":{"last_visited_at":15,"gap_days":'
    b'"next_expected_at":15"favourites":[{"category":"","spend_share":0.,"orders_365d":1},{"category":"","spend_share":0.'
    b'"tags":["active","core_value","lover:"],"home_store_id":"","joined":{"at":15,"store_id":null,"via":"store"'
    b'"consent":{"sms":true,"email":true,"wechat":true},"contact":{"phone":"gAAAAAB","email":"gAAAAAB","name":null'
    b'{"identities":[{"source":"complete_journey","source_id":""}],'
)
"""Words that most profiles have: zlib then finds them in a row of a few hundred bytes. Part of the form."""


def pack_profile(json: str) -> bytes:
    """A profile's row, from the JSON of a MemberProfile; moments are seconds since 1970."""
    compressing = zlib.compressobj(_LEVEL, zdict=_WORDS)
    return _FORM + compressing.compress(json.encode("utf-8", "replace")) + compressing.flush()


def unpack_profile(row: bytes) -> MemberProfile:
    """The profile as it was packed. Raises StoreUnavailable when the row is cut short, changed or of another form."""
    if not row.startswith(_FORM):
        raise StoreUnavailable("online store: a member's profile is of another form; run `faces release`")
    try:
        expanding = zlib.decompressobj(zdict=_WORDS)
        text = expanding.decompress(memoryview(row)[len(_FORM) :]) + expanding.flush()
        if not expanding.eof:
            raise ValueError("cut short")
        return _PROFILE.validate_json(text)
    except (zlib.error, ValidationError, ValueError):
        # without its cause: that would tell what the profile holds
        raise StoreUnavailable("online store: a member's profile is damaged; run `faces release`") from None
