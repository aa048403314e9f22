"""What an event is told with, how each is checked by itself, and what a request of events answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator

from features.contracts.events import ANONYMOUS, BY_MEMBER_ID, NEEDED, EventType
from features.contracts.forgotten import Forgotten, Named
from features.contracts.settings import Settings
from serving.api.errors import sentence_of
from serving.api.members_named import Body
from serving.records.events import NewEvent

MOST_EVENTS = 500
MOST_PROPERTIES = 8_000
"""Bytes of an event's properties."""

CONTACT_KEYS = frozenset(
    (
        "email",
        "e_mail",
        "phone",
        "mobile",
        "phone_number",
        "first_name",
        "last_name",
        "firstname",
        "lastname",
        "address",
    )
)
"""Properties that are not taken: who somebody is stands in member records, where it is protected."""

Text = Annotated[str, Field(min_length=1, max_length=200)]
LISTED = frozenset({EventType.ORDER_COMPLETED, EventType.ORDER_REFUNDED})


def _is_text(value: object) -> object:
    # a number would be taken for seconds since 1970
    if not isinstance(value, str):
        raise ValueError("write it as text, like 2026-11-22T09:30:00+08:00")
    return value


class EventBody(Body):
    """One event. Of `source` with `source_id`, `member_id` and `anonymous_id` exactly one way names the person."""

    message_id: Text = Field(description="yours; the same one twice counts once")
    type: EventType = Field(description="what happened", examples=["Product Viewed"])
    occurred_at: Annotated[datetime, BeforeValidator(_is_text)] = Field(
        description="when it happened, ISO 8601; without a zone, in the shops' zone"
    )
    source: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(
        None, description="the channel that knows the person; goes with source_id"
    )
    source_id: Text | None = Field(None, description="the person's id in that channel")
    member_id: Text | None = Field(None, description="the resolved member")
    anonymous_id: Text | None = Field(None, description="somebody not known yet, such as a cookie's id")
    product_id: Text | None = Field(None, description="product that it is about")
    content_id: Text | None = Field(None, description="content that it is about")
    coupon_id: Text | None = Field(None, description="coupon that it is about")
    campaign_id: Text | None = Field(None, description="campaign that it belongs to")
    store_id: Text | None = Field(None, description="store where it happened")
    zone: Text | None = Field(None, description="zone of the store")
    order_id: Text | None = Field(None, description="order that it is about")
    recommendation_id: Text | None = Field(None, description="recommendation that led to it")
    audience_id: Text | None = Field(None, description="audience that led to it")
    properties: dict[str, Any] | None = Field(
        None,
        description="what else is known; of an order `products`: [{product_id, quantity, price}]. No contact data",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.source is None) != (self.source_id is None):
            raise ValueError("source and source_id go together")
        ways = (self.source, self.member_id, self.anonymous_id)
        if sum(way is not None for way in ways) != 1:
            raise ValueError("name the person in exactly one way: source with source_id, member_id, or anonymous_id")
        for name in NEEDED.get(self.type, ()):
            if getattr(self, name) is None:
                raise ValueError(f"{name} is required for '{self.type}'")
        return self

    @property
    def person(self) -> tuple[str, str]:
        """The source and the id in it."""
        if self.member_id is not None:
            return BY_MEMBER_ID, self.member_id
        if self.anonymous_id is not None:
            return ANONYMOUS, self.anonymous_id
        return self.source or "", self.source_id or ""


class OrderedProduct(BaseModel):
    """A product of an order; what else is told of it is kept as it is."""

    product_id: Text
    quantity: Decimal = Field(Decimal(1), gt=0, le=1_000_000, allow_inf_nan=False)
    price: Decimal | None = Field(None, ge=0, lt=10**12, allow_inf_nan=False)


class OrderedProducts(BaseModel):
    """Properties of an order."""

    products: list[OrderedProduct] = Field(min_length=1, max_length=1_000)


def _event_schema() -> dict[str, Any]:
    """An event's schema, whole in itself; `Any` because JSON is."""
    schema = EventBody.model_json_schema()
    of_type = schema.pop("$defs")[EventType.__name__]
    schema["properties"]["type"] = {**schema["properties"]["type"], **of_type}
    del schema["properties"]["type"]["$ref"]
    return schema


class EventsRequest(Body):
    """Events of any persons."""

    # `Any`: each event is checked by itself, so that a wrong one does not keep the others out
    events: list[Any] = Field(
        min_length=1,
        max_length=MOST_EVENTS,
        description="at most 500; each is checked by itself",
        json_schema_extra={"items": _event_schema()},
        examples=[
            [
                {
                    "message_id": "3f6c1f9a-0001",
                    "type": "Product Viewed",
                    "occurred_at": "2026-11-22T09:30:00Z",
                    "source": "app",
                    "source_id": "A-17",
                    "product_id": "1004906",
                }
            ]
        ],
    )


