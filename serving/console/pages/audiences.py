"""/console/audiences: every audience, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from serving.api.access import State
from serving.api.audiences import UUID
from serving.audiences.rule import AudienceRule
from serving.auth import Scope
from serving.console.known_names import KnownNames
from serving.console.rendering import render
from serving.console.visit import SignedIn, Visitor
from serving.console.words.audience import deed_words, state_words
from serving.console.words.rule import rule_words
from serving.records.audiences import AudienceRecord, page_of_audiences
from serving.records.exported_members import were_exported

ADDRESS = "/console/audiences"
PER_PAGE = 20

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, kw_only=True)
class Line:
    """An audience as the list shows it."""

    audience: AudienceRecord
    target: str
    state: str
    badge: str
    deed: str
    is_exported: bool


@router.get(ADDRESS)
def show(
    request: Request,
    state: State,
    visitor: SignedIn,
    before: Annotated[str | None, Query(pattern=UUID)] = None,
) -> Response:
    """A page of audiences."""
    visitor.holder.require(Scope.AUDIENCES)
    with state.records.reading() as transaction:
        found = page_of_audiences(transaction, limit=PER_PAGE + 1, before=before)
        page = found[:PER_PAGE]
        exported = were_exported(transaction, [each.audience_id for each in page])
    names = KnownNames(state=state, reader=visitor)
    lines = [_line(each, visitor, names, is_exported=each.audience_id in exported) for each in page]
    next_page = f"{ADDRESS}?before={page[-1].audience_id}" if len(found) > PER_PAGE else None
    return render(request, "audiences.html", visitor, lines=lines, next_page=next_page, is_first=before is None)


def _line(audience: AudienceRecord, visitor: Visitor, names: KnownNames, *, is_exported: bool) -> Line:
    said, badge = state_words(audience.state, visitor.language)
    return Line(
        audience=audience,
        target=rule_words(AudienceRule.from_json(audience.rule), visitor, names).title,
        state=said,
        badge=badge,
        deed=deed_words(audience.summary or {}, visitor.language),
        is_exported=is_exported,
    )
