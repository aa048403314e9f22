"""/console/audiences/{id}: one audience: how far it is, what it is, its exports and its results."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from features.contracts.errors import NotFound
from serving.api.access import State
from serving.api.audiences import ROUTE, finished_audience, known_audience
from serving.api.exports import export_stream, exportable, request_for
from serving.audiences.rule import AudienceRule, Channel
from serving.auth import Scope
from serving.console.api_request import curl
from serving.console.audience_report import member_line, report_view
from serving.console.known_names import KnownNames
from serving.console.pages.audiences import ADDRESS
from serving.console.rendering import render
from serving.console.visit import SignedIn, Visitor
from serving.console.words.audience import funnel_rows, remarks_of, state_words, step_words, tiles_of
from serving.console.words.export import column_words, destination_words, export_lines
from serving.console.words.failed import failed_words
from serving.console.words.result import interval_words, result_words, when_known
from serving.console.words.rule import rule_words
from serving.exports.made import exports_of
from serving.exports.request import Format
from serving.records.audience_members import first_members
from serving.records.audience_reports import find_report
from serving.records.audiences import AudienceRecord, AudienceState
from serving.results.results import audience_results
from serving.state import ServiceState

FIRST_MEMBERS = 20
LONGEST_GOODS = 40
"""A longer name would make every sentence unreadable."""
PAGE = ADDRESS + "/{audience_id:uuid}"
FileKind = Literal["excel", "csv", "jsonl", "parquet"]
FORMATS: dict[FileKind, Format] = {"excel": "csv", "csv": "csv", "jsonl": "jsonl", "parquet": "parquet"}
"""`excel`: CSV with the mark by which spreadsheets know its letters."""

router = APIRouter(include_in_schema=False)


@router.get(PAGE)
def show(request: Request, state: State, visitor: SignedIn, audience_id: UUID) -> Response:
    """An audience in whatever state."""
    visitor.holder.require(Scope.AUDIENCES)
    with state.records.reading() as transaction:
        audience = known_audience(transaction, str(audience_id))
    if audience.is_dry_run:
        raise NotFound("this was a preview, of which only figures are kept; see its page New audience")
    rule = AudienceRule.from_json(audience.rule)
    words = rule_words(rule, visitor, KnownNames(state=state, reader=visitor))
    said, badge = state_words(audience.state, visitor.language)
    is_done = audience.state is AudienceState.DONE
    return render(
        request,
        "audience.html" if is_done else "audience_unfinished.html",
        visitor,
        audience=audience,
        title=audience.name or words.title,
        rule=words,
        state_said=said,
        badge=badge,
        request_text=curl(str(request.base_url), ROUTE, _body(audience, rule)),
        **(_finished(state, visitor, audience, rule) if is_done else _unfinished(visitor, audience)),
    )


@router.get(PAGE + "/results")
def results(
    request: Request,
    state: State,
    visitor: SignedIn,
    audience_id: UUID,
    product_id: Annotated[str | None, Query(max_length=4_000)] = None,
) -> Response:
    """The part of the page that tells what came of it; it reads purchases, so a script asks for it by itself."""
    visitor.holder.require(Scope.AUDIENCES)
    with state.records.reading() as transaction:
        audience = finished_audience(transaction, str(audience_id), what="a result")
    launched = tuple(each.strip() for each in (product_id or "").replace(",", " ").split())
    found = audience_results(state.settings, state.records, audience, product_ids=launched).to_json()
    kind = ((audience.summary or {}).get("target") or {}).get("kind", "products")
    return render(
        request,
        "audience_results.html",
        visitor,
        found=found,
        words=result_words(found, kind, visitor),
        interval=interval_words(found, visitor),
        kind=kind,
    )


@router.post(PAGE + "/export")
def export(
    state: State,
    visitor: SignedIn,
    audience_id: UUID,
    *,
    destination: Annotated[str, Form(max_length=50)] = "",
    channel: Annotated[Channel | Literal[""], Form()] = "",
    columns: Annotated[list[str] | None, Form(max_length=20)] = None,
    file: Annotated[FileKind, Form()] = "excel",
) -> Response:
    """The file of an export, as the API makes it."""
    visitor.holder.require(Scope.EXPORT)
    audience = exportable(state, str(audience_id))
    is_plain = destination == ""
    asked = request_for(
        audience,
        state,
        format_=FORMATS[file] if is_plain else None,
        columns=",".join(columns or ()) if is_plain else None,
        channel=(channel or None) if is_plain else None,
        destination=destination or None,
        bom=(file == "excel") if is_plain else None,
    )
    return export_stream(state, audience, asked, who=visitor.holder.key_id)


def _unfinished(visitor: Visitor, audience: AudienceRecord) -> dict[str, Any]:
    """What the page of another audience shows; `Any` because templates take anything."""
    language = visitor.language
    return {"steps": step_words(language), "why": failed_words(audience.error, language)}


def _finished(state: ServiceState, visitor: Visitor, audience: AudienceRecord, rule: AudienceRule) -> dict[str, Any]:
    """What the page of a finished audience shows; `Any` because templates take anything."""
    summary = audience.summary or {}
    goods = _goods(rule, state, visitor)
    may_see_members = visitor.may(Scope.MEMBERS)
    with state.records.reading() as transaction:
        report = find_report(transaction, audience.audience_id) or {}
        made = exports_of(transaction, audience.audience_id, since=audience.created_at)
        first = first_members(transaction, audience.audience_id, limit=FIRST_MEMBERS) if may_see_members else ()
    return {
        "summary": summary,
        "kind": (summary.get("target") or {}).get("kind", "products"),
        "tiles": tiles_of(summary, visitor),
        "warnings": remarks_of(summary, visitor.language, kind="warning"),
        "notes": remarks_of(summary, visitor.language, kind="note"),
        "funnel": funnel_rows(summary, visitor.language),
        "report": report_view(report, visitor, goods=goods),
        "members": [
            member_line(each, visitor, goods=goods) for each in first if not state.forgotten.is_member(each.member_id)
        ],
        "may_see_members": may_see_members,
        "may_export": visitor.may(Scope.EXPORT),
        "channel": rule.channel,
        "destinations": destination_words(visitor.settings.destinations, visitor, first=rule.channel),
        "columns": column_words(visitor),
        "exports": export_lines(made, state.records, visitor.settings.destinations, visitor),
        "known": when_known(summary, visitor.settings) if "horizon_days" in summary else None,
    }


def _goods(rule: AudienceRule, state: ServiceState, visitor: Visitor) -> str | None:
    """What is sold, where it has a short name."""
    if not rule.target.attributes and len(rule.target.product_ids) != 1:
        return None
    title = rule_words(rule, visitor, KnownNames(state=state, reader=visitor)).title
    return title if len(title) <= LONGEST_GOODS else None


def _body(audience: AudienceRecord, rule: AudienceRule) -> dict[str, Any]:
    """The request that asks for the same; `Any` because JSON is."""
    return {**({"name": audience.name} if audience.name else {}), **rule.to_json()}
