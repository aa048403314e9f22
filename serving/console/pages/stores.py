"""/console/stores: the stores whose worklists the visitor may see."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from serving.api.access import State
from serving.auth import Scope
from serving.console.member_address import store_address
from serving.console.rendering import render
from serving.console.visit import SignedIn
from training.release.stores import Store

ADDRESS = "/console/stores"
PER_PAGE = 50

router = APIRouter(include_in_schema=False)


@router.get(ADDRESS)
def show(
    request: Request,
    state: State,
    visitor: SignedIn,
    named: Annotated[str, Query(max_length=100)] = "",
    start: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> Response:
    """The stores with most members first; whoever works in one is led to its worklist."""
    visitor.holder.require(Scope.MEMBERS)
    if visitor.holder.store_id is not None:
        return RedirectResponse(store_address(visitor.holder.store_id), status_code=303)
    known = state.releases.engine.stores
    every = [] if known is None else list(known.by_id.values())
    wanted = [each for each in every if named.strip().casefold() in _text(each)]
    wanted.sort(key=lambda each: (-each.members, each.store_id))
    return render(
        request,
        "stores.html",
        visitor,
        stores=wanted[start : start + PER_PAGE],
        found=len(wanted),
        named=named,
        start=start,
        per_page=PER_PAGE,
        are_there_any=bool(every),
        store_address=store_address,
    )


def _text(store: Store) -> str:
    return " ".join(each for each in (store.store_id, store.name, store.city, store.region) if each).casefold()
