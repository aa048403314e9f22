"""What the engine is asked and what it answers, independent of HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, get_args

from features.contracts.ids import MemberId, ProductId, ReleaseId

ItemType = Literal["product", "bundle", "coupon", "content"]


class Fallback(StrEnum):
    """Why an answer is not personal."""

    NEW_MEMBER = "new_member"
    STORE_UNAVAILABLE = "store_unavailable"


@dataclass(frozen=True, kw_only=True)
class MemberRef:
    """One way to name a member; exactly one of member_id, source + source_id, phone_hash, wechat_openid, card_no and
    anonymous_id is given."""

    member_id: str | None = None
    source: str | None = None
    source_id: str | None = None
    phone_hash: str | None = None
    wechat_openid: str | None = None
    card_no: str | None = None
    """However it was written."""
    anonymous_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class RecommendationQuery:
    """What an app backend asks for."""

    member: MemberRef
    scenario: str
    """Name of a scenario of the settings."""
    count: int
    exclude: frozenset[str] = frozenset()
    """Ids of items that must not come."""
    basket: tuple[ProductId, ...] = ()
    """What is in the basket now, as it was put in: never recommended again."""
    product_id: ProductId | None = None
    """The product being looked at: never recommended."""
    store_id: str | None = None
    """The store that the member is in."""
    filter: str | None = None
    """Which products may come, in the grammar of filters."""
    item_ids: tuple[str, ...] | None = None
    """The only items that may come, to be put into the member's order; None: the service chooses."""
    locale: Literal["en", "zh"] = "en"
    """Language of the reasons."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why an item was chosen: a stable code and a sentence."""

    code: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class BundledProduct:
    """A product that belongs to an item: one of a bundle, or one that a coupon or a content names."""

    product_id: ProductId
    name: str
    price: float | None = None


@dataclass(frozen=True, kw_only=True)
class RecommendedItem:
    """One item of a recommendation; `score` compares items of one answer only."""

    id: str
    """A product id, coupon id or content id; of a bundle, one made of its products."""
    type: ItemType = "product"
    name: str
    score: float
    source: str
    """What put it there: a candidate source, `explored`, `together`, ..."""
    reasons: tuple[Reason, ...]
    products: tuple[BundledProduct, ...] = ()
    total_price: float | None = None
    """Of a bundle: price of its products together, None where one is unknown."""
    support: float | None = None
    """Of a bundle: share of orders that hold all its products, 0..1."""
    lift: float | None = None
    """Of a bundle: how many times likelier they are bought together than by chance."""
    expected_on: date | None = None
    """Of a product due again: the day, in the shops' zone, that it is expected to be bought."""
    ends_on: date | None = None
    """Of a coupon or content: its last day."""
    exploration_probability: float = 0.0
    """Chance with which the lot put a product of this answer here; 0 where its score did."""


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """Exactly the items asked for, or in `filtered` why there are fewer."""

    member_id: MemberId | None
    as_of: datetime
    release_id: ReleaseId
    items: tuple[RecommendedItem, ...]
    fallback: Fallback | None
    filtered: dict[str, int]
    """How many items each rule removed from those looked at, by the rule's code."""


@dataclass(frozen=True, kw_only=True)
class MemberFact:
    """One feature of a member in words."""

    name: str
    value: str | float | None
    unit: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class RecentPurchase:
    """A product a member bought lately."""

    product_id: ProductId
    name: str
    ordered_at: datetime


@dataclass(frozen=True, kw_only=True)
class MemberPage:
    """What is known of one member."""

    member_id: MemberId
    as_of: datetime
    release_id: ReleaseId
    facts: tuple[MemberFact, ...]
    recent_purchases: tuple[RecentPurchase, ...]


@dataclass(frozen=True, kw_only=True)
class ProductCard:
    """A product as search and similarity show it."""

    product_id: ProductId
    name: str
    brand: str | None
    category: str | None
    price: float | None
    score: float | None = None


GroupKind = Literal["department", "category", "subcategory", "brand"]
GROUP_KINDS: tuple[GroupKind, ...] = get_args(GroupKind)


@dataclass(frozen=True, kw_only=True)
class ProductGroup:
    """Products that have a name in common."""

    kind: GroupKind
    name: str
    products: int
    parent: str | None
    """The department of a category, the category of a subcategory."""


@dataclass(frozen=True, kw_only=True)
class GroupPage:
    """Groups that were found, and how many products there are in all that was asked for."""

    products: int
    items: tuple[ProductGroup, ...]


@dataclass(frozen=True, kw_only=True)
class ProductPage:
    """A page of products; `next_cursor` is None on the last one."""

    items: tuple[ProductCard, ...]
    next_cursor: str | None
