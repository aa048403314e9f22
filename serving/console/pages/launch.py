"""/console/launch: the guided way for a product that has never been sold."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from serving.api.access import State
from serving.audiences.rule import LARGEST_HOLDOUT, LONGEST_DAYS
from serving.auth import Scope
from serving.console.pages.new_audience import first_size
from serving.console.rendering import render
from serving.console.visit import SignedIn
from serving.console.words.audience import step_words
from serving.console.words.export import column_words
from serving.state import ServiceState

PAGE = "/console/launch"
COLUMNS = frozenset({"rank", "member_id", "coupon_id"})
"""Chosen at first: the likeliest before the others, each with the coupon."""

router = APIRouter(include_in_schema=False)


@router.get(PAGE)
def show(request: Request, state: State, visitor: SignedIn) -> HTMLResponse:
    """The steps from a description to the file."""
    visitor.holder.require(Scope.AUDIENCES)
    return render(
        request,
        "launch.html",
        visitor,
        horizon_days=visitor.settings.propensity.horizon_days,
        longest_days=LONGEST_DAYS,
        largest_holdout=LARGEST_HOLDOUT,
        first_size=first_size(state),
        steps=step_words(visitor.language),
        running_coupons=_running_coupons(state),
        may_export=visitor.may(Scope.EXPORT),
        may_search=visitor.may(Scope.RECOMMEND),
        columns=column_words(visitor),
        chosen_columns=COLUMNS,
    )


def _running_coupons(state: ServiceState) -> int:
    engine = state.releases.engine
    return sum(coupon.is_running(engine.as_of) for coupon in engine.coupon_book.campaigns.coupons)
