"""The page that an associate needs of one member, and the search for it by what a person types."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from serving.api.access import MembersKey, State
from serving.api.answering import failures, json_answer
from serving.api.member_answers import MemberAnswer, member_json
from serving.api.members_named import Body, Id, MemberInPath
from serving.members.finding import FoundBy, find_members
from serving.members.page import member_view

router = APIRouter(tags=["members"])

Locale = Annotated[Literal["en", "zh"], Query(description="language of the sentences")]


class FindRequest(Body):
    """What a person types to find a member."""

    text: Id = Field(description="a member's id, a phone number or a card as it is written, or a channel's id")
    source: Id | None = Field(None, description="the channel whose id it is; without it, everything is tried")


class FoundAnswer(BaseModel):
    """A member whom the text names."""

    member_id: str
    by: FoundBy = Field(description="what the text is of the member")
    source: str | None = Field(description="the channel, when it is a channel's id")


class FoundMembersAnswer(BaseModel):
    """Every member whom the text names."""

    items: list[FoundAnswer]


@router.post("/v1/members/find", response_model=FoundMembersAnswer, responses=failures())
def find(body: FindRequest, state: State, _key: MembersKey) -> Response:
    """Find members by what a person types: an id, a phone number in any notation, a card, or a channel's id.

    A number or a card that several members share names nobody. Nothing of the text is logged or kept.
    """
    found = find_members(state, body.text, source=body.source)
    items = [{"member_id": each.member_id, "by": each.by.value, "source": each.source} for each in found]
    return json_answer({"items": items})


@router.get("/v1/members/{member_id:path}", response_model=MemberAnswer, responses=failures(404))
def member_page(state: State, _key: MembersKey, member: MemberInPath, locale: Locale = "en") -> Response:
    """Show what is known of a member, named by any id: who it is, what it likes, holds, is due for and just did.

    What the release knew is packed in one row; events and coupons claimed are read as they are told. A key bound to a
    store may look up every member: one may walk in anywhere.
    """
    return json_answer(member_json(member_view(state, member, locale=locale)))
