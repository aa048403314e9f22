"""DELETE /v1/members/{member_id}: forget a member, excluded at once and removed at the next run."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from features.contracts.clock import moment_text
from features.contracts.errors import NotFound, StoreUnavailable
from features.contracts.ids import MemberId
from serving.answers import MemberRef
from serving.api.access import PrivacyKey, State
from serving.api.answering import failures, json_answer
from serving.api.members_named import MemberInPath
from serving.forgetting.asking import Asking
from serving.records.forgotten import Forgetting
from serving.state import ServiceState

router = APIRouter(tags=["members"])


class ForgettingAnswer(BaseModel):
    """What becomes of a member who asked to be forgotten."""

    forgetting_id: str
    state: Literal["excluded", "removed"] = Field(
        description="excluded: recommended to, exported and shown nowhere any more; removed: nothing is kept of them"
    )
    asked_at: str
    removed_at: str | None = Field(description="null until the next `faces forget` or `faces load` has removed all")


@router.delete(
    "/v1/members/{member_id:path}", status_code=202, response_model=ForgettingAnswer, responses=failures(404, 503)
)
def forget_member(state: State, key: PrivacyKey, member: MemberInPath) -> Response:
    """Forget a member, named by any id: excluded everywhere at once, removed from every place at the next run.

    The same again answers the same. Whoever joins anew later is a new member, without a past.
    """
    asking = Asking(settings=state.settings, records=state.records, who=key.key_id)
    forgetting = asking.forget(member, known_as=_known_as(state, member), at=state.now())
    if forgetting is None:
        raise NotFound("there is no member of that id")
    state.forgotten.look()
    return json_answer(_answer(forgetting), status=202)


def _known_as(state: ServiceState, member: MemberRef) -> MemberId | None:
    try:
        known = state.releases.engine.known(member)
    except StoreUnavailable:
        # the tables know the member as well; forgetting must not wait for the online store
        return None
    return None if known is None else known.member_id


def _answer(forgetting: Forgetting) -> dict[str, Any]:
    """`Any` because JSON is."""
    return {
        "forgetting_id": forgetting.forgetting_id,
        "state": "excluded" if forgetting.done_at is None else "removed",
        "asked_at": moment_text(forgetting.asked_at),
        "removed_at": moment_text(forgetting.done_at) if forgetting.done_at else None,
    }
