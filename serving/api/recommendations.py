"""POST /v1/recommendations: what to show this member."""

from __future__ import annotations

import time

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from features.contracts.errors import BadRequest
from features.contracts.settings import ServingSettings
from serving.answers import Recommendation
from serving.api.access import RecommendKey, State
from serving.api.answering import failures, json_text, text_answer
from serving.api.idempotency import FirstAnswer, IdempotencyKey, first_answer, replayed
from serving.api.quick_route import quick_route
from serving.api.recommendation_bodies import RecommendationAnswer, RecommendationRequest, answer_json
from serving.auth import Scope
from serving.new_ids import new_id
from serving.records.idempotency import RememberedAnswer
from serving.records.recommendations import LoggedRecommendation
from serving.scenarios_in_service import Scenarios
from serving.state import ServiceState

ROUTE = "/v1/recommendations"
ONLY_VARIANT = "default"

router = APIRouter(tags=["recommendations"], route_class=quick_route(RecommendationRequest, Scope.RECOMMEND))


# async, in the event loop: an answer takes about a millisecond, less than a thread's hand-over under load would add
@router.post(ROUTE, response_model=RecommendationAnswer, responses=failures(409, 413))
async def recommend(
    body: RecommendationRequest, state: State, key: RecommendKey, idempotency_key: IdempotencyKey = None
) -> Response:
    """Recommend products, bundles, coupons or contents to a member, as the scenario says.

    Answers exactly `count` items, or says in `filtered` why there are fewer; `fallback` says why an answer is not
    personal. With `item_ids`, those items alone come, in the member's order. `GET /v1/scenarios` lists the scenarios.
    Every answer is logged under its `recommendation_id`, except a dry run.
    """
    started = time.perf_counter()
    serving = state.settings.serving
    _check(body, state.scenarios.current, serving)
    first = first_answer(idempotency_key, holder=key, route=ROUTE, body=body)
    if first is not None and (found := await run_in_threadpool(_find, state, first)) is not None:
        return replayed(found)
    query = body.query(default_count=serving.default_count, max_count=serving.max_count)
    recommendation = state.releases.engine.recommend(query)
    recommendation_id = new_id(state.now())
    text = json_text(answer_json(recommendation_id, recommendation, explain=body.explain))
    if first is not None and (other := await run_in_threadpool(_remember, state, first, text)) is not None:
        return replayed(other)
    if not body.dry_run:
        state.log.add(_logged(recommendation_id, recommendation, body, state))
    fallback = recommendation.fallback.value if recommendation.fallback else None
    state.metrics.recommended(scenario=body.scenario, fallback=fallback, seconds=time.perf_counter() - started)
    return text_answer(text)


def _check(body: RecommendationRequest, scenarios: Scenarios, settings: ServingSettings) -> None:
    scenario = scenarios.get(body.scenario)
    if scenario is None:
        raise BadRequest(f"body.scenario: there is no such scenario; there are: {', '.join(sorted(scenarios))}")
    if scenario.kind == "product" and body.item_ids is None and (body.context is None or not body.context.product_id):
        raise BadRequest(f"body.context.product_id: scenario {body.scenario} needs the product being looked at")
    if body.count is not None and body.count > settings.max_count:
        raise BadRequest(f"body.count: {body.count} is more than the {settings.max_count} that the settings allow")


def _find(state: ServiceState, first: FirstAnswer) -> RememberedAnswer | None:
    with state.records.reading() as transaction:
        return first.find(transaction, at=state.now())


def _remember(state: ServiceState, first: FirstAnswer, text: str) -> RememberedAnswer | None:
    """The answer of a repetition that was quicker, if there was one; else this answer is kept."""
    at = state.now()
    with state.records.writing() as transaction:
        if (found := first.find(transaction, at=at)) is not None:
            return found
        first.remember(transaction, status=200, text=text, at=at)
    return None


def _logged(
    recommendation_id: str, recommendation: Recommendation, body: RecommendationRequest, state: ServiceState
) -> LoggedRecommendation:
    return LoggedRecommendation(
        recommendation_id=recommendation_id,
        logged_at=state.now(),
        as_of=recommendation.as_of,
        member_id=recommendation.member_id,
        scenario=body.scenario,
        variant=ONLY_VARIANT,
        release_id=recommendation.release_id,
        fallback=recommendation.fallback,
        items=recommendation.items,
    )
