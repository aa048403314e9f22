"""/console/quality: the models in service beside simple rules, the releases, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from features.contracts.errors import Conflict
from features.contracts.ids import ReleaseId
from serving.api.access import State
from serving.auth import Scope
from serving.console.quality_view import PartView, part_view
from serving.console.rendering import render
from serving.console.visit import SignedIn, Visitor
from serving.console.words.quality import fallback_words, model_title, quality_in_service
from serving.console.words.release import ChangeWords, change_words
from serving.going_back import go_back
from serving.releases_on_shelf import ReleaseOnShelf, pointer_of, releases_on_shelf
from serving.state import ServiceState
from training.release.manifest import Manifest
from training.release.quality import ModelQuality

ADDRESS = "/console/quality"
BACK = ADDRESS + "/back"
RELEASE = r"^r[0-9]{6}$"

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, kw_only=True)
class ModelView:
    """A model as the page shows it."""

    quality: ModelQuality
    title: str
    fallbacks: tuple[tuple[str, str], ...]
    """What answers in the place of a part, and why."""
    parts: tuple[PartView, ...]


@dataclass(frozen=True, kw_only=True)
class ReleaseView:
    """A release as the page shows it; `changes` is None for the first one."""

    release: ReleaseOnShelf
    changes: tuple[ChangeWords, ...] | None


@router.get(ADDRESS)
def show(
    request: Request,
    state: State,
    visitor: SignedIn,
    back: Annotated[str | None, Query(pattern=RELEASE)] = None,
) -> Response:
    """The page; `back` is the release that was just put back."""
    visitor.holder.require(Scope.AUDIENCES)
    in_service = state.releases.engine.release_id
    quality = quality_in_service(state.settings, in_service)
    releases = releases_on_shelf(state.settings.paths, in_service=in_service)
    return render(
        request,
        "quality.html",
        visitor,
        in_service=in_service,
        pointer=pointer_of(state.settings.paths),
        gone_back=back,
        models=None if quality is None else tuple(_model(each, visitor) for each in quality.models),
        releases=tuple(_release(each, visitor) for each in releases),
        way_back=_way_back(releases) if visitor.may(Scope.RELEASES) else None,
    )


@router.get(BACK)
def ask_back(request: Request, state: State, visitor: SignedIn) -> Response:
    """Asks whether to go back, with what that would mean."""
    visitor.holder.require(Scope.RELEASES)
    return _confirmation(request, state, visitor)


@router.post(BACK)
async def put_back(
    request: Request, state: State, visitor: SignedIn, leaving: Annotated[str, Form(pattern=RELEASE)]
) -> Response:
    """Puts the release before back into service; refused, it says why on the page."""
    visitor.holder.require(Scope.RELEASES)
    try:
        manifest = await run_in_threadpool(
            go_back,
            state.settings,
            state.records,
            leaving=ReleaseId(leaving),
            who=visitor.holder.key_id,
            at=state.now(),
        )
    except Conflict as refused:
        return await run_in_threadpool(_confirmation, request, state, visitor, refused=str(refused))
    return RedirectResponse(f"{ADDRESS}?back={manifest.release_id}", status_code=303)


def _confirmation(request: Request, state: ServiceState, visitor: Visitor, *, refused: str | None = None) -> Response:
    paths = state.settings.paths
    releases = releases_on_shelf(paths, in_service=state.releases.engine.release_id)
    active = pointer_of(paths).active
    return render(
        request,
        "quality_back.html",
        visitor,
        status=200 if refused is None else 409,
        refused=refused,
        leaving=next((each for each in releases if each.release_id == active), None),
        back_to=_way_back(releases),
        titles=lambda manifest: _titles(manifest, visitor),
    )


def _titles(manifest: Manifest, visitor: Visitor) -> list[tuple[str, str]]:
    """Title and version of each model of a release."""
    shop = visitor.settings.shop
    return [(model_title(each.name.removeprefix(f"{shop}."), visitor), each.number) for each in manifest.models]


def _way_back(releases: tuple[ReleaseOnShelf, ...]) -> ReleaseOnShelf | None:
    return next((each for each in releases if each.is_previous), None)


def _model(quality: ModelQuality, visitor: Visitor) -> ModelView:
    return ModelView(
        quality=quality,
        title=model_title(quality.model, visitor),
        fallbacks=tuple(fallback_words(each, visitor) for each in quality.fallbacks),
        parts=tuple(part_view(part, visitor) for part in quality.parts),
    )


def _release(release: ReleaseOnShelf, visitor: Visitor) -> ReleaseView:
    return ReleaseView(
        release=release, changes=None if release.changes is None else change_words(release.changes, visitor)
    )
