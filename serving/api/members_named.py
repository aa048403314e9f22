"""How a request names a member."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from serving.answers import MemberRef

Id = Annotated[str, Field(min_length=1, max_length=200)]
WAYS = "member_id, source with source_id, phone_hash, or anonymous_id"


class Body(BaseModel):
    """Base of request bodies: an unknown field is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NamedMember(Body):
    """A member, named in exactly one way."""

    member_id: Id | None = Field(None, description="the resolved id")
    source: Id | None = Field(None, description="a channel; goes with source_id")
    source_id: Id | None = Field(None, description="the member's id in that channel")
    phone_hash: str | None = Field(
        None, pattern=r"^[0-9a-fA-F]{64}$", description="SHA-256 in hex of the normalised phone number"
    )
    anonymous_id: Id | None = Field(None, description="somebody not known yet")

    @model_validator(mode="after")
    def _exactly_one_way(self) -> Self:
        if (self.source is None) != (self.source_id is None):
            raise ValueError("source and source_id go together")
        given = [way for way in (self.member_id, self.source, self.phone_hash, self.anonymous_id) if way is not None]
        if len(given) != 1:
            raise ValueError(f"name the member in exactly one way: {WAYS}")
        return self

    def ref(self) -> MemberRef:
        """The member as the engine takes it."""
        return MemberRef(
            member_id=self.member_id,
            source=self.source,
            source_id=self.source_id,
            phone_hash=self.phone_hash.lower() if self.phone_hash else None,
            anonymous_id=self.anonymous_id,
        )
