"""What a recommendation is asked with and answers."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from features.contracts.clock import moment_text
from features.contracts.filters.tokens import MOST_CHARACTERS
from features.contracts.ids import ProductId
from serving.answers import ItemType, Recommendation, RecommendationQuery, RecommendedItem
from serving.api.members_named import Body, Id, NamedMember

Ids = Annotated[list[Id], Field(max_length=500)]


class RequestContext(Body):
    """Where the member is and what they are doing."""

    store_id: Id | None = Field(None, description="the store the member is in")
    channel: Id | None = Field(None, description="the channel the answer is shown in")
    basket: Ids = Field([], description="products in the basket; never recommended")
    product_id: Id | None = Field(None, description="the product being looked at; never recommended")


class RecommendationRequest(Body):
    """A request for recommendations."""

    member: NamedMember
    scenario: str = Field(
        "home", max_length=100, description="the place in the app; `GET /v1/scenarios` lists them", examples=["home"]
    )
    count: int | None = Field(
        None, ge=1, description="how many items; when left out, as many as `item_ids` has, else the service's default"
    )
    context: RequestContext | None = Field(None, description="where the member is and what they are doing")
    filter: str | None = Field(
        None,
        min_length=1,
        max_length=MOST_CHARACTERS,
        description="which products may come: and, or, not, comparisons, `in [...]`, `is null` over their attributes",
        examples=['category in ["SOFT DRINKS", "EGGS"] and price < 5'],
    )
    exclude: Ids = Field([], description="items that must not be recommended")
    item_ids: Annotated[list[Id], Field(min_length=1, max_length=500)] | None = Field(
        None, description="the only items that may come, to be put into the member's order"
    )
    locale: Literal["en", "zh"] = Field("en", description="language of the reasons")
    explain: bool = Field(True, description="whether each item says why it was chosen")
    dry_run: bool = Field(False, description="whether the answer is kept out of the log")

    def query(self, *, default_count: int, max_count: int) -> RecommendationQuery:
        """The request as the engine takes it."""
        context = self.context
        count = default_count if self.item_ids is None else min(len(self.item_ids), max_count)
        return RecommendationQuery(
            member=self.member.ref(),
            scenario=self.scenario,
            count=self.count or count,
            exclude=frozenset(self.exclude),
            basket=tuple(ProductId(product) for product in context.basket) if context else (),
            product_id=ProductId(context.product_id) if context and context.product_id else None,
            store_id=context.store_id if context else None,
            filter=self.filter,
            item_ids=None if self.item_ids is None else tuple(self.item_ids),
            locale=self.locale,
        )


class ReasonAnswer(BaseModel):
    """Why an item was chosen."""

    code: str = Field(description="a stable code", examples=["bought_often"])
    sentence: str = Field(description="the reason in the asked language")


class BundledProductAnswer(BaseModel):
    """A product that belongs to an item."""

    id: str
    name: str
    price: float | None = Field(description="in the shop's currency, null where it is unknown")


class ItemAnswer(BaseModel):
    """One recommended item; what a type does not have is left out."""

    id: str
    type: ItemType
    name: str
    score: float = Field(description="compares the items of one answer only; higher is better")
    source: str = Field(description="what put it there: the model that weighed most, or the rule")
    reasons: list[ReasonAnswer]
    products: list[BundledProductAnswer] | None = Field(
        None, description="of a bundle, its products; of a coupon or content, products that it names"
    )
    total_price: float | None = Field(None, description="of a bundle: the price of its products together")
    support: float | None = Field(None, description="of a bundle: share of orders that hold all its products, 0..1")
    lift: float | None = Field(None, description="of a bundle: how many times likelier together than by chance")
    expected_on: date | None = Field(None, description="of a product due again: the day it is expected to be bought")
    ends_on: date | None = Field(None, description="of a coupon or content: its last day")
    exploration_probability: float | None = Field(
        None, description="of a product that the lot put here: the chance with which it did"
    )


class RecommendationAnswer(BaseModel):
    """Exactly as many items as asked for, or in `filtered` why there are fewer."""

    recommendation_id: str = Field(description="name it in events, so that results can be attributed")
    as_of: str = Field(description="the moment the answer is true for, UTC")
    release: str = Field(description="the release that answered")
    items: list[ItemAnswer]
    fallback: str | None = Field(description="why the answer is not personal, null when it is")
    filtered: dict[str, int] = Field(description="items removed of those looked at, by the rule's code")


def answer_json(recommendation_id: str, recommendation: Recommendation, *, explain: bool) -> dict[str, Any]:
    """The answer as RecommendationAnswer documents it; `Any` because JSON is."""
    return {
        "recommendation_id": recommendation_id,
        "as_of": moment_text(recommendation.as_of),
        "release": recommendation.release_id,
        "items": [_item(item, explain=explain) for item in recommendation.items],
        "fallback": recommendation.fallback,
        "filtered": recommendation.filtered,
    }


def _item(item: RecommendedItem, *, explain: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "id": item.id,
        "type": item.type,
        "name": item.name,
        "score": round(item.score, 6),
        "source": item.source,
        "reasons": [{"code": each.code, "sentence": each.sentence} for each in item.reasons] if explain else [],
    }
    if item.products:
        answer["products"] = [{"id": each.product_id, "name": each.name, "price": each.price} for each in item.products]
    for name in ("total_price", "support", "lift"):
        if (figure := getattr(item, name)) is not None:
            answer[name] = figure
    for name in ("expected_on", "ends_on"):
        if (day := getattr(item, name)) is not None:
            answer[name] = day.isoformat()
    if item.exploration_probability:
        answer["exploration_probability"] = round(item.exploration_probability, 6)
    return answer
