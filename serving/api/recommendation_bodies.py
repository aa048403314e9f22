"""What a recommendation is asked with and answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from features.contracts.clock import moment_text
from features.contracts.ids import ProductId
from serving.answers import Recommendation, RecommendationQuery, RecommendedItem
from serving.api.members_named import Body, Id, NamedMember

SCENARIOS = ("home",)
"""The places in an app that have recommendations."""

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
    scenario: str = Field("home", max_length=100, description=f"the place in the app: {', '.join(SCENARIOS)}")
    count: int | None = Field(None, ge=1, description="how many products; the service's default when left out")
    context: RequestContext | None = Field(None, description="where the member is and what they are doing")
    exclude: Ids = Field([], description="products that must not be recommended")
    locale: Literal["en", "zh"] = Field("en", description="language of the reasons")
    explain: bool = Field(True, description="whether each item says why it was chosen")
    dry_run: bool = Field(False, description="whether the answer is kept out of the log")

    def query(self, *, default_count: int) -> RecommendationQuery:
        """The request as the engine takes it."""
        basket = self.context.basket if self.context else []
        looked_at = [self.context.product_id] if self.context and self.context.product_id else []
        return RecommendationQuery(
            member=self.member.ref(),
            scenario=self.scenario,
            count=self.count or default_count,
            exclude=frozenset(ProductId(product) for product in (*self.exclude, *looked_at)),
            basket=frozenset(ProductId(product) for product in basket),
            locale=self.locale,
        )


class ReasonAnswer(BaseModel):
    """Why an item was chosen."""

    code: str = Field(description="a stable code", examples=["bought_often"])
    sentence: str = Field(description="the reason in the asked language")


class ItemAnswer(BaseModel):
    """One recommended product."""

    id: str
    type: Literal["product"]
    name: str
    score: float = Field(description="compares the items of one answer only; higher is better")
    source: str = Field(description="the model that weighed most")
    reasons: list[ReasonAnswer]


class RecommendationAnswer(BaseModel):
    """Exactly as many items as asked for, or in `filtered` why there are fewer."""

    recommendation_id: str = Field(description="name it in events, so that results can be attributed")
    as_of: str = Field(description="the moment the answer is true for, UTC")
    release: str = Field(description="the release that answered")
    items: list[ItemAnswer]
    fallback: str | None = Field(description="why the answer is not personal, null when it is")
    filtered: dict[str, int] = Field(description="products removed, by the rule's code")


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
    return {
        "id": item.product_id,
        "type": "product",
        "name": item.name,
        "score": round(item.score, 6),
        "source": item.source,
        "reasons": [{"code": reason.code, "sentence": reason.sentence} for reason in item.reasons] if explain else [],
    }
