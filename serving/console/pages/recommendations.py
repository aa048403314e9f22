"""/console/recommendations: what came of what was recommended, a preview for one member, and the rules in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from serving.api.access import State
from serving.auth import Scope
from serving.console.rendering import render
from serving.console.visit import SignedIn, Visitor
from serving.console.words.scenario import SOURCES, ScenarioWords, scenario_title, scenario_words, source_words
from serving.scenarios_in_service import Scenarios

ADDRESS = "/console/recommendations"
SPANS = (7, 28, 91, 365)
"""Days that can be chosen."""

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, kw_only=True)
class PreviewScenario:
    """A scenario that can be tried."""

    name: str
    title: str
    kind: str


@router.get(ADDRESS)
def show(
    request: Request,
    state: State,
    visitor: SignedIn,
    days: Annotated[int, Query(ge=1, le=400)] = 28,
) -> Response:
    """The page; its script counts the report, for a long log takes its time."""
    visitor.holder.require(Scope.AUDIENCES)
    scenarios = state.scenarios.current
    language = visitor.language
    return render(
        request,
        "recommendations.html",
        visitor,
        days=days,
        spans=SPANS,
        scenario_titles={name: scenario_title(name, each.kind, language) for name, each in scenarios.items()},
        source_titles={source: source_words(source, language) for source in SOURCES},
        previews=_previews(scenarios, visitor) if visitor.may(Scope.RECOMMEND) else (),
        scenarios=_in_words(scenarios, visitor),
        click_days=state.settings.reports.click_days,
        bought_days=state.settings.reports.bought_days,
    )


def _previews(scenarios: Scenarios, visitor: Visitor) -> tuple[PreviewScenario, ...]:
    return tuple(
        PreviewScenario(
            name=name,
            title=scenario_title(name, each.kind, visitor.language),
            kind=each.kind,
        )
        for name, each in scenarios.items()
    )


def _in_words(scenarios: Scenarios, visitor: Visitor) -> tuple[ScenarioWords, ...]:
    count = visitor.settings.serving.default_count
    return tuple(
        scenario_words(name, each, visitor.language, visitor.written, count=count) for name, each in scenarios.items()
    )
