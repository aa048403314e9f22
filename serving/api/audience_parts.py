"""/v1/audiences/{id}/...: the parts of a finished audience's answer, and what is known of one of its members."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from features.contracts.errors import NotFound
from serving.api.access import AudiencesKey, State
from serving.api.answering import failures, json_answer
from serving.api.audiences import ROUTE, PathId, finished_audience
from serving.audiences.member_drivers import MemberDriver, drivers_in_words
from serving.records.audience_members import AudienceMember, find_member
from serving.records.audience_reports import find_report
from serving.state import ServiceState

router = APIRouter(tags=["audiences"])


class CurveAnswer(BaseModel):
    """What other sizes would bring."""

    id: str
    curve: Any = Field(description="per size: expected buyers and revenue with intervals, precision and lift")


class DriversAnswer(BaseModel):
    """Why these members."""

    id: str
    drivers: Any = Field(description="what sets the audience apart in the model's eyes, strongest first, in words")


class ProfileAnswer(BaseModel):
    """Who these members are."""

    id: str
    profile: Any = Field(description="shares and means in the audience against all members, with their significance")


class AssociatedAnswer(BaseModel):
    """What goes with the target."""

    id: str
    associated: Any = Field(
        description="products bought with the target; of a launch, those like it and the `analogues` it is scored by"
    )


class ManifestAnswer(BaseModel):
    """How to build the same audience again."""

    id: str
    manifest: Any = Field(description="rule, moment, release, features, load batches, salt, counts and checksum")


class SentenceAnswer(BaseModel):
    """The same in both languages."""

    en: str
    zh: str


class MemberDriverAnswer(BaseModel):
    """What speaks for a member, or against."""

    code: str
    odds_ratio: float = Field(description="the member's odds, times those of a member of the population")
    sentence: SentenceAnswer


class AudienceMemberAnswer(BaseModel):
    """One member of an audience."""

    audience_id: str
    member_id: str
    rank: int
    probability: float
    expected_revenue: float | None
    is_held_out: bool
    coupon_id: str | None
    drivers: list[MemberDriverAnswer] | None = Field(
        description="what speaks for this member, or against, strongest first; null beyond the first 1,000 members"
    )


@router.get(ROUTE + "/{audience_id}/curve", response_model=CurveAnswer, responses=failures(404, 409))
def audience_curve(state: State, _key: AudiencesKey, audience_id: PathId) -> Response:
    """Show what other sizes of an audience would bring."""
    return _part(state, audience_id, "curve")


@router.get(ROUTE + "/{audience_id}/drivers", response_model=DriversAnswer, responses=failures(404, 409))
def audience_drivers(state: State, _key: AudiencesKey, audience_id: PathId) -> Response:
    """Show in words why the model chose these members."""
    return _part(state, audience_id, "drivers")


@router.get(ROUTE + "/{audience_id}/profile", response_model=ProfileAnswer, responses=failures(404, 409))
def audience_profile(state: State, _key: AudiencesKey, audience_id: PathId) -> Response:
    """Show how the members of an audience differ from all."""
    return _part(state, audience_id, "profile")


@router.get(ROUTE + "/{audience_id}/associated", response_model=AssociatedAnswer, responses=failures(404, 409))
def audience_associated(state: State, _key: AudiencesKey, audience_id: PathId) -> Response:
    """Show which products go with what an audience is told about."""
    return _part(state, audience_id, "associated")


@router.get(ROUTE + "/{audience_id}/manifest", response_model=ManifestAnswer, responses=failures(404, 409))
def audience_manifest(state: State, _key: AudiencesKey, audience_id: PathId) -> Response:
    """Show what the same audience can be built from again."""
    return _part(state, audience_id, "manifest")


@router.get(
    ROUTE + "/{audience_id}/members/{member_id}", response_model=AudienceMemberAnswer, responses=failures(404, 409)
)
def audience_member(
    state: State,
    _key: AudiencesKey,
    audience_id: PathId,
    member_id: Annotated[str, Path(max_length=200, description="the member's id")],
) -> Response:
    """Show one member of an audience: rank, probability, what speaks for them, and whether they are held out."""
    with state.records.reading() as transaction:
        audience = finished_audience(transaction, audience_id, what="members")
        member = find_member(transaction, audience.audience_id, member_id)
    if member is None or state.forgotten.is_member(member_id):
        raise NotFound("this member is not in the audience, neither selected nor held out")
    said = drivers_of(member)
    return json_answer(
        {
            "audience_id": audience.audience_id,
            "member_id": member.member_id,
            "rank": member.rank,
            "probability": member.probability,
            "expected_revenue": member.expected_revenue,
            "is_held_out": member.is_held_out,
            "coupon_id": member.coupon_id,
            "drivers": None if said is None else [each.to_json() for each in said],
        }
    )


def _part(state: ServiceState, audience_id: str, part: str) -> Response:
    with state.records.reading() as transaction:
        # a dry run has every part that needs no members
        is_of_dry_runs = part != "manifest"
        audience = finished_audience(transaction, audience_id, what=f"a {part}", may_be_dry_run=is_of_dry_runs)
        report = find_report(transaction, audience.audience_id)
    if report is None or part not in report:
        raise NotFound(f"this audience has no {part}; it was built by an earlier version, ask for it anew")
    return json_answer({"id": audience.audience_id, part: report[part]})


def drivers_of(member: AudienceMember) -> list[MemberDriver] | None:
    """What speaks for a member of an audience, or against; None beyond the first ones."""
    if member.drivers is None:
        return None
    # here, because the words stand with the features, and those with the feature store
    from training.propensity.feature_words import FEATURE_WORDS

    return drivers_in_words(json.loads(member.drivers), FEATURE_WORDS)
