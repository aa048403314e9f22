"""/console/stores/{store_id}: whom a store's associates should talk to today."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from serving.api.access import State
from serving.auth import Scope
from serving.console.member_address import member_address, store_address
from serving.console.rendering import render
from serving.console.visit import SignedIn
from serving.console.words.member import WORK
from serving.members.greeting import names_of
from serving.stores.worklist import FIRST, WorkReason
from serving.stores.worklist_now import store_today

PER_PAGE = 25

router = APIRouter(include_in_schema=False)


@router.get("/console/stores/{store_id:path}")
def show(
    request: Request,
    state: State,
    visitor: SignedIn,
    store_id: Annotated[str, Path(min_length=1, max_length=255)],
    reason: WorkReason | None = None,
    start: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> Response:
    """The members who stand on the list for a reason, in pages."""
    visitor.holder.require(Scope.MEMBERS)
    visitor.holder.require_store(store_id)
    look = partial(store_today, state, store_id, locale=visitor.language.code, start=start, count=PER_PAGE)
    today = look(reason=reason or FIRST)
    if reason is None:
        counts = today.worklist.counts
        reason = next((each for each in WorkReason if counts[each]), WorkReason.HERE_NOW)
    say = visitor.language.say
    return render(
        request,
        "worklist.html",
        visitor,
        today=today,
        items=today.worklist.items,
        names=names_of(state, [each.member_id for each in today.worklist.items]),
        reason=reason,
        reasons=[(each, say(WORK[each][0]), today.worklist.counts[each]) for each in WorkReason],
        nobody=say(WORK[reason][1]),
        next_step=say(WORK[reason][2]),
        start=start,
        per_page=PER_PAGE,
        own_address=store_address(store_id),
        member_address=member_address,
    )
