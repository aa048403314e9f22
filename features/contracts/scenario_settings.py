"""The scenarios of settings.toml: the places in an app that have recommendations, and the rules of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

ScenarioKind = Literal["home", "replenish", "discover", "cart", "product", "associate", "coupon", "content"]
"""What a scenario chooses from; several scenarios may share a kind and differ in their rules."""

SCENARIO_NAME = r"^[a-z][a-z0-9_]{0,30}$"


class Boost(BaseModel):
    """Products that a scenario pushes up or buries."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    filter: str = Field(min_length=1, description="which products, in the grammar of filters")
    factor: float = Field(ge=0, le=1000, description="their score is multiplied by it; below 1 buries")
    member_tags: tuple[str, ...] = Field(
        (), description="for members with one of these tags alone, as `new` or `lover:TEA`; empty: for everybody"
    )


class Exclusion(BaseModel):
    """Products that a scenario never shows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    filter: str = Field(min_length=1, description="which products, in the grammar of filters")
    member_tags: tuple[str, ...] = Field(min_length=1, description="to members with one of these tags")


class ScenarioSettings(BaseModel):
    """One scenario. Shares are of the count asked for; caps and shares are preferences that give way when the
    eligible run short, while filters, stock, activity and look-back never do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: ScenarioKind = Field(
        description="what it chooses from: `home` all candidates, `replenish` products due to be bought again, "
        "`discover` products never bought, `cart` what completes the basket, `product` what goes with the product "
        "looked at, `associate` whole bundles, `coupon` running coupons, `content` running contents"
    )
    filter: str = Field("", description="only products that pass it, in the grammar of filters; empty: all")
    active_only: bool = Field(True, description="only products that may be sold, where product states are known")
    in_stock_only: bool = Field(True, description="only products in stock, where stock is known")
    exclude_bought_days: int = Field(0, ge=0, description="not what the member bought within these days; 0: no limit")
    new_share: float = Field(0.0, ge=0, le=1, description="least share of products that the member never bought")
    max_per_category: int = Field(0, ge=0, description="most products of one category; 0: no limit")
    max_per_brand: int = Field(0, ge=0, description="most products of one brand; 0: no limit")
    diversity: float = Field(
        0.0, ge=0, le=1, description="how much of its score a product loses for each one of its category above it"
    )
    boosts: tuple[Boost, ...] = Field(
        (), description="products to push up or to bury, each `{filter, factor, member_tags}`"
    )
    exclusions: tuple[Exclusion, ...] = Field(
        (), description="products that members with certain tags never get, each `{filter, member_tags}`"
    )
    promoted_filter: str = Field("", description="the promoted products, in the grammar of filters; empty: none")
    promoted_share: float = Field(0.0, ge=0, le=1, description="least share of promoted products")
    exploration_share: float = Field(
        0.0, ge=0, le=1, description="share of places that new products get by lot, on average"
    )
    exploration_days: int = Field(28, gt=0, description="a product first sold within these days is new to the shop")
    due_gaps: float = Field(
        0.8, ge=0, description="a product is due once this many of its usual gaps have passed since it was bought"
    )
    lapsed_gaps: float = Field(
        3.0, gt=0, description="a product is due no longer once this many of its usual gaps have passed"
    )

    def for_member(self, tags: Iterable[str]) -> ScenarioSettings:
        """The scenario with the rules alone that hold for a member with these tags."""
        if not self.named_tags:
            return self
        held = frozenset(tags)
        return self.model_copy(
            update={
                "boosts": tuple(
                    each for each in self.boosts if not each.member_tags or not held.isdisjoint(each.member_tags)
                ),
                "exclusions": tuple(each for each in self.exclusions if not held.isdisjoint(each.member_tags)),
            }
        )

    @property
    def named_tags(self) -> tuple[str, ...]:
        """Every tag that a rule of the scenario names."""
        of_boosts = (tag for boost in self.boosts for tag in boost.member_tags)
        return (*of_boosts, *(tag for exclusion in self.exclusions for tag in exclusion.member_tags))