class RejectedEvent(BaseModel):
    """An event that was not taken."""

    index: int = Field(description="its place in the request, from 0")
    message_id: str | None = Field(description="null where it had none that can be repeated")
    reason: str = Field(description="what is wrong with it, in words")


class EventsAnswer(BaseModel):
    """What became of a request's events: everything accepted is stored for good."""

    accepted: int = Field(description="events stored now")
    duplicates: int = Field(description="events whose message_id was stored before, or came twice; nothing changed")
    rejected: list[RejectedEvent]


@dataclass(frozen=True, kw_only=True)
class CheckedEvents:
    """Events to be stored, and those that are not taken."""

    events: Sequence[NewEvent]
    rejected: Sequence[RejectedEvent]


class EventCheck:
    """Checks events against the settings; immutable."""

    def __init__(self, settings: Settings, *, forgotten: Callable[[], Forgotten] = Forgotten.nobody) -> None:
        self._zone = settings.zone
        self._forgotten = forgotten
        self._earliest = _start_of(settings.load.earliest, settings.zone)
        self._ahead = timedelta(minutes=settings.events.future_minutes)

    def check(self, events: Sequence[Any], *, at: datetime) -> CheckedEvents:
        """The events that are sound, and what is wrong with the others. `Any` because JSON is."""
        sound: list[NewEvent] = []
        rejected: list[RejectedEvent] = []
        for index, given in enumerate(events):
            try:
                sound.append(self._sound(EventBody.model_validate(given), at))
            except ValidationError as error:
                rejected.append(_rejected(index, given, _sentence(error)))
            except ValueError as error:
                rejected.append(_rejected(index, given, str(error)))
        return CheckedEvents(events=sound, rejected=rejected)

    def _is_forgotten(self, source: str, source_id: str, occurred_at: datetime) -> bool:
        """Whether nothing of it may be kept; of who joined anew, what happened since then may."""
        forgotten = self._forgotten()
        asked_at = forgotten.asked_at(Named.PERSON, source, source_id)
        return asked_at is not None and (occurred_at <= asked_at or forgotten.is_person(source, source_id))

    def _sound(self, body: EventBody, at: datetime) -> NewEvent:
        occurred_at = body.occurred_at
        if occurred_at.tzinfo is None:
            occurred_at = occurred_at.replace(tzinfo=self._zone)
        if not self._earliest <= occurred_at:
            raise ValueError("occurred_at: it lies before the earliest moment that the settings allow")
        if occurred_at > at + self._ahead:
            raise ValueError("occurred_at: it lies in the future")
        source, source_id = body.person
        about = (
            body.product_id,
            body.content_id,
            body.coupon_id,
            body.campaign_id,
            body.store_id,
            body.zone,
            body.order_id,
            body.recommendation_id,
            body.audience_id,
        )
        if self._is_forgotten(source, source_id, occurred_at):
            raise ValueError("forgotten: this person asked to be forgotten")
        if any("\0" in text for text in (body.message_id, source, source_id, *filter(None, about))):
            raise ValueError("a text holds the character NUL, which cannot be stored")
        return NewEvent(
            message_id=body.message_id,
            type=body.type.value,
            occurred_at=occurred_at,
            received_at=at,
            source=source,
            source_id=source_id,
            member_key="",
            product_id=body.product_id,
            content_id=body.content_id,
            coupon_id=body.coupon_id,
            campaign_id=body.campaign_id,
            store_id=body.store_id,
            zone=body.zone,
            order_id=body.order_id,
            recommendation_id=body.recommendation_id,
            audience_id=body.audience_id,
            properties=_properties(body),
        )


def _properties(body: EventBody) -> str | None:
    properties = body.properties
    if body.type in LISTED and (body.type == EventType.ORDER_COMPLETED or "products" in (properties or {})):
        try:
            OrderedProducts.model_validate(properties or {})
        except ValidationError as error:
            raise ValueError(f"properties.{sentence_of(error.errors(include_url=False))}") from None
    if not properties:
        return None
    if contact := next((key for key in properties if key.casefold() in CONTACT_KEYS), None):
        raise ValueError(f"properties.{contact.casefold()}: contact data is not taken in events")
    try:
        text = json.dumps(properties, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
    except UnicodeEncodeError:
        raise ValueError("properties: a text in them holds half a character, which cannot be stored") from None
    except (ValueError, RecursionError):
        raise ValueError("properties: a number in them is none, or they are nested too deep") from None
    if size > MOST_PROPERTIES:
        raise ValueError(f"properties: they are larger than {MOST_PROPERTIES} bytes")
    return text


def _sentence(error: ValidationError) -> str:
    # what is said of the event as a whole has no place in it
    return sentence_of(error.errors(include_url=False)).removeprefix(": ")


def _rejected(index: int, given: object, reason: str) -> RejectedEvent:
    told = given.get("message_id") if isinstance(given, dict) else None
    message_id = told if isinstance(told, str) and 0 < len(told) <= 200 else None
    return RejectedEvent(index=index, message_id=message_id, reason=reason)


def _start_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)
