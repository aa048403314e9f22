"""What the single view of a member answers: its parts as the documentation names them, and the JSON."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, Field

from features.contracts.clock import moment_text
from serving.members.coupons_held import HeldCoupon, UnusedBenefit
from serving.members.view import DueProduct, LatestOrder, MemberEvent, MemberView, NamedStore, VisitHabits

EVENTS_SHOWN = 20

# `Any` in this module because JSON is
Json = dict[str, Any]


class IdentityAnswer(BaseModel):
    """How a channel knows the member."""

    source: str
    source_id: str


class ContactAnswer(BaseModel):
    """How the member can be reached; numbers and addresses are masked."""

    name: str | None = Field(description="null when none was handed over")
    has_phone: bool
    phone: str | None = Field(description="masked; null when there is none or only its hash is known")
    has_email: bool
    email: str | None = Field(description="masked")
    has_wechat: bool
    is_synthetic: bool = Field(description="made up by a generator: nobody's")


class ConsentAnswer(BaseModel):
    """Whether the member may be told through a channel; null: nothing was said, which exports take for no."""

    sms: bool | None
    email: bool | None
    wechat: bool | None


class AttributesAnswer(BaseModel):
    """Who the member is, as the records say."""

    gender: str | None
    birth_year: int | None
    city: str | None
    tier: str | None
    is_paid_member: bool | None
    is_staff: bool | None
    card_no: str | None
    further: dict[str, Any] = Field(description="the retailer's own attributes")


class TagAnswer(BaseModel):
    """A tag of the member."""

    name: str
    sentence: str = Field(description="what it means, in the asked language")


class FavouriteAnswer(BaseModel):
    """A category with much of the member's spend of a year."""

    category: str
    spend_share: float | None = Field(description="share of the member's spend, 0..1")
    orders_365d: int


class NextVisitAnswer(BaseModel):
    """When the member is expected."""

    last_visited_at: str = Field(description="UTC")
    gap_days: float | None = Field(description="median days between two visits; null while there was one")
    expected_at: str | None = Field(description="UTC")
    is_overdue: bool = Field(description="the expected moment has passed")


class WeekAnswer(BaseModel):
    """The visits of a week."""

    starts_on: date = Field(description="a Monday")
    visits: int


class HourAnswer(BaseModel):
    """The visits in an hour of the week."""

    weekday: int = Field(description="1: Monday")
    hour: int = Field(description="0 to 23, on the shops' clocks")
    visits: int


class HabitsAnswer(BaseModel):
    """When the member came within a year."""

    weeks: list[WeekAnswer] = Field(description="the last 52, the oldest first")
    hours: list[HourAnswer] = Field(description="those with a visit")


class DueProductAnswer(BaseModel):
    """A product that the member is expected to buy again."""

    id: str
    name: str
    expected_on: date | None
    sentence: str


class PurchaseAnswer(BaseModel):
    """A product bought lately."""

    id: str
    name: str
    ordered_at: str = Field(description="UTC")


class StoreNameAnswer(BaseModel):
    """A store."""

    id: str
    name: str | None


class OrderAnswer(BaseModel):
    """One of the latest orders."""

    id: str
    ordered_at: str = Field(description="UTC")
    store: StoreNameAnswer | None
    spend: float | None


class EventAnswer(BaseModel):
    """Something that the member did; what an event does not name is left out."""

    type: str
    occurred_at: str = Field(description="UTC")
    source: str
    product_id: str | None = None
    content_id: str | None = None
    coupon_id: str | None = None
    campaign_id: str | None = None
    store_id: str | None = None
    zone: str | None = None
    order_id: str | None = None


class MeasurementAnswer(BaseModel):
    """The latest value of something measured."""

    name: str
    value: str
    observed_at: str = Field(description="UTC")


class HeldCouponAnswer(BaseModel):
    """A coupon that the member may use now."""

    id: str
    campaign_id: str | None
    name: str
    how: str = Field(description="given by a campaign, or claimed by the member")
    ends_on: date | None = Field(description="its last day")
    discount_type: str | None
    face_value: float | None
    chance: float | None = Field(description="of being used, as the release's model has it; null without one")


class BenefitAnswer(BaseModel):
    """What a running campaign gave the member, who has used nothing of it."""

    campaign_id: str
    name: str
    coupons: int
    ends_on: date
    sentence: str


class JoinedAnswer(BaseModel):
    """Where, when and how the member joined, and through whom."""

    at: str | None = Field(description="UTC")
    store: StoreNameAnswer | None
    via: str | None
    brought_by: str | None = Field(description="the member who brought this one")


class AssociateAnswer(BaseModel):
    """Who looks after the member."""

    id: str
    name: str | None


class FactAnswer(BaseModel):
    """One feature of the member."""

    name: str
    value: str | float | None
    unit: str
    sentence: str = Field(description="the fact in words")


