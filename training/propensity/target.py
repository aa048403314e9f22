"""What an audience is scored for: a set of products, a launch, an event, or the absence of any purchase."""

from dataclasses import dataclass
from enum import StrEnum


class EventType(StrEnum):
    """An event of a member that an audience can be chosen for."""

    VISIT = "visit"
    JOIN = "join"
    COUPON_REDEEMED = "coupon_redeemed"


@dataclass(frozen=True, kw_only=True)
class LaunchDescription:
    """A product that has never been sold, as its marketer describes it."""

    category: str
    subcategory: str | None = None
    brand: str | None = None
    price: float | None = None
    """List price of a piece, in the shop's currency."""
    is_private_label: bool | None = None
    analogues: tuple[str, ...] = ()
    """Ids of the products that it will be like, chosen by the marketer."""
    unlike: tuple[str, ...] = ()
    """Ids of products that it will not be like, whatever their description says."""


@dataclass(frozen=True, kw_only=True)
class ProductsTarget:
    """A set of products: at least one of them is to be bought."""

    product_ids: tuple[str, ...]
    """Sorted, distinct, not empty."""


@dataclass(frozen=True, kw_only=True)
class EventTarget:
    """An event that is to happen at least once."""

    type: EventType


@dataclass(frozen=True, kw_only=True)
class LapseTarget:
    """No purchase of anything within the horizon."""


Target = ProductsTarget | LaunchDescription | EventTarget | LapseTarget
