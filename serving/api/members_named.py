"""How a request names a member."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from fastapi import Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from features.contracts.errors import BadRequest
from features.contracts.identifiers import given_hash
from serving.answers import MemberRef

Id = Annotated[str, Field(min_length=1, max_length=200)]
WAYS = "member_id, source with source_id, phone_hash, wechat_openid, card_no, or anonymous_id"


class Body(BaseModel):
    """Base of request bodies: an unknown field is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NamedMember(Body):
    """A member, named in exactly one way."""

    member_id: Id | None = Field(None, description="the member's id, or one that was merged into it")
    source: Id | None = Field(None, description="a channel; goes with source_id")
    source_id: Id | None = Field(None, description="the member's id in that channel")
    phone_hash: str | None = Field(
        None, pattern=r"^[0-9a-fA-F]{64}$", description="SHA-256 in hex of the normalised phone number"
    )
    wechat_openid: Id | None = Field(None, description="the WeChat openid")
    card_no: Id | None = Field(None, description="the number of the member's card, with or without spaces and hyphens")
    anonymous_id: Id | None = Field(None, description="somebody not known yet")

    @model_validator(mode="after")
    def _exactly_one_way(self) -> Self:
        if (self.source is None) != (self.source_id is None):
            raise ValueError("source and source_id go together")
        named = (self.member_id, self.source, self.phone_hash, self.wechat_openid)
        ways = (*named, self.card_no, self.anonymous_id)
        given = [way for way in ways if way is not None]
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
            wechat_openid=self.wechat_openid,
            card_no=self.card_no,
            anonymous_id=self.anonymous_id,
        )


Way = Literal["member_id", "source_id", "phone_hash", "openid", "card_no"]


async def _member_in_path(
    member_id: Annotated[str, Path(min_length=1, max_length=200, description="the id, as `by` reads it")],
    by: Annotated[
        Way | None,
        Query(
            description="what the id is: a member's (one that was merged into it too), a channel's (with `source`), "
            "the SHA-256 in hex of a normalised phone number, a WeChat openid, or the number of a card; without it a "
            "member's, with `source` a channel's"
        ),
    ] = None,
    source: Annotated[
        str | None, Query(min_length=1, max_length=200, description="the channel that the id is of")
    ] = None,
) -> MemberRef:
    way = by or ("member_id" if source is None else "source_id")
    if (way == "source_id") != (source is not None):
        raise BadRequest("query: by=source_id and source go together; name the channel that the id is of")
    if way == "source_id":
        return MemberRef(source=source, source_id=member_id)
    if way == "phone_hash":
        if given_hash(member_id) is None:
            raise BadRequest("path: a phone hash is the SHA-256 of the number, 64 hexadecimal digits")
        return MemberRef(phone_hash=member_id.strip().lower())
    if way == "card_no":
        return MemberRef(card_no=member_id)
    return MemberRef(wechat_openid=member_id) if way == "openid" else MemberRef(member_id=member_id)


MemberInPath = Annotated[MemberRef, Depends(_member_in_path)]
"""The member that the path and the query name; the route's path ends in `{member_id:path}`, for ids with a slash."""
