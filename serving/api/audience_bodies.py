"""What an audience is asked with."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, JsonValue

from features.contracts.errors import BadRequest
from serving.api.members_named import Body, Id
from serving.audiences.rule import LARGEST_HOLDOUT, LONGEST_DAYS, AudienceRule, Channel
from training.propensity.target import EventType

MOST_IDS = 50_000
"""Ids in one request; more belong into an uploaded list."""

Days = Annotated[int, Field(ge=1, le=LONGEST_DAYS)]
Ids = Annotated[list[Id], Field(max_length=MOST_IDS)]
Filter = Annotated[str, Field(min_length=1, max_length=4_000)]


class LaunchBody(Body):
    """A product that has never been sold."""

    category: Id
    subcategory: Id | None = None
    brand: Id | None = None
    price: float | None = Field(None, gt=0, lt=1e9, description="list price of a piece, in the shop's currency")
    is_private_label: bool | None = None
    analogues: Ids = Field([], description="ids of products that it will be like, chosen by you")
    unlike: Ids = Field([], description="ids of products that it will not be like, although their description is")


class TargetBody(Body):
    """What is to be sold, in exactly one way; department, category, subcategory, brand and filter go together."""

    product_ids: Ids = Field([], description="these products")
    list_id: Id | None = Field(None, description="an uploaded list of products")
    department: Id | None = None
    category: Id | None = Field(None, examples=["SOFT DRINKS"])
    subcategory: Id | None = None
    brand: Id | None = None
    filter: Filter | None = Field(None, description="products by their attributes, in the grammar of filters")
    launch: LaunchBody | None = Field(None, description="a product that has never been sold")
    event: EventType | None = Field(None, description="something that is to happen, in place of a purchase")
    lapse: bool = Field(False, description="no purchase of anything within the horizon")


class BoughtCategoryBody(Body):
    """A purchase from a category within the last days."""

    category: Id
    days: Days


class PopulationBody(Body):
    """Whom the audience is chosen from; every condition must hold."""

    bought_within_days: Days | None = Field(
        None, description="bought anything within these days; default: the setting propensity.active_within_days"
    )
    bought_category_within: BoughtCategoryBody | None = None
    filter: Filter | None = Field(
        None, description="members by attributes and features, in the grammar of filters", examples=['tier == "gold"']
    )
    tags: list[Id] = Field(
        [], max_length=100, description="has one of these tags of GET /v1/tags", examples=[["at_risk", "lover:TEA"]]
    )
    store_ids: Ids = Field([], description="bought in one of these stores")
    channels: list[Id] = Field([], max_length=100, description="bought through one of these channels")


class ExcludeBody(Body):
    """Who is left out."""

    bought_within_days: Days | None = Field(None, description="bought of the target within these days")
    contacted_within_days: Days | None = Field(
        None, description="reached by a campaign, or handed over by an export, within these days"
    )
    audience_ids: list[Id] = Field([], max_length=100, description="members of these audiences, held out or not")


class HoldoutBody(Body):
    """Who of those chosen is not told, so that the effect can be measured."""

    share: float = Field(0.0, ge=0, le=LARGEST_HOLDOUT)
    salt: Id | None = Field(None, description="decides who it is; default: the shop's for this target, so it stays")


EXAMPLES: list[JsonValue] = [
    {"name": "Pizza in January", "target": {"category": "FROZEN PIZZA"}, "size": 200, "holdout": {"share": 0.1}},
    {
        "target": {"launch": {"category": "FROZEN PIZZA", "brand": "national brand 2", "price": 4.99}},
        "expected_buyers": 50,
        "channel": "sms",
        "exclude": {"contacted_within_days": 14},
    },
    {"target": {"lapse": True}, "horizon_days": 56, "min_probability": 0.5, "dry_run": True},
]
"""Requests as the documentation shows them."""


class AudienceRequest(Body):
    """Whom to reach for what: the likeliest `size`, everybody from `min_probability` on, as few as will bring
    `expected_buyers`, or everybody scored."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    target: TargetBody
    horizon_days: int | None = Field(
        None, ge=1, le=LONGEST_DAYS, description="days within which it counts; default: the settings'"
    )
    population: PopulationBody | None = None
    size: int | None = Field(None, ge=1, description="the likeliest, this many")
    min_probability: float | None = Field(None, ge=0, le=1, description="everybody at least this likely")
    expected_buyers: float | None = Field(None, gt=0, lt=1e12, description="as few as will bring this many buyers")
    exclude: ExcludeBody | None = None
    channel: Channel | None = Field(None, description="only members with a contact and consent for it")
    combine: dict[str, Any] | None = Field(
        None,
        description="a tree of saved audiences and uploaded lists: "
        '{"and": [...]}, {"or": [...]}, {"not": x}, {"audience": id}, {"list": id}',
        examples=[{"and": [{"list": "LIST_ID"}, {"not": {"audience": "AUDIENCE_ID"}}]}],
    )
    holdout: HoldoutBody | None = None
    with_coupons: bool = Field(False, description="also name each member's best running coupon")
    as_of: datetime | None = Field(None, description="as if it were this moment; default: the shop's")
    name: str | None = Field(None, min_length=1, max_length=200, description="a name of your own")
    dry_run: bool = Field(
        False, description="only the figures and why, for a day: nothing is kept that could be exported"
    )

    def rule(self, *, max_size: int) -> AudienceRule:
        """The rule asked for. Raises BadRequest."""
        if self.size is not None and self.size > max_size:
            raise BadRequest(f"body.size: {self.size} is more than the {max_size} that the settings allow")
        written = self.model_dump(mode="json", exclude_unset=True, exclude_none=True, exclude={"name", "dry_run"})
        return AudienceRule.from_json(written)
