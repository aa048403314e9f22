"""GET /v1/members/{member_id}: the page that an associate needs of one member."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from features.contracts.errors import NotFound
from serving.api.access import MembersKey, State
from serving.api.answering import failures, json_answer
from serving.api.member_answers import MemberAnswer, member_json
from serving.api.members_named import MemberInPath
from serving.members.latest_events import latest_events

router = APIRouter(tags=["members"])

Locale = Annotated[Literal["en", "zh"], Query(description="language of the sentences")]


@router.get("/v1/members/{member_id:path}", response_model=MemberAnswer, responses=failures(404))
def member_page(state: State, _key: MembersKey, member: MemberInPath, locale: Locale = "en") -> Response:
    """Show what is known of a member, named by any id: who it is, what it likes, holds, is due for and just did.

    What the release knew is packed in one row; events and coupons claimed are read as they are told. A key bound to a
    store may look up every member: one may walk in anywhere.
    """
    engine = state.releases.engine
    known = engine.known(member)
    if known is None or state.forgotten.is_member(known.member_id):
        raise NotFound("there is no member of that id in this release")
    view = engine.member_view(known, latest_events(state.records, known), locale=locale)
    if view.joined.brought_by is not None and state.forgotten.is_member(view.joined.brought_by):
        view = replace(view, joined=replace(view.joined, brought_by=None))
    return json_answer(member_json(view))
