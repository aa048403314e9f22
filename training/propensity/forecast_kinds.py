"""The kinds of targets whose forecasts have errors of their own."""

from __future__ import annotations

from typing import Literal

from training.propensity.target import EventTarget, EventType, LapseTarget, LaunchDescription, ProductsTarget, Target

Kind = Literal["products", "launch", "visit", "join", "coupon_redeemed", "lapse"]
KINDS: tuple[Kind, ...] = ("products", "launch", "visit", "join", "coupon_redeemed", "lapse")
"""Each event is a kind: visits come steadily, redemptions hang on the campaigns that will run."""


def kind_of(target: Target) -> Kind:
    """The kind whose errors a target has."""
    match target:
        case ProductsTarget():
            return "products"
        case LaunchDescription():
            return "launch"
        case EventTarget(type=event):
            return kind_of_event(event)
        case LapseTarget():
            return "lapse"


def kind_of_event(event: EventType) -> Kind:
    """The kind of an event."""
    kinds: dict[EventType, Kind] = {
        EventType.VISIT: "visit",
        EventType.JOIN: "join",
        EventType.COUPON_REDEEMED: "coupon_redeemed",
    }
    return kinds[event]
