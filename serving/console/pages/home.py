"""/console: how things stand, and what somebody should look at."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from serving.api.access import State
from serving.auth import Scope
from serving.console.quality_view import ChartRow, tenths_of
from serving.console.rendering import render
from serving.console.standing import Attention, attention_of, standing_of
from serving.console.visit import SignedIn, Visitor
from serving.console.words.quality import model_title, quality_in_service, quality_sentence
from serving.console.words.reject import reason_words, table_words
from serving.records.audiences import AudienceRecord, AudienceState, page_of_audiences
from training.release.manifest import Manifest
from training.release.quality import ReleaseQuality

LATEST = 6
"""Audiences shown."""

router = APIRouter(include_in_schema=False)


@router.get("/console")
def home(request: Request, state: State, visitor: SignedIn) -> Response:
    """How things stand; an associate is led to the store."""
    if not visitor.may(Scope.AUDIENCES):
        return RedirectResponse("/console/stores", status_code=303)
    in_service = state.releases.engine.release_id
    standing = standing_of(state.settings, in_service=in_service)
    quality = quality_in_service(state.settings, in_service)
    with state.records.reading() as transaction:
        audiences = page_of_audiences(transaction, limit=LATEST, before=None)
    rejects = [
        (table_words(table.name, visitor.language), table.kept, reason_words(reason, visitor.language), rows)
        for table in standing.loaded
        for reason, rows in sorted(table.rejected.items(), key=lambda each: -each[1])
    ]
    return render(
        request,
        "home.html",
        visitor,
        standing=standing,
        loaded=[(table_words(table.name, visitor.language), table) for table in standing.loaded],
        models=_models(standing.release, quality, shop=state.settings.shop, visitor=visitor),
        tenths=_tenths(quality, visitor),
        rejects=rejects,
        audiences=audiences,
        attention=[
            *attention_of(standing, state.settings, visitor.language, now=visitor.now),
            *_failed(audiences, visitor),
        ],
    )


def _models(
    release: Manifest, quality: ReleaseQuality | None, *, shop: str, visitor: Visitor
) -> list[tuple[str, str, str | None]]:
    """Title, version and worth of each model in service; without a worth in a release that carries none."""
    worth = {} if quality is None else {each.model: quality_sentence(each, visitor) for each in quality.models}
    names = [(each.name.removeprefix(f"{shop}."), each.number) for each in release.models]
    return [(model_title(name, visitor), number, worth.get(name)) for name, number in names]


def _tenths(quality: ReleaseQuality | None, visitor: Visitor) -> tuple[ChartRow, ...]:
    """Where the buyers of what is sold already stand among the ranked members, as the page draws it."""
    parts = [] if quality is None else [part for model in quality.models for part in model.parts]
    return next((tenths_of(part, visitor) for part in parts if part.part == "propensity"), ())


def _failed(audiences: tuple[AudienceRecord, ...], visitor: Visitor) -> list[Attention]:
    sentence = visitor.language.say("An audience could not be built.")
    return [
        Attention(sentence=sentence, address=f"/console/audiences/{each.audience_id}")
        for each in audiences
        if each.state is AudienceState.FAILED
    ][:1]
