"""What an audience is asked with and how it is shown."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from features.contracts.clock import moment_text
from features.contracts.errors import BadRequest
from serving.api.members_named import Body, Id
from serving.audiences.rule import AudienceRule
from serving.records.audiences import AudienceRecord, AudienceState


class AudienceTarget(Body):
    """What is to be sold."""

    category: Id = Field(description="the goods, by category", examples=["SOFT DRINKS"])


class AudienceRequest(Body):
    """Whom to reach: the `size` likeliest buyers, or everybody from `min_probability` on, or everybody scored."""

    target: AudienceTarget
    size: int | None = Field(None, ge=1, description="the likeliest buyers, this many")
    min_probability: float | None = Field(None, ge=0, le=1, description="everybody at least this likely to buy")
    name: str | None = Field(None, min_length=1, max_length=200, description="a name of your own")

    def rule(self, *, max_size: int) -> AudienceRule:
        """The rule asked for. Raises BadRequest."""
        if self.size is not None and self.size > max_size:
            raise BadRequest(f"body.size: {self.size} is more than the {max_size} that the settings allow")
        if self.size is not None and self.min_probability is not None:
            raise BadRequest("body: give size or min_probability, not both")
        return AudienceRule(category=self.target.category, size=self.size, min_probability=self.min_probability)


class ProgressAnswer(BaseModel):
    """How far the build is."""

    done: int
    all: int
    what: str


class RuleAnswer(BaseModel):
    """What was asked for."""

    target: AudienceTarget
    size: int | None
    min_probability: float | None


class AudienceAnswer(BaseModel):
    """An audience and its state."""

    id: str
    type: str = Field("audience")
    name: str | None
    state: AudienceState
    rule: RuleAnswer
    progress: ProgressAnswer
    cancel_requested: bool = Field(description="a cancel was asked for and takes effect at the next step")
    error: str | None = Field(description="why it failed")
    summary: dict[str, Any] | None = Field(description="its figures, once done")
    created_at: str
    finished_at: str | None


class AudiencesAnswer(BaseModel):
    """A page of audiences, newest first."""

    items: list[AudienceAnswer]
    next_cursor: str | None = Field(description="send it as `cursor` for the next page; null on the last one")


def audience_json(audience: AudienceRecord) -> dict[str, Any]:
    """An audience as AudienceAnswer documents it; `Any` because JSON is."""
    rule = AudienceRule.from_json(audience.rule)
    return {
        "id": audience.audience_id,
        "type": "audience",
        "name": audience.name,
        "state": audience.state,
        "rule": {
            "target": {"category": rule.category},
            "size": rule.size,
            "min_probability": rule.min_probability,
        },
        "progress": {
            "done": audience.progress.done,
            "all": audience.progress.all,
            "what": audience.progress.what,
        },
        "cancel_requested": audience.cancel_requested,
        "error": audience.error,
        "summary": audience.summary,
        "created_at": moment_text(audience.created_at),
        "finished_at": moment_text(audience.finished_at) if audience.finished_at else None,
    }
