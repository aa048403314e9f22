"""GET /v1/audiences/{id}/results: what came of an audience."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from serving.api.access import AudiencesKey, State
from serving.api.answering import failures, json_answer
from serving.api.audiences import ROUTE, PathId, finished_audience
from serving.results.results import audience_results

router = APIRouter(tags=["audiences"])


class GroupAnswer(BaseModel):
    """What persons who were treated alike did."""

    members: int
    buyers: int
    rate: float
    revenue: float | None = Field(description="null where the target is no purchase")
    revenue_per_member: float | None


class EffectAnswer(BaseModel):
    """An estimate and its 95% interval; null where it cannot be said."""

    estimate: float | None
    low: float | None
    high: float | None


class LiftAnswer(BaseModel):
    """Selected against held out."""

    level: float
    difference: EffectAnswer = Field(description="of the shares of buyers")
    ratio: EffectAnswer = Field(description="of the shares of buyers")
    revenue_per_member: EffectAnswer = Field(description="difference of the means")
    more_buyers: EffectAnswer = Field(description="buyers among the selected beyond those who buy anyway")


class ComparedAnswer(BaseModel):
    """What was predicted for those selected, and what they did."""

    expected: float | None
    low: float | None = Field(description="the truth was to lie between `low` and `high` nine times in ten")
    high: float | None
    actual: float | None
    is_within: bool | None


class PredictedAnswer(BaseModel):
    """Predicted against actual."""

    buyers: ComparedAnswer
    revenue: ComparedAnswer


class PersonsAnswer(BaseModel):
    """How the members of then became the persons of now."""

    members: int
    persons: int
    held_out_wins: int = Field(description="persons with a selected and a held-out id; they count as held out")
    no_longer_known: int


class ResultsAnswer(BaseModel):
    """What came of an audience."""

    id: str
    as_of: str
    until: str
    horizon_days: int
    is_placebo: bool = Field(description="nobody was told, so that there was no effect to find")
    note: str
    contacts: str = Field(description="`synthetic` where the shop's contacts are generated")
    products: int | None = Field(description="whose purchases count; null where the target is no set of products")
    selected: GroupAnswer
    held_out: GroupAnswer
    exported: GroupAnswer = Field(description="of those selected, whoever was handed over before the horizon ended")
    lift: LiftAnswer
    predicted: PredictedAnswer
    persons: PersonsAnswer


@router.get(ROUTE + "/{audience_id}/results", response_model=ResultsAnswer, responses=failures(404, 409))
def results(
    state: State,
    _key: AudiencesKey,
    audience_id: PathId,
    product_id: Annotated[
        list[str] | None,
        Query(max_length=100, description="of a launch: the products that were launched in the end"),
    ] = None,
) -> Response:
    """Show what came of an audience, once its horizon has passed: buyers, revenue, lift, and what was predicted."""
    with state.records.reading() as transaction:
        audience = finished_audience(transaction, audience_id, what="a result")
    found: dict[str, Any] = audience_results(
        state.settings, state.records, audience, product_ids=tuple(product_id or ())
    ).to_json()
    return json_answer(found)
