"""GET /v1/members/{member_id}: what is known of one member."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from features.contracts.clock import moment_text
from features.contracts.errors import NotFound
from serving.answers import MemberPage, MemberRef
from serving.api.access import MembersKey, State
from serving.api.answering import failures, json_answer

router = APIRouter(tags=["members"])


class FactAnswer(BaseModel):
    """One feature of the member."""

    name: str
    value: str | float | None
    unit: str
    sentence: str = Field(description="the fact in words")


class PurchaseAnswer(BaseModel):
    """A product bought lately."""

    id: str
    name: str
    ordered_at: str = Field(description="UTC")


class MemberAnswer(BaseModel):
    """What is known of one member."""

    member_id: str
    as_of: str
    release: str
    facts: list[FactAnswer]
    recent_purchases: list[PurchaseAnswer]


@router.get("/v1/members/{member_id}", response_model=MemberAnswer, responses=failures(404))
def member_page(state: State, _key: MembersKey, member_id: Annotated[str, Path(max_length=200)]) -> Response:
    """Show what is known of a member: features in words, and recent purchases."""
    page = state.releases.engine.member_page(MemberRef(member_id=member_id))
    if page is None:
        raise NotFound("there is no member of that id in this release")
    return json_answer(_member(page))


def _member(page: MemberPage) -> dict[str, Any]:
    return {
        "member_id": page.member_id,
        "as_of": moment_text(page.as_of),
        "release": page.release_id,
        "facts": [
            {"name": fact.name, "value": fact.value, "unit": fact.unit, "sentence": fact.sentence}
            for fact in page.facts
        ],
        "recent_purchases": [
            {"id": purchase.product_id, "name": purchase.name, "ordered_at": moment_text(purchase.ordered_at)}
            for purchase in page.recent_purchases
        ],
    }
