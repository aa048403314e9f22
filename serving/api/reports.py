"""GET /v1/reports/recommendations: what came of what was recommended."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from serving.api.access import AudiencesKey, State
from serving.api.answering import failures, json_answer
from serving.reports.recommendations import recommendation_report

router = APIRouter(tags=["reports"])


class TotalAnswer(BaseModel):
    """What was shown and what is attributed to it."""

    shown: int = Field(description="items")
    clicked: int = Field(description="items that an event answered by naming their recommendation")
    bought: int = Field(description="purchases: a product in an order; each counts once, for what was shown last")
    revenue: float


class OutcomeAnswer(TotalAnswer):
    """The same of one source in one scenario by one release."""

    scenario: str
    source: str
    release: str
    model: str | None = Field(description="the release's model; null where the release is no longer kept")
    recommendations: int = Field(description="answers that held at least one of the items")


class DayAnswer(TotalAnswer):
    """The same of what was shown on one day."""

    day: str = Field(description="in the shop's zone")


class RecommendationReportAnswer(BaseModel):
    """What came of the recommendations of some days."""

    since: str
    until: str
    click_days: int
    bought_days: int
    currency: str
    note: str
    outcomes: list[OutcomeAnswer]
    scenarios: dict[str, TotalAnswer]
    by_day: list[DayAnswer]
    total: TotalAnswer


@router.get("/v1/reports/recommendations", response_model=RecommendationReportAnswer, responses=failures())
def report_on_recommendations(
    state: State,
    _key: AudiencesKey,
    days: Annotated[int, Query(ge=1, le=400, description="recommendations of so many last days")] = 28,
) -> Response:
    """Show what was shown, clicked and bought, and for how much, by scenario, source and release.

    A purchase is attributed, not caused: the product was shown to the member some days before. A report that took long
    to count is answered again for a minute; `until` says up to when it counts.
    """
    report = state.reports.of(
        days, lambda: recommendation_report(state.settings, state.records, now=state.now(), days=days)
    )
    return json_answer(report.to_json())
