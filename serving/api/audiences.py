"""/v1/audiences: asking for an audience, watching it and stopping it."""

from __future__ import annotations

import json
import logging
import time
from typing import Annotated

import anyio
from fastapi import APIRouter, Header, Path, Query
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from features.contracts.errors import BadRequest, Conflict, NotFound
from features.contracts.ids import AudienceId
from features.contracts.tag_settings import refuse_undeclared
from serving.api.access import AudiencesKey, State
from serving.api.answering import failures, json_answer, json_text, text_answer
from serving.api.audience_answers import AudienceAnswer, AudiencesAnswer, audience_json
from serving.api.audience_bodies import AudienceRequest
from serving.api.idempotency import FirstAnswer, IdempotencyKey, first_answer, replayed
from serving.audiences.rule import AudienceRule
from serving.new_ids import new_id
from serving.records.audiences import (
    AudienceRecord,
    AudienceState,
    add_audience,
    ask_to_cancel,
    find_audience,
    page_of_audiences,
)
from serving.records.opening import Transaction
from serving.state import ServiceState

ROUTE = "/v1/audiences"
UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
LOOK_SECONDS = 0.1
"""How often a dry run's request looks whether it is done."""

log = logging.getLogger(__name__)
router = APIRouter(tags=["audiences"])

PathId = Annotated[str, Path(max_length=64, description="the audience's id")]


@router.post(
    ROUTE,
    status_code=202,
    response_model=AudienceAnswer,
    responses={200: {"model": AudienceAnswer, "description": "The figures of a dry run"}, **failures(409, 413)},
)
async def create_audience(
    body: AudienceRequest,
    state: State,
    key: AudiencesKey,
    idempotency_key: IdempotencyKey = None,
    prefer: Annotated[
        str | None, Header(max_length=200, description="`respond-async`: a dry run answers with its place at once")
    ] = None,
) -> Response:
    """Ask for an audience: who is likeliest to buy these goods.

    Answers at once with an id; the audience is built in the background. Follow `Location` for its state. A dry run
    answers with its figures; one that takes long answers with its place, as an audience does. Its curve, drivers,
    profile and associated products can be asked for a day.
    """
    rule = body.rule(max_size=state.settings.serving.audience_max_size)
    refuse_undeclared(state.settings.tags, rule.population.tags, where="population.tags")
    first = first_answer(idempotency_key, holder=key, route=ROUTE, body=body)
    answer, audience_id = await run_in_threadpool(_ask, state, body, rule, first)
    if not body.dry_run or _is_async(prefer):
        return answer
    until = time.monotonic() + state.settings.audiences.dry_run_seconds
    while not (audience := await run_in_threadpool(_read, state, audience_id)).state.is_final:
        if time.monotonic() >= until:
            return answer
        await anyio.sleep(LOOK_SECONDS)
    if audience.state is not AudienceState.DONE:
        raise BadRequest(audience.error or f"this dry run was {audience.state}")
    return json_answer(audience_json(audience, state.forgotten.forgotten))


@router.get(ROUTE, response_model=AudiencesAnswer, responses=failures())
def list_audiences(
    state: State,
    _key: AudiencesKey,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(pattern=UUID, description="`next_cursor` of the page before")] = None,
) -> Response:
    """List audiences, newest first; dry runs are not among them."""
    with state.records.reading() as transaction:
        # one more than asked for tells whether there is a next page
        found = page_of_audiences(transaction, limit=limit + 1, before=cursor)
    page = found[:limit]
    next_cursor = page[-1].audience_id if len(found) > limit else None
    items = [audience_json(audience, state.forgotten.forgotten) for audience in page]
    return json_answer({"items": items, "next_cursor": next_cursor})


@router.get(ROUTE + "/{audience_id}", response_model=AudienceAnswer, responses=failures(404))
def audience_status(state: State, _key: AudiencesKey, audience_id: PathId) -> Response:
    """Show an audience: its state, progress and, once done, its figures."""
    return json_answer(audience_json(_read(state, audience_id), state.forgotten.forgotten))


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
        text = json_text(audience_json(audience or before, state.forgotten.forgotten))
        if first is not None:
            first.remember(transaction, status=200, text=text, at=at)
    return text_answer(text)


def _is_async(prefer: str | None) -> bool:
    """Whether the asker would rather look again than wait (RFC 7240)."""
    return any(each.strip().lower() == "respond-async" for each in (prefer or "").split(","))


def known_audience(transaction: Transaction, audience_id: str) -> AudienceRecord:
    """The audience of that id. Raises NotFound."""
    audience = find_audience(transaction, AudienceId(audience_id))
    if audience is None:
        raise NotFound("there is no audience of that id; list them with GET /v1/audiences")
    return audience


def finished_audience(
    transaction: Transaction, audience_id: str, *, what: str, may_be_dry_run: bool = False
) -> AudienceRecord:
    """The audience of that id; `what` is asked of it. Raises NotFound, and Conflict until it is done.

    It has members, unless it may be a dry run.
    """
    audience = known_audience(transaction, audience_id)
    if audience.is_dry_run and not may_be_dry_run:
        raise Conflict(f"this was a dry run, which keeps no members; ask without dry_run for {what}")
    if audience.state is not AudienceState.DONE:
        raise Conflict(f"this audience is {audience.state}; there is {what} once it is done")
    return audience


def _ask(
    state: ServiceState, body: AudienceRequest, rule: AudienceRule, first: FirstAnswer | None
) -> tuple[Response, AudienceId]:
    """The 202 of an audience that is now on record and in the queue, or the first answer again."""
    at = state.now()
    audience_id = AudienceId(new_id(at))
    # the audience and the answer to its key are stored together: a repetition never asks for a second audience
    with state.records.writing() as transaction:
        if first is not None and (found := first.find(transaction, at=at)) is not None:
            before = AudienceId(json.loads(found.response)["id"])
            return replayed(found, headers={"Location": f"{ROUTE}/{before}"}), before
        audience = add_audience(
            transaction, audience_id, name=body.name, rule=rule.to_json(), at=at, is_dry_run=body.dry_run
        )
        text = json_text(audience_json(audience, state.forgotten.forgotten))
        if first is not None:
            first.remember(transaction, status=202, text=text, at=at)
    _enqueue(state, audience_id)
    return text_answer(text, status=202, headers={"Location": f"{ROUTE}/{audience_id}"}), audience_id


def _read(state: ServiceState, audience_id: str) -> AudienceRecord:
    with state.records.reading() as transaction:
        return known_audience(transaction, audience_id)


def _enqueue(state: ServiceState, audience_id: AudienceId) -> None:
    try:
        state.queue.enqueue(audience_id)
    except Exception:
        # the audience is on record as queued: the worker finds it there, so the 202 stays true
        log.exception("audience_not_enqueued audience=%s; the worker will find it by itself", audience_id)
