"""/console/audiences/new: what, whom, not whom and how many; and what that would bring."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from serving.api.access import State
from serving.api.audiences import finished_audience
from serving.audiences.rule import LARGEST_HOLDOUT, LONGEST_DAYS, AudienceRule
from serving.auth import Scope
from serving.console.audience_report import report_view
from serving.console.audience_start import Start, start_of
from serving.console.known_names import KnownNames
from serving.console.pages.audiences import ADDRESS
from serving.console.rendering import render
from serving.console.visit import SignedIn, Visitor
from serving.console.words.audience import funnel_rows, remarks_of, step_words
from serving.console.words.rule import rule_words
from serving.records.audience_reports import find_report
from serving.records.audiences import AudienceState, page_of_audiences
from serving.records.id_lists import ListKind, page_of_lists
from serving.state import ServiceState

PAGE = ADDRESS + "/new"
MOST_OFFERED = 100
"""Audiences and lists that can be chosen, the newest."""
MOST_CHIPS = 200
"""Products that the form shows one by one; audience_draft.js keeps a target of more as it is."""
FIRST_SHARE = 0.05
"""Of the members, in an audience whose size nobody has chosen yet."""
FIRST_SIZE = 500
"""The same where the members are not counted."""

Ident = Annotated[UUID | None, Query()]

router = APIRouter(include_in_schema=False)


@router.get(PAGE)
def show(
    request: Request,
    state: State,
    visitor: SignedIn,
    *,
    from_: Annotated[UUID | None, Query(alias="from")] = None,
    cross: Ident = None,
    list_: Annotated[UUID | None, Query(alias="list")] = None,
    products: Ident = None,
) -> HTMLResponse:
    """The form; empty, or begun from an audience or a list."""
    visitor.holder.require(Scope.AUDIENCES)
    with state.records.reading() as transaction:
        start = start_of(transaction, from_=from_, cross=cross, members=list_, products=products)
    return render(
        request,
        "new_audience.html",
        visitor,
        **_offered(state, visitor),
        start=None if start is None else _start_json(start, state, visitor),
        crossing=cross is not None,
        horizon_days=visitor.settings.propensity.horizon_days,
        active_within_days=visitor.settings.propensity.active_within_days,
        longest_days=LONGEST_DAYS,
        largest_holdout=LARGEST_HOLDOUT,
        first_size=first_size(state),
        steps=step_words(visitor.language),
    )


@router.get(PAGE + "/preview/{audience_id:uuid}")
def preview(request: Request, state: State, visitor: SignedIn, audience_id: UUID) -> Response:
    """The part of the page that tells what a dry run found; a script asks for it once it is done."""
    visitor.holder.require(Scope.AUDIENCES)
    with state.records.reading() as transaction:
        audience = finished_audience(transaction, str(audience_id), what="a preview", may_be_dry_run=True)
        report = find_report(transaction, audience.audience_id) or {}
    summary = audience.summary or {}
    rule = AudienceRule.from_json(audience.rule)
    return render(
        request,
        "audience_preview.html",
        visitor,
        summary=summary,
        kind=(summary.get("target") or {}).get("kind", "products"),
        understood=_understood(summary, visitor),
        rule=rule_words(rule, visitor, KnownNames(state=state, reader=visitor)),
        warnings=remarks_of(summary, visitor.language, kind="warning"),
        notes=remarks_of(summary, visitor.language, kind="note"),
        funnel=funnel_rows(summary, visitor.language),
        report=report_view(report, visitor),
    )


def _offered(state: ServiceState, visitor: Visitor) -> dict[str, Any]:
    """Audiences and lists that can be chosen by name; `Any` because templates take anything."""
    with state.records.reading() as transaction:
        audiences = page_of_audiences(transaction, limit=MOST_OFFERED, before=None)
        lists = page_of_lists(transaction, limit=MOST_OFFERED, before=None)
    done = [each for each in audiences if each.state is AudienceState.DONE]
    members = [each for each in lists if each.kind is not ListKind.PRODUCT_ID]
    return {
        "offered": [
            *(
                {"source": "audience", "id": each.audience_id, "name": each.name or _when(each.created_at, visitor)}
                for each in done
            ),
            *({"source": "list", "id": each.list_id, "name": each.name} for each in members),
        ],
        "product_lists": [each for each in lists if each.kind is ListKind.PRODUCT_ID],
    }


def _when(moment: datetime, visitor: Visitor) -> str:
    return visitor.written.moment(moment)


def first_size(state: ServiceState) -> int:
    """A round size to begin with."""
    stores = state.releases.engine.stores
    members = 0 if stores is None else sum(store.members for store in stores.by_id.values())
    if not members:
        return FIRST_SIZE
    wanted = max(20.0, FIRST_SHARE * members)
    return int(float(f"{wanted:.1g}"))


def _understood(summary: dict[str, Any], visitor: Visitor) -> str:
    """How many products the target was found to be; `Any` because JSON is."""
    products = (summary.get("target") or {}).get("products")
    if not products:
        # of a launch there are none
        return ""
    written = visitor.written.number(products)
    return visitor.language.say_number(
        "%(products)s product counts", "%(products)s products count", products, products=written
    )


def _start_json(start: Start, state: ServiceState, visitor: Visitor) -> dict[str, Any]:
    """The rule to begin with and the names of what it names; `Any` because JSON is."""
    names = KnownNames(state=state, reader=visitor)
    target = start.rule.get("target") or {}
    return {
        "rule": start.rule,
        "name": start.name,
        "products": {each: names.product(each) for each in target.get("product_ids", ())[:MOST_CHIPS]},
    }
