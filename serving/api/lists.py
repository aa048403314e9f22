"""/v1/lists: uploaded lists of members and products, to sell, to narrow and to leave out."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from features.contracts.clock import moment_text
from features.contracts.errors import NotFound
from features.contracts.secrecy import contact_cipher
from serving.api.access import AudiencesKey, State
from serving.api.answering import failures, json_answer, json_text, text_answer
from serving.api.audiences import UUID
from serving.api.idempotency import IdempotencyKey, first_answer, replayed
from serving.api.members_named import Body
from serving.lists.uploading import Upload
from serving.new_ids import new_id
from serving.records.audit import AuditEntry, add_audit
from serving.records.id_lists import IdList, ListKind, add_list, find_list, page_of_lists, remove_list
from serving.records.opening import Transaction
from serving.state import ServiceState

ROUTE = "/v1/lists"
GONE = "there is no list of that id; list them with GET /v1/lists"

router = APIRouter(tags=["lists"])

PathId = Annotated[str, Path(max_length=64, description="the list's id")]


class IdsBody(Body):
    """Ids for a list; as many as a body may hold, further ones in further requests."""

    ids: list[str] = Field(
        min_length=1,
        examples=[["1", "2", "3"]],
        description="of phone numbers the SHA-256 in hex of the normalised number",
    )


class ListBody(IdsBody):
    """A new list."""

    name: str = Field(min_length=1, max_length=200)
    kind: ListKind = Field(description="what the ids name")


class CountsAnswer(BaseModel):
    """What was given so far, as it was when it was given."""

    given: int
    malformed: int = Field(description="no id of the kind at all")
    duplicates: int
    known: int = Field(description="name a member or product of the shop")
    unknown: int


class ListAnswer(BaseModel):
    """An uploaded list."""

    id: str
    type: str = Field("list")
    name: str
    kind: ListKind
    counts: CountsAnswer
    created_at: str
    updated_at: str


class ListsAnswer(BaseModel):
    """A page of lists, newest first."""

    items: list[ListAnswer]
    next_cursor: str | None = Field(description="send it as `cursor` for the next page; null on the last one")


@router.post(ROUTE, status_code=201, response_model=ListAnswer, responses=failures(409, 413))
def create_list(body: ListBody, state: State, key: AudiencesKey, idempotency_key: IdempotencyKey = None) -> Response:
    """Upload a list of members or products.

    Ids that are unknown now are kept: they count once they become known. A list of which nothing is known is refused.
    """
    first = first_answer(idempotency_key, holder=key, route=ROUTE, body=body)
    upload = _upload(state, body.kind, body.ids)
    upload.require_somebody()
    at = state.now()
    list_id = new_id(at)
    with state.records.writing() as transaction:
        if first is not None and (found := first.find(transaction, at=at)) is not None:
            return replayed(found, headers={"Location": f"{ROUTE}/{json.loads(found.response)['id']}"})
        add_list(transaction, list_id, name=body.name, kind=body.kind, at=at)
        text = json_text(_json(_required(upload.store(transaction, list_id, at=at))))
        if first is not None:
            first.remember(transaction, status=201, text=text, at=at)
    return text_answer(text, status=201, headers={"Location": f"{ROUTE}/{list_id}"})


@router.post(ROUTE + "/{list_id}/ids", response_model=ListAnswer, responses=failures(404, 409, 413))
def extend_list(
    body: IdsBody, state: State, key: AudiencesKey, list_id: PathId, idempotency_key: IdempotencyKey = None
) -> Response:
    """Add ids to a list; those that it holds already are counted as duplicates."""
    first = first_answer(idempotency_key, holder=key, route=f"{ROUTE}/{list_id}/ids", body=body)
    with state.records.reading() as transaction:
        kind = _known(transaction, list_id).kind
    upload = _upload(state, kind, body.ids)
    at = state.now()
    with state.records.writing() as transaction:
        if first is not None and (found := first.find(transaction, at=at)) is not None:
            return replayed(found)
        text = json_text(_json(_required(upload.store(transaction, list_id, at=at))))
        if first is not None:
            first.remember(transaction, status=200, text=text, at=at)
    return text_answer(text)


@router.get(ROUTE, response_model=ListsAnswer, responses=failures())
def list_lists(
    state: State,
    _key: AudiencesKey,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(pattern=UUID, description="`next_cursor` of the page before")] = None,
) -> Response:
    """List the uploaded lists, newest first."""
    with state.records.reading() as transaction:
        found = page_of_lists(transaction, limit=limit + 1, before=cursor)
    page = found[:limit]
    next_cursor = page[-1].list_id if len(found) > limit else None
    return json_answer({"items": [_json(each) for each in page], "next_cursor": next_cursor})


@router.get(ROUTE + "/{list_id}", response_model=ListAnswer, responses=failures(404))
def show_list(state: State, _key: AudiencesKey, list_id: PathId) -> Response:
    """Show a list's counts; its ids are not shown again."""
    with state.records.reading() as transaction:
        return json_answer(_json(_known(transaction, list_id)))


@router.delete(ROUTE + "/{list_id}", status_code=204, response_class=Response, responses=failures(404))
def delete_list(state: State, key: AudiencesKey, list_id: PathId) -> Response:
    """Remove a list and its ids; audiences that were built with it stay as they are."""
    at = state.now()
    with state.records.writing() as transaction:
        if not remove_list(transaction, list_id):
            raise NotFound(GONE)
        add_audit(transaction, AuditEntry(what="list_deleted", who=key.key_id, at=at, details={"list_id": list_id}))
    return Response(status_code=204)


def _upload(state: ServiceState, kind: ListKind, values: list[str]) -> Upload:
    keyed = contact_cipher(state.settings).hash_given
    return Upload(state.settings, kind, values, keyed=keyed, are_gone=state.forgotten.members_gone)


def _known(transaction: Transaction, list_id: str) -> IdList:
    return _required(find_list(transaction, list_id))


def _required(found: IdList | None) -> IdList:
    if found is None:
        raise NotFound(GONE)
    return found


def _json(found: IdList) -> dict[str, Any]:
    # `Any` because JSON is
    return {
        "id": found.list_id,
        "type": "list",
        "name": found.name,
        "kind": found.kind,
        "counts": found.counts.to_json(),
        "created_at": moment_text(found.created_at),
        "updated_at": moment_text(found.updated_at),
    }
