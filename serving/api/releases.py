"""Releases under /v1: which there are, what their models are worth, and the way back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from features.contracts.clock import moment_text
from features.contracts.errors import NotFound, ReleaseDamaged
from features.contracts.ids import ReleaseId
from serving.api.access import AudiencesKey, ReleasesKey, State
from serving.api.answering import failures, json_answer, json_text, text_answer
from serving.api.idempotency import IdempotencyKey, first_answer, replayed
from serving.api.members_named import Body
from serving.going_back import go_back
from serving.releases_on_shelf import ReleaseChanges, ReleaseOnShelf, Verdict, releases_on_shelf
from training.release.quality import ReleaseQuality, read_quality
from training.release.shelf import release_folder

ROUTE = "/v1/releases"
RELEASE = r"^r[0-9]{6}$"

router = APIRouter(tags=["releases"])

SomeRelease = Annotated[str, Path(pattern=RELEASE, description="a release's id, as `r000001`")]


class ModelChangeAnswer(BaseModel):
    """Another version of a model than in the release before."""

    model: str
    number: str
    number_before: str | None
    verdict: Verdict = Field(description="of its first measure; `alike` within a standard error")
    measured: float | None
    measured_before: float | None


class ReleaseChangesAnswer(BaseModel):
    """What a release changed against the one before it."""

    against: str
    models: list[ModelChangeAnswer]
    models_gone: list[str]
    data_days: float = Field(description="by how many days its data ends later")
    members: int
    products: int
    has_other_features: bool
    settings: list[str] = Field(description="keys of the settings whose values differ")


class ReleaseAnswer(BaseModel):
    """A release."""

    id: str
    is_in_service: bool
    is_previous: bool = Field(description="in service before the one that is now: where the way back leads")
    is_readable: bool = Field(description="false: it is damaged, and what follows is null")
    as_of: str | None = Field(description="the moment its data ends at, UTC")
    made_at: str | None = Field(description="null in a release of before this was kept")
    members: int | None
    products: int | None
    models: dict[str, str] | None = Field(description="versions of its models, by model")
    changes: ReleaseChangesAnswer | None = Field(description="null for the first one")


class ReleasesAnswer(BaseModel):
    """The releases, newest first."""

    items: list[ReleaseAnswer]
    next_cursor: str | None = Field(description="always null: all are listed")


class GoBack(Body):
    """What the asker sees in service."""

    in_service: str = Field(pattern=RELEASE, description="the release to leave; another one in service is a 409")


class GoneBackAnswer(BaseModel):
    """The release that is in service from now on; a running service takes it up within seconds."""

    release: str
    instead_of: str


@router.get(ROUTE, response_model=ReleasesAnswer, responses=failures())
def list_releases(state: State, _key: AudiencesKey) -> Response:
    """List the releases on the shelf, newest first, with what each changed against the one before."""
    found = releases_on_shelf(state.settings.paths, in_service=state.releases.engine.release_id)
    return json_answer({"items": [_json(each) for each in found], "next_cursor": None})


@router.get(ROUTE + "/{release_id}/quality", response_model=ReleaseQuality, responses=failures(404))
def show_quality(state: State, _key: AudiencesKey, release_id: SomeRelease) -> Response:
    """Show what the models of a release were worth when they were tested, beside what is simpler.

    A release that carries no figures, or that is not on the shelf, is a 404.
    """
    try:
        quality = read_quality(release_folder(state.settings.paths, ReleaseId(release_id)))
    except ReleaseDamaged as error:
        raise NotFound(str(error)) from error
    if quality is None:
        raise NotFound(f"release {release_id} carries no figures on its models, or is not on the shelf")
    return json_answer(quality.model_dump(mode="json"))


@router.post(ROUTE + "/previous", response_model=GoneBackAnswer, responses=failures(409, 413))
def go_back_to_previous(
    body: GoBack, state: State, key: ReleasesKey, idempotency_key: IdempotencyKey = None
) -> Response:
    """Put the release that was in service before back into service.

    A running service takes it up within a second and answers on meanwhile. 409 where another than `in_service` is in
    service by now, and where there is none to go back to or it is damaged.
    """
    first = first_answer(idempotency_key, holder=key, route=f"{ROUTE}/previous", body=body)
    at = state.now()
    if first is not None:
        with state.records.reading() as transaction:
            if (found := first.find(transaction, at=at)) is not None:
                return replayed(found)
    manifest = go_back(state.settings, state.records, leaving=ReleaseId(body.in_service), who=key.key_id, at=at)
    text = json_text({"release": manifest.release_id, "instead_of": body.in_service})
    if first is not None:
        with state.records.writing() as transaction:
            first.remember(transaction, status=200, text=text, at=at)
    return text_answer(text)


def _json(found: ReleaseOnShelf) -> dict[str, Any]:
    # `Any` because JSON is
    manifest = found.manifest
    named = (
        {}
        if manifest is None
        else {
            "product_affinity": manifest.affinity,
            "purchase_propensity": manifest.propensity,
            "coupon_redemption": manifest.coupons,
        }
    )
    return {
        "id": found.release_id,
        "is_in_service": found.is_in_service,
        "is_previous": found.is_previous,
        "is_readable": manifest is not None,
        "as_of": None if manifest is None else moment_text(manifest.as_of),
        "made_at": None if manifest is None or manifest.made_at is None else moment_text(manifest.made_at),
        "members": None if manifest is None else manifest.members,
        "products": None if manifest is None else manifest.products,
        "models": None if manifest is None else {name: each.number for name, each in named.items() if each is not None},
        "changes": None if found.changes is None else _changes(found.changes),
    }


def _changes(found: ReleaseChanges) -> dict[str, Any]:
    # `Any` because JSON is
    told = asdict(found)
    told["data_days"] = told.pop("data").total_seconds() / 86_400
    return told
