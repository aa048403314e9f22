"""/console/members: find a member by an id, a phone number, a card or a channel's id."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from serving.api.access import State
from serving.auth import Scope
from serving.console.member_address import member_address
from serving.console.rendering import render
from serving.console.visit import SignedIn, Visitor
from serving.console.words.member import FOUND_BY
from serving.members.finding import FoundMember, find_members, sources_of_members
from serving.state import ServiceState

ADDRESS = "/console/members"

router = APIRouter(include_in_schema=False)


@router.get(ADDRESS)
def show(request: Request, state: State, visitor: SignedIn) -> Response:
    """The search box."""
    visitor.holder.require(Scope.MEMBERS)
    return search_page(request, state, visitor)


# by POST: what is typed may be a phone number, and an address is kept in histories and logs
@router.post(ADDRESS)
def find(
    request: Request,
    state: State,
    visitor: SignedIn,
    text: Annotated[str, Form(max_length=200)] = "",
    source: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """The member's page when one was found, else whom the text may mean, or what to try."""
    visitor.holder.require(Scope.MEMBERS)
    found = find_members(state, text, source=source or None)
    if len(found) == 1:
        return RedirectResponse(member_address(found[0].member_id), status_code=303)
    return search_page(request, state, visitor, found=found, source=source, is_answer=bool(text.strip()))


def search_page(
    request: Request,
    state: ServiceState,
    visitor: Visitor,
    *,
    found: tuple[FoundMember, ...] = (),
    source: str = "",
    is_answer: bool = False,
    is_missing: bool = False,
) -> Response:
    """The search, with what it found; `is_missing`: a member's page was asked for that there is not."""
    say, region = visitor.language.say, visitor.settings.identity.phone_region
    words = [(each, say(FOUND_BY[each.by], source=each.source)) for each in found]
    return render(
        request,
        "members.html",
        visitor,
        status=404 if is_missing else 200,
        found=[(member_address(each.member_id), each.member_id, why) for each, why in words],
        sources=sources_of_members(state.settings),
        source=source,
        is_answer=is_answer,
        is_missing=is_missing,
        region=visitor.written.words.territories.get(region, region),
    )
