"""The stores, and the worklist of each: whom its associates should talk to today."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from features.contracts.clock import moment_text
from serving.api.access import MembersKey, State
from serving.api.answering import failures, json_answer
from serving.stores.worklist import WorkItem, WorkReason
from serving.stores.worklist_now import store_today
from training.release.stores import Store

MOST_ITEMS = 200

router = APIRouter(tags=["stores"])

Limit = Annotated[int, Query(ge=1, le=MOST_ITEMS, description="items of a page")]
Cursor = Annotated[
    str | None, Query(pattern=r"^\d{1,9}$", description="`next_cursor` of the page before; none: the first page")
]


class StoreAnswer(BaseModel):
    """A store."""

    id: str
    name: str | None
    city: str | None
    region: str | None
    members: int = Field(description="members at home in it: most of their spend of a year, or joined and none yet")


class StoresAnswer(BaseModel):
    """A page of stores."""

    items: list[StoreAnswer]
    next_cursor: str | None


class WorkItemAnswer(BaseModel):
    """A member, and why the store's associates should know."""

    member_id: str
    reason: WorkReason
    sentence: str = Field(description="why, in the asked language")
    at: str | None = Field(description="when the member came, joined or is expected, UTC; null for a benefit")


class WorklistAnswer(BaseModel):
    """A page of a store's worklist: who is here, who joined today, who is due, who has something unused."""

    store: StoreAnswer
    as_of: str
    items: list[WorkItemAnswer]
    counts: dict[WorkReason, int] = Field(description="how many stand on the whole list, by reason")
    next_cursor: str | None


@router.get("/v1/stores", response_model=StoresAnswer, responses=failures())
def stores(state: State, key: MembersKey, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """List the stores that the key may see, by id: a key bound to a store sees that one alone."""
    known = state.releases.engine.stores
    every = () if known is None else known.by_id.values()
    seen = [each for each in every if key.store_id in (None, each.store_id)]
    start = int(cursor or 0)
    end = start + limit
    return json_answer(
        {"items": [_store(each) for each in seen[start:end]], "next_cursor": str(end) if end < len(seen) else None}
    )


@router.get("/v1/stores/{store_id:path}/worklist", response_model=WorklistAnswer, responses=failures(404))
def worklist(
    state: State,
    key: MembersKey,
    store_id: Annotated[str, Path(min_length=1, max_length=255)],
    reason: Annotated[WorkReason | None, Query(description="only the members who stand on it for this reason")] = None,
    locale: Annotated[Literal["en", "zh"], Query(description="language of the sentences")] = "en",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Show whom a store's associates should talk to today, each with the reason in a sentence.

    Who is in the store now, who joined in it today, who is expected, and who was given something and has used none of
    it. A key bound to another store is refused.
    """
    key.require_store(store_id)
    today = store_today(state, store_id, reason=reason, locale=locale, start=int(cursor or 0), count=limit)
    made = today.worklist
    return json_answer(
        {
            "store": _store(today.store),
            "as_of": moment_text(today.as_of),
            "items": [_item(each) for each in made.items],
            "counts": made.counts,
            "next_cursor": None if made.next_start is None else str(made.next_start),
        }
    )


def _store(store: Store) -> dict[str, Any]:
    # `Any` because JSON is
    return {
        "id": store.store_id,
        "name": store.name,
        "city": store.city,
        "region": store.region,
        "members": store.members,
    }


def _item(item: WorkItem) -> dict[str, Any]:
    # `Any` because JSON is
    return {
        "member_id": item.member_id,
        "reason": item.reason.value,
        "sentence": item.sentence,
        "at": None if item.at is None else moment_text(item.at),
    }
