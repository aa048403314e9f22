"""POST /v1/events: what persons did, as it happens."""

from __future__ import annotations

from asyncio import wrap_future

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from serving.api.access import EventsKey, State
from serving.api.answering import failures, json_text, text_answer
from serving.api.event_bodies import EventsAnswer, EventsRequest
from serving.api.idempotency import FirstAnswer, IdempotencyKey, first_answer, replayed
from serving.api.quick_route import quick_route
from serving.auth import Scope
from serving.records.idempotency import RememberedAnswer
from serving.state import ServiceState

ROUTE = "/v1/events"

router = APIRouter(tags=["events"], route_class=quick_route(EventsRequest, Scope.EVENTS))


@router.post(ROUTE, response_model=EventsAnswer, responses=failures(409, 413))
async def take_events(
    body: EventsRequest, state: State, key: EventsKey, idempotency_key: IdempotencyKey = None
) -> Response:
    """Tell what persons did: at most 500 events at a time, of any persons.

    An event is named by its `message_id` and counts once however often it is sent. Each is checked by itself: the
    sound ones are stored for good before this answers, the others are named in `rejected`. The next recommendation
    knows of them within a second.
    """
    first = first_answer(idempotency_key, holder=key, route=ROUTE, body=body)
    if first is not None and (found := await run_in_threadpool(_find, state, first)) is not None:
        return replayed(found)
    checked = state.event_check.check(body.events, at=state.now())
    taken = await wrap_future(state.intake.take(checked.events))
    state.metrics.took_events(accepted=taken.accepted, duplicates=taken.duplicates, rejected=len(checked.rejected))
    text = json_text(
        {
            "accepted": taken.accepted,
            "duplicates": taken.duplicates,
            "rejected": [each.model_dump() for each in checked.rejected],
        }
    )
    if first is not None and (other := await run_in_threadpool(_remember, state, first, text)) is not None:
        return replayed(other)
    return text_answer(text)


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
