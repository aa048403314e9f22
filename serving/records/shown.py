"""What the report on recommendations reads of the records: items shown, and the events that may answer them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, Text, and_, cast, or_, select

from features.contracts.events import EventType
from serving.records.opening import Records, Transaction
from serving.records.tables import EventRow, RecommendationRow

CHUNK = 5_000
"""Rows held in memory at once."""

CLICKS = (
    EventType.PRODUCT_CLICKED,
    EventType.PRODUCT_VIEWED,
    EventType.PRODUCT_ADDED,
    EventType.PRODUCT_ADDED_TO_WISHLIST,
    EventType.COUPON_CLAIMED,
    EventType.COUPON_APPLIED,
    EventType.CONTENT_VIEWED,
)
"""Events that answer an item of the recommendation that they name."""

ORDERS = (EventType.ORDER_COMPLETED, EventType.ORDER_REFUNDED, EventType.ORDER_CANCELLED)

ShownRow = Row[str, datetime, datetime, str | None, str, str, str]
"""recommendation_id, logged_at, as_of, member_id, scenario, release_id, items (a JSON text)."""

AnsweringRow = Row[*tuple[Any, ...]]
"""The columns of _ANSWERING by their names; `Any` because there are many types."""

_ANSWERING = (
    EventRow.number,
    EventRow.type,
    EventRow.occurred_at,
    EventRow.received_at,
    EventRow.member_key,
    EventRow.source,
    EventRow.source_id,
    EventRow.product_id,
    EventRow.content_id,
    EventRow.coupon_id,
    EventRow.order_id,
    EventRow.recommendation_id,
    EventRow.properties,
)


def recommendations_between(records: Records, *, since: datetime, until: datetime) -> Iterator[Sequence[ShownRow]]:
    """Recommendations logged from `since` on and before `until`, in chunks, each a short read of its own."""
    row = RecommendationRow
    # millions of items: as the text that they are stored as, for whoever reads many at once
    items = cast(row.items, Text).label("items")
    columns = (row.recommendation_id, row.logged_at, row.as_of, row.member_id, row.scenario, row.release_id, items)
    last: tuple[datetime, str] | None = None
    while True:
        with records.reading() as transaction:
            asked = select(*columns).where(row.shop == transaction.shop, row.logged_at >= since, row.logged_at < until)
            if last is not None:
                at, recommendation_id = last
                later = and_(row.logged_at == at, row.recommendation_id > recommendation_id)
                asked = asked.where(row.logged_at >= at, or_(row.logged_at > at, later))
            found = transaction.session.execute(asked.order_by(row.logged_at, row.recommendation_id).limit(CHUNK)).all()
        if not found:
            return
        last = (found[-1].logged_at, found[-1].recommendation_id)
        yield found


def answering_events(records: Records, *, since: datetime) -> Iterator[Sequence[AnsweringRow]]:
    """Clicks that name a recommendation, and orders, received from `since` on; in chunks, as they were stored."""
    row = EventRow
    with records.reading() as transaction:
        last = _number_before(transaction, since)
    is_click = and_(row.type.in_(CLICKS), row.recommendation_id.is_not(None))
    while True:
        with records.reading() as transaction:
            asked = select(*_ANSWERING).where(row.shop == transaction.shop, row.number > last)
            asked = asked.where(or_(is_click, row.type.in_(ORDERS))).order_by(row.number).limit(CHUNK)
            found = transaction.session.execute(asked).all()
        if not found:
            return
        last = found[-1].number
        yield found


def _number_before(transaction: Transaction, since: datetime) -> int:
    """A number before those of all events received from `since` on, found by halving: numbers grow with time."""
    row = EventRow
    ends = [_of_shop(transaction).order_by(order).limit(1) for order in (row.number, row.number.desc())]
    first, last = (transaction.session.scalars(end).first() for end in ends)
    if first is None or last is None:
        return 0
    low, high = first.number - 1, last.number
    while high - low > CHUNK:
        middle = (low + high) // 2
        found = transaction.session.scalars(
            _of_shop(transaction).where(row.number >= middle).order_by(row.number).limit(1)
        ).first()
        if found is not None and found.received_at < since:
            low = middle
        else:
            high = middle
    return low


def _of_shop(transaction: Transaction) -> Select[EventRow]:
    return select(EventRow).where(EventRow.shop == transaction.shop)
