"""/console/members/{member_id}: everything that an associate needs of one member, what to offer first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from features.contracts.errors import NotFound
from serving.answers import MemberRef, RecentPurchase
from serving.api.access import State
from serving.api.member_answers import EVENTS_SHOWN, further_attributes
from serving.auth import Scope
from serving.console.ideas import IdeaDesk, Ideas
from serving.console.known_names import KnownNames
from serving.console.member_address import member_address, store_address
from serving.console.pages.members import search_page
from serving.console.rendering import render
from serving.console.visit import SignedIn, Visitor
from serving.console.words.member import event_words, told_facts
from serving.console.words.scenario import source_words
from serving.members.page import member_view
from serving.members.view import MemberView
from serving.state import ServiceState

BUNDLES, LIKELY, IDEAS = 3, 6, 6
"""How many of each are offered."""

router = APIRouter(include_in_schema=False)


@router.get("/console/members/{member_id:path}")
def show(
    request: Request,
    state: State,
    visitor: SignedIn,
    member_id: Annotated[str, Path(min_length=1, max_length=200)],
    place: Annotated[str | None, Query(max_length=100)] = None,
    product: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The member's page; `place`: the scenario whose ideas are shown, `product`: what it starts from."""
    visitor.holder.require(Scope.MEMBERS)
    try:
        view = member_view(state, MemberRef(member_id=member_id), locale=visitor.language.code)
    except NotFound:
        return search_page(request, state, visitor, is_missing=True)
    return render(
        request,
        "member.html",
        visitor,
        view=view,
        today=view.as_of.astimezone(visitor.settings.zone).date(),
        further=further_attributes(view.attributes.further),
        tags=[(_before_colon(tag.sentence), tag.sentence) for tag in view.tags],
        facts=told_facts(view.facts, visitor),
        **_pictures(visitor, view),
        events=view.events[:EVENTS_SHOWN],
        event_words=partial(event_words, language=visitor.language),
        names=KnownNames(state=state, reader=visitor),
        member_address=member_address,
        store_address=store_address,
        **_offers(state, visitor, view, place=place, product=product),
    )


def _pictures(visitor: Visitor, view: MemberView) -> dict[str, Any]:
    """The rows of the charts; `Any` because each column has its own type."""
    weeks, hours = ((), ()) if view.habits is None else (view.habits.weeks, view.habits.hours)
    member = visitor.language.say("This member")
    return {
        "habit_weeks": [{"day": day.isoformat(), "value": visits} for day, visits in weeks],
        "habit_hours": [{"weekday": weekday, "hour": hour, "value": visits} for weekday, hour, visits in hours],
        "tastes": [
            {"label": each.category, "series": member, "value": each.spend_share}
            for each in view.favourite_categories
            if each.spend_share is not None
        ],
    }


def _offers(
    state: ServiceState, visitor: Visitor, view: MemberView, *, place: str | None, product: str | None
) -> dict[str, Any]:
    """What the template says of offers; `Any` because templates take anything."""
    bought = _each_once(view.recent_purchases)
    told: dict[str, Any] = {
        "source_words": partial(source_words, language=visitor.language),
        "bought": bought,
        "bundles": None,
        "likely": None,
        "ideas": None,
        "places": (),
        "product": None,
    }
    if not visitor.may(Scope.RECOMMEND):
        return told
    desk = IdeaDesk(state=state, visitor=visitor, member_id=view.member_id)
    places = desk.places
    chosen = next((each for each in places if each.name == place), None)
    if chosen is None:
        # what is shown above already comes last
        chosen = next((each for each in places if each.kind not in ("home", "associate")), places[0])
    if product is None and bought:
        product = bought[0].product_id
    ideas: Ideas = desk.at(chosen, count=IDEAS, product_id=product if chosen.starts_from_product else None)
    return {
        **told,
        "bundles": desk.of_kind("associate", count=BUNDLES),
        "likely": desk.of_kind("home", count=LIKELY),
        "ideas": ideas,
        "places": places,
        "product": product,
    }


def _before_colon(sentence: str) -> str:
    """A tag in a word or two: `Active` of `Active: buys as usual.`"""
    return re.split("[:：]", sentence, maxsplit=1)[0].rstrip(".。")


def _each_once(purchases: Sequence[RecentPurchase]) -> tuple[RecentPurchase, ...]:
    return tuple({each.product_id: each for each in reversed(purchases)}.values())[::-1]
