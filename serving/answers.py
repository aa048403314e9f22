"""What the engine is asked and what it answers, independent of HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from features.contracts.ids import MemberId, ProductId, ReleaseId


class Fallback(StrEnum):
    """Why an answer is not personal."""

    NEW_MEMBER = "new_member"
    STORE_UNAVAILABLE = "store_unavailable"


@dataclass(frozen=True, kw_only=True)
class MemberRef:
    """One way to name a member; exactly one of member_id, source + source_id, phone_hash, anonymous_id is given."""

    member_id: str | None = None
    source: str | None = None
    source_id: str | None = None
    phone_hash: str | None = None
    anonymous_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class RecommendationQuery:
    """What an app backend asks for."""

    member: MemberRef
    scenario: str
    count: int
    exclude: frozenset[ProductId] = frozenset()
    basket: frozenset[ProductId] = frozenset()
    """What is in the basket now: never recommended again."""
    locale: Literal["en", "zh"] = "en"
    """Language of the reasons."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why an item was chosen: a stable code and a sentence."""

    code: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class RecommendedItem:
    """One product of a recommendation; `score` compares items of one answer only."""

    product_id: ProductId
    name: str
    score: float
    source: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """Exactly the items asked for, or in `filtered` why there are fewer."""

    member_id: MemberId | None
    as_of: datetime
    release_id: ReleaseId
    items: tuple[RecommendedItem, ...]
    fallback: Fallback | None
    filtered: dict[str, int]
    """How many products each rule removed, by the rule's code."""


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


@dataclass(frozen=True, kw_only=True)
class ProductPage:
    """A page of products; `next_cursor` is None on the last one."""

    items: tuple[ProductCard, ...]
    next_cursor: str | None
