"""What the events of somebody say of right now: a pure function of them, whatever the order in which they came."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from features.contracts.events import EventType
from features.contracts.ids import ProductId
from features.store.member_now import MemberNow, Place, Touched
from serving.records.events import KeyEvent

MOST_EVENTS = 60
"""Latest events of a member that are looked at."""

MOST_VIEWED = 20
MOST_IN_BASKET = 100

_LOOKED = frozenset({EventType.PRODUCT_VIEWED, EventType.PRODUCT_CLICKED})
_ADDED = frozenset({EventType.PRODUCT_ADDED, EventType.WISHLIST_PRODUCT_ADDED_TO_CART})
_SHOWN = frozenset({EventType.CART_VIEWED, EventType.CHECKOUT_STARTED})


def visit_of(events: Sequence[KeyEvent], *, session: timedelta, bought: timedelta) -> MemberNow | None:
    """The visit that the latest of these events belongs to, and what was bought lately; None without events.

    `events` come the latest first. A visit begins after a pause longer than a `session`.
    """
    if not events:
        return None
    newest = events[0].occurred_at
    visit = _Visit()
    for event in reversed(_unbroken(events, session)):
        visit.take(event)
    return MemberNow(
        newest_at=newest,
        viewed=_latest_first(visit.viewed)[:MOST_VIEWED],
        basket=_touched(visit.basket)[-MOST_IN_BASKET:],
        bought=_bought([event for event in reversed(events) if event.occurred_at > newest - bought]),
        store=visit.store,
        zone=visit.zone,
    )


class _Visit:
    """A visit as it goes on, event by event."""

    def __init__(self) -> None:
        self.viewed: dict[str, datetime] = {}
        self.basket: dict[str, datetime] = {}
        self.store: Place | None = None
        self.zone: Place | None = None

    def take(self, event: KeyEvent) -> None:
        """What an event changes."""
        if event.product_id is not None and event.type in _LOOKED:
            _put_last(self.viewed, event.product_id, event.occurred_at)
        elif event.product_id is not None and event.type in _ADDED:
            _put_last(self.basket, event.product_id, event.occurred_at)
        elif event.product_id is not None and event.type == EventType.PRODUCT_REMOVED:
            self.basket.pop(event.product_id, None)
        elif event.type in _SHOWN and (shown := products_of(event.properties)):
            # the app tells the whole basket: what it lacks has gone
            self.basket = {product: self.basket.get(product, event.occurred_at) for product in shown}
        elif event.type == EventType.ORDER_COMPLETED:
            for product in products_of(event.properties):
                self.basket.pop(product, None)
                self.viewed.pop(product, None)
        self._move(event)

    def _move(self, event: KeyEvent) -> None:
        if event.store_id is None:
            return
        if event.type == EventType.STORE_LEFT:
            if self.store is not None and self.store.id == event.store_id:
                self.store = self.zone = None
            return
        if self.store is None or self.store.id != event.store_id:
            self.zone = None
        self.store = Place(id=event.store_id, at=event.occurred_at)
        if event.zone is not None:
            self.zone = Place(id=event.zone, at=event.occurred_at)


def products_of(properties: str | None) -> tuple[str, ...]:
    """Ids of the products that an event's properties list; none where they list none."""
    if properties is None:
        return ()
    listed: Any = json.loads(properties).get("products")  # `Any` because JSON is
    if not isinstance(listed, list):
        return ()
    found = (each.get("product_id") for each in listed if isinstance(each, dict))
    return tuple(dict.fromkeys(product for product in found if isinstance(product, str)))


def _unbroken(events: Sequence[KeyEvent], session: timedelta) -> Sequence[KeyEvent]:
    """The events of the visit, the latest first."""
    for at in range(1, len(events)):
        if events[at - 1].occurred_at - events[at].occurred_at > session:
            return events[:at]
    return events


def _bought(events: Sequence[KeyEvent]) -> tuple[Touched, ...]:
    """The products of orders that were neither cancelled nor refunded, the latest first; events in their order."""
    orders: dict[str, dict[str, datetime]] = {}
    for event in events:
        if event.order_id is None:
            continue
        if event.type == EventType.ORDER_COMPLETED:
            orders[event.order_id] = dict.fromkeys(products_of(event.properties), event.occurred_at)
        elif event.type == EventType.ORDER_CANCELLED:
            orders.pop(event.order_id, None)
        elif event.type == EventType.ORDER_REFUNDED:
            order = orders.get(event.order_id, {})
            for product in products_of(event.properties) or tuple(order):
                order.pop(product, None)
    found: dict[str, datetime] = {}
    for order in orders.values():
        for product, at in order.items():
            if product not in found or found[product] < at:
                _put_last(found, product, at)
    return _latest_first(found)


def _put_last(products: dict[str, datetime], product: str, at: datetime) -> None:
    products.pop(product, None)
    products[product] = at


def _touched(products: dict[str, datetime]) -> tuple[Touched, ...]:
    return tuple(Touched(product_id=ProductId(product), at=at) for product, at in products.items())


def _latest_first(products: dict[str, datetime]) -> tuple[Touched, ...]:
    # stable: of one moment, the one that came last stands first
    last_first = list(reversed(_touched(products)))
    last_first.sort(key=_when, reverse=True)
    return tuple(last_first)


def _when(touched: Touched) -> datetime:
    return touched.at