class MemberAnswer(BaseModel):
    """What is known of one member; a part that the shop has nothing of is empty or null."""

    member_id: str = Field(description="the member's id now, whatever id was asked for")
    as_of: str
    release: str
    identities: list[IdentityAnswer]
    contact: ContactAnswer
    consent: ConsentAnswer
    attributes: AttributesAnswer
    tags: list[TagAnswer]
    lifecycle_stage: str | None = Field(description="the tag of the group `lifecycle`")
    value_tier: str | None = Field(description="the tag of the group `value`")
    favourite_categories: list[FavouriteAnswer]
    next_visit: NextVisitAnswer | None
    habits: HabitsAnswer | None = Field(description="null without a visit within a year")
    due_products: list[DueProductAnswer]
    recent_purchases: list[PurchaseAnswer]
    orders: list[OrderAnswer]
    events: list[EventAnswer] = Field(description="the latest first, as they were told until now")
    points: float | None = Field(description="the latest value of the fact `points`")
    measurements: list[MeasurementAnswer]
    coupons: list[HeldCouponAnswer] = Field(description="the likeliest to be used first")
    coupons_held: int = Field(description="how many coupons the member holds; the list may show fewer")
    benefits_unclaimed: list[BenefitAnswer]
    joined: JoinedAnswer
    home_store: StoreNameAnswer | None = Field(description="store of most of the spend of a year, else of joining")
    associate: AssociateAnswer | None
    facts: list[FactAnswer]


def member_json(view: MemberView) -> Json:
    """The view as MemberAnswer documents it."""
    return {
        "member_id": view.member_id,
        "as_of": moment_text(view.as_of),
        "release": view.release_id,
        "identities": [vars(each) for each in view.identities],
        "contact": vars(view.contact),
        "consent": vars(view.consent),
        "attributes": {**vars(view.attributes), "further": further_attributes(view.attributes.further)},
        "tags": [vars(each) for each in view.tags],
        "lifecycle_stage": view.lifecycle_stage,
        "value_tier": view.value_tier,
        "favourite_categories": [vars(each) for each in view.favourite_categories],
        "next_visit": None
        if (visit := view.next_visit) is None
        else {
            **vars(visit),
            "last_visited_at": moment_text(visit.last_visited_at),
            "expected_at": _moment(visit.expected_at),
        },
        "habits": None if view.habits is None else _habits(view.habits),
        "due_products": [_due(each) for each in view.due_products],
        "recent_purchases": [
            {"id": each.product_id, "name": each.name, "ordered_at": moment_text(each.ordered_at)}
            for each in view.recent_purchases
        ],
        "orders": [_order(each) for each in view.orders],
        "events": [_event(each) for each in view.events[:EVENTS_SHOWN]],
        "points": view.points,
        "measurements": [{**vars(each), "observed_at": moment_text(each.observed_at)} for each in view.measurements],
        "coupons": [_coupon(each) for each in view.coupons],
        "coupons_held": view.coupons_held,
        "benefits_unclaimed": [_benefit(each) for each in view.benefits_unused],
        "joined": {
            "at": _moment(view.joined.at),
            "store": _store(view.joined.store),
            "via": view.joined.via,
            "brought_by": view.joined.brought_by,
        },
        "home_store": _store(view.home_store),
        "associate": None
        if view.associate is None
        else {"id": view.associate.associate_id, "name": view.associate.name},
        "facts": [vars(each) for each in view.facts],
    }


def _habits(habits: VisitHabits) -> Json:
    return {
        "weeks": [{"starts_on": day.isoformat(), "visits": visits} for day, visits in habits.weeks],
        "hours": [{"weekday": weekday, "hour": hour, "visits": visits} for weekday, hour, visits in habits.hours],
    }


def _due(product: DueProduct) -> Json:
    return {
        "id": product.product_id,
        "name": product.name,
        "expected_on": None if product.expected_on is None else product.expected_on.isoformat(),
        "sentence": product.sentence,
    }


def _order(order: LatestOrder) -> Json:
    return {
        "id": order.order_id,
        "ordered_at": moment_text(order.ordered_at),
        "store": _store(order.store),
        "spend": order.spend,
    }


def _event(event: MemberEvent) -> Json:
    told = {name: value for name, value in vars(event).items() if value is not None}
    return {**told, "occurred_at": moment_text(event.occurred_at)}


def _coupon(coupon: HeldCoupon) -> Json:
    told = dict(vars(coupon))
    ends_on = told.pop("ends_on")
    return {"id": told.pop("coupon_id"), **told, "ends_on": None if ends_on is None else ends_on.isoformat()}


def _benefit(benefit: UnusedBenefit) -> Json:
    return {**vars(benefit), "ends_on": benefit.ends_on.isoformat()}


def _store(store: NamedStore | None) -> Json | None:
    return None if store is None else {"id": store.store_id, "name": store.name}


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment_text(moment)


def further_attributes(text: str | None) -> Json:
    """The retailer's own attributes; what is no JSON object says nothing."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
