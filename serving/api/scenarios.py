"""GET /v1/scenarios: the places in an app that have recommendations."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from features.contracts.scenario_settings import ScenarioKind
from serving.api.access import RecommendKey, State
from serving.api.answering import failures, json_answer

router = APIRouter(tags=["recommendations"])

WORDS: dict[ScenarioKind, str] = {
    "home": "what the member is likeliest to want, of what they buy and of what is new to them",
    "replenish": "what the member buys and is due to buy again, with the expected day",
    "discover": "what the member has never bought and is likely to",
    "cart": "what completes the basket in `context.basket`",
    "product": "what is similar to, and bought together with, the product in `context.product_id`",
    "associate": "whole bundles that an associate can offer, with price, support and lift",
    "coupon": "running coupons, by the chance that the member redeems them",
    "content": "running contents, by the products and categories that they name",
}


class ScenarioAnswer(BaseModel):
    """One scenario."""

    name: str = Field(description="send it as `scenario`")
    kind: ScenarioKind
    sentence: str = Field(description="what it answers")


class ScenariosAnswer(BaseModel):
    """The scenarios in service."""

    items: list[ScenarioAnswer]
    next_cursor: str | None = Field(description="always null: all are listed")


@router.get("/v1/scenarios", response_model=ScenariosAnswer, responses=failures())
def list_scenarios(state: State, _key: RecommendKey) -> Response:
    """List the scenarios that can be asked for."""
    scenarios = sorted(state.scenarios.current.items())
    items = [{"name": name, "kind": each.kind, "sentence": WORDS[each.kind]} for name, each in scenarios]
    return json_answer({"items": items, "next_cursor": None})
