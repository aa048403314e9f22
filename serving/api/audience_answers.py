"""How an audience is shown."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from features.contracts.clock import moment_text
from features.contracts.forgotten import Forgotten
from serving.audiences.rule import AudienceRule
from serving.records.audiences import AudienceRecord, AudienceState


class ProgressAnswer(BaseModel):
    """How far the build is."""

    done: int
    all: int
    what: str


class AudienceAnswer(BaseModel):
    """An audience and its state."""

    id: str
    type: str = Field("audience")
    name: str | None
    state: AudienceState
    dry_run: bool = Field(description="only its figures were asked for")
    rule: dict[str, Any] = Field(description="what was asked for, without what was left at its default")
    progress: ProgressAnswer
    cancel_requested: bool = Field(description="a cancel was asked for and takes effect at the next step")
    error: str | None = Field(description="why it failed")
    summary: dict[str, Any] | None = Field(
        description="its figures, once done: funnel of counts, expected buyers and revenue with their intervals, "
        "warnings and notes, and `remarks`: both in English and Chinese, each with a code"
    )
    created_at: str
    finished_at: str | None


class AudiencesAnswer(BaseModel):
    """A page of audiences, newest first."""

    items: list[AudienceAnswer]
    next_cursor: str | None = Field(description="send it as `cursor` for the next page; null on the last one")


def audience_json(audience: AudienceRecord, forgotten: Forgotten) -> dict[str, Any]:
    """An audience as AudienceAnswer documents it, without who asked to be forgotten; `Any` because JSON is."""
    summary = audience.summary
    if summary and forgotten and "top_members" in summary:
        told = [each for each in summary["top_members"] if not forgotten.is_member(each["member_id"])]
        summary = {**summary, "top_members": told}
    return {
        "id": audience.audience_id,
        "type": "audience",
        "name": audience.name,
        "state": audience.state,
        "dry_run": audience.is_dry_run,
        # read and written again: a rule stored by an earlier version takes today's shape
        "rule": AudienceRule.from_json(audience.rule).to_json(),
        "progress": {
            "done": audience.progress.done,
            "all": audience.progress.all,
            "what": audience.progress.what,
        },
        "cancel_requested": audience.cancel_requested,
        "error": audience.error,
        "summary": summary,
        "created_at": moment_text(audience.created_at),
        "finished_at": moment_text(audience.finished_at) if audience.finished_at else None,
    }
