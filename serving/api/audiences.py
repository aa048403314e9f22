"""/v1/audiences: asking for an audience, watching it and stopping it."""

from __future__ import annotations

import json
import logging
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from features.contracts.errors import Conflict, NotFound
from features.contracts.ids import AudienceId
from serving.api.access import AudiencesKey, State
from serving.api.answering import failures, json_answer, json_text, text_answer
from serving.api.audience_bodies import AudienceAnswer, AudienceRequest, AudiencesAnswer, audience_json
from serving.api.idempotency import IdempotencyKey, first_answer, replayed
from serving.new_ids import new_id
from serving.records.audiences import AudienceRecord, add_audience, ask_to_cancel, find_audience, page_of_audiences
from serving.records.opening import Transaction
from serving.state import ServiceState

ROUTE = "/v1/audiences"
UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

log = logging.getLogger(__name__)
router = APIRouter(tags=["audiences"])

PathId = Annotated[str, Path(max_length=64, description="the audience's id")]


@router.post(ROUTE, status_code=202, response_model=AudienceAnswer, responses=failures(409, 413))
def create_audience(
    body: AudienceRequest, state: State, key: AudiencesKey, idempotency_key: IdempotencyKey = None
) -> Response:
    """Ask for an audience: who is likeliest to buy these goods.

    Answers at once with an id; the audience is built in the background. Follow `Location` for its state.
    """
    rule = body.rule(max_size=state.settings.serving.audience_max_size)
    first = first_answer(idempotency_key, holder=key, route=ROUTE, body=body)
    at = state.now()
    audience_id = AudienceId(new_id(at))
    # the audience and the answer to its key are stored together: a repetition never asks for a second audience
    with state.records.writing() as transaction:
        if first is not None and (found := first.find(transaction, at=at)) is not None:
            return replayed(found, headers={"Location": f"{ROUTE}/{json.loads(found.response)['id']}"})
        audience = add_audience(transaction, audience_id, name=body.name, rule=rule.to_json(), at=at)
        text = json_text(audience_json(audience))
        if first is not None:
            first.remember(transaction, status=202, text=text, at=at)
    _enqueue(state, audience_id)
    return text_answer(text, status=202, headers={"Location": f"{ROUTE}/{audience_id}"})


@router.get(ROUTE, response_model=AudiencesAnswer, responses=failures())
def list_audiences(
    state: State,
    _key: AudiencesKey,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(pattern=UUID, description="`next_cursor` of the page before")] = None,
) -> Response:
    """List audiences, newest first."""
    with state.records.reading() as transaction:
        # one more than asked for tells whether there is a next page
        found = page_of_audiences(transaction, limit=limit + 1, before=cursor)
    page = found[:limit]
    next_cursor = page[-1].audience_id if len(found) > limit else None
    return json_answer({"items": [audience_json(audience) for audience in page], "next_cursor": next_cursor})


@router.get(ROUTE + "/{audience_id}", response_model=AudienceAnswer, responses=failures(404))
def audience_status(state: State, _key: AudiencesKey, audience_id: PathId) -> Response:
    """Show an audience: its state, progress and, once done, its figures."""
    with state.records.reading() as transaction:
        return json_answer(audience_json(known_audience(transaction, audience_id)))


@router.post(ROUTE + "/{audience_id}/cancel", response_model=AudienceAnswer, responses=failures(404, 409))
def cancel_audience(
    state: State, key: AudiencesKey, audience_id: PathId, idempotency_key: IdempotencyKey = None
) -> Response:
    """Stop an audience that is not finished: at once while it waits, within seconds while it is built."""
    first = first_answer(idempotency_key, holder=key, route=f"{ROUTE}/{audience_id}/cancel", body=None)
    at = state.now()
    with state.records.writing() as transaction:
        if first is not None and (found := first.find(transaction, at=at)) is not None:
            return replayed(found)
        before = known_audience(transaction, audience_id)
        if before.state.is_final:
            raise Conflict(f"this audience is {before.state} already; there is nothing to cancel")
        audience = ask_to_cancel(transaction, before.audience_id, at=at)
        text = json_text(audience_json(audience or before))
        if first is not None:
            first.remember(transaction, status=200, text=text, at=at)
    return text_answer(text)


def known_audience(transaction: Transaction, audience_id: str) -> AudienceRecord:
    """The audience of that id. Raises NotFound."""
    audience = find_audience(transaction, AudienceId(audience_id))
    if audience is None:
        raise NotFound("there is no audience of that id; list them with GET /v1/audiences")
    return audience


def _enqueue(state: ServiceState, audience_id: AudienceId) -> None:
    try:
        state.queue.enqueue(audience_id)
    except Exception:
        # the audience is on record as queued: the worker finds it there, so the 202 stays true
        log.exception("audience_not_enqueued audience=%s; the worker will find it by itself", audience_id)
