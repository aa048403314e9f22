"""Hands stored events on to the raw tables: behaviour as it is, orders and what was returned of them as order lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from features.contracts.errors import NothingLoaded
from features.contracts.events import ANONYMOUS, BY_MEMBER_ID, EventType
from features.contracts.settings import Settings
from features.contracts.tables import EVENTS, ColumnType
from features.tables.raw import append_event_batch
from features.tables.storage import current_tables
from serving.records.events import (
    HANDED_ON,
    StoredEvent,
    cursor,
    events_after,
    events_of,
    last_number,
    set_cursor,
)
from serving.records.opening import Records

EVENTS_AT_ONCE = 5_000
ORDERS_AT_ONCE = 1_000

MOST_OF_PERSON = 1_000
"""Events of a person among which an order that is returned whole is looked for."""

_CENT = Decimal("0.01")
_THOUSANDTH = Decimal("0.001")

_EVENT_SCHEMA = pa.schema(
    [
        (each.name, pa.timestamp("us", "UTC") if each.type is ColumnType.MOMENT else pa.string())
        for each in EVENTS.columns
    ]
)
_LINE_SCHEMA = pa.schema(
    [
        ("order_id", pa.string()),
        ("product_id", pa.string()),
        ("ordered_at", pa.timestamp("us", "UTC")),
        ("quantity", pa.decimal128(18, 3)),
        ("source", pa.string()),
        ("source_id", pa.string()),
        ("amount", pa.decimal128(18, 2)),
        ("currency", pa.string()),
        ("store_id", pa.string()),
        ("channel", pa.string()),
    ]
)

_RETURNS = frozenset({EventType.ORDER_REFUNDED, EventType.ORDER_CANCELLED})


@dataclass(frozen=True, kw_only=True)
class _Line:
    product_id: str
    quantity: Decimal
    amount: Decimal | None


def hand_over(settings: Settings, records: Records, *, now: datetime) -> int:
    """How many events were handed on, those stored since the last time; they become a raw batch of their own.

    What was handed on and not noted, since a kill came in between, is handed on again and changes nothing then.
    """
    with records.reading() as transaction:
        done, upto = cursor(transaction, HANDED_ON), last_number(transaction)
    if upto <= done:
        return 0
    persons = _persons_of_members(settings)
    counted = _Counted()
    events = _event_batches(records, done, upto, persons, counted)
    lines = _line_batches(records, done, upto, persons, settings.currency)
    append_event_batch(settings, events, order_lines=lines, upto=str(upto), now=now)
    with records.writing() as transaction:
        set_cursor(transaction, HANDED_ON, upto)
    return counted.events


@dataclass
class _Counted:
    events: int = 0


def _stored(records: Records, after: int, upto: int) -> Iterator[list[StoredEvent]]:
    while True:
        with records.reading() as transaction:
            some = events_after(transaction, after, limit=EVENTS_AT_ONCE, upto=upto)
        if not some:
            return
        yield some
        after = some[-1].number


def _event_batches(
    records: Records, after: int, upto: int, persons: Mapping[str, tuple[str, str]], counted: _Counted
) -> Iterator[pa.RecordBatch]:
    for some in _stored(records, after, upto):
        rows = []
        for each in some:
            source, source_id = _person(each, persons)
            row = {name: getattr(each, name) for name in _EVENT_SCHEMA.names}
            rows.append({**row, "source": source, "source_id": source_id})
        counted.events += len(rows)
        yield pa.RecordBatch.from_pylist(rows, schema=_EVENT_SCHEMA)


def _line_batches(
    records: Records, after: int, upto: int, persons: Mapping[str, tuple[str, str]], currency: str
) -> Iterator[pa.RecordBatch]:
    rows: list[dict[str, object]] = []
    for some in _stored(records, after, upto):
        for each in some:
            rows += _order_lines(records, each, persons, currency)
        if len(rows) >= ORDERS_AT_ONCE:
            yield pa.RecordBatch.from_pylist(rows, schema=_LINE_SCHEMA)
            rows = []
    if rows:
        yield pa.RecordBatch.from_pylist(rows, schema=_LINE_SCHEMA)


def _order_lines(
    records: Records, event: StoredEvent, persons: Mapping[str, tuple[str, str]], currency: str
) -> list[dict[str, object]]:
    """The lines of an order, or those that take it back; none of any other event."""
    if event.type == EventType.ORDER_COMPLETED:
        lines, sign = _lines(event.properties), Decimal(1)
    elif event.type in _RETURNS:
        lines, sign = _lines(event.properties) or _lines_of_order(records, event), Decimal(-1)
    else:
        return []
    source, source_id = _person(event, persons)
    is_anonymous = source == ANONYMOUS
    given = _properties(event.properties).get("currency")
    return [
        {
            "order_id": event.order_id,
            "product_id": line.product_id,
            "ordered_at": event.occurred_at,
            "quantity": sign * line.quantity,
            # a sale to nobody known counts for the product
            "source": None if is_anonymous else source,
            "source_id": None if is_anonymous else source_id,
            "amount": None if line.amount is None else sign * line.amount,
            "currency": given if isinstance(given, str) and given else currency,
            "store_id": event.store_id,
            "channel": None if source in (ANONYMOUS, BY_MEMBER_ID) else source,
        }
        for line in lines
    ]


def _lines_of_order(records: Records, event: StoredEvent) -> list[_Line]:
    """The lines of an order that is returned whole, as its own event told them; none when there was no such event."""
    with records.reading() as transaction:
        known = events_of(transaction, [(event.source, event.source_id)], limit=MOST_OF_PERSON)
    for each in known:
        if each.type == EventType.ORDER_COMPLETED and each.order_id == event.order_id:
            return _lines(each.properties)
    return []


def _lines(properties: str | None) -> list[_Line]:
    """A line per product, quantities and amounts of the same product together."""
    listed = _properties(properties).get("products")
    lines: dict[str, _Line] = {}
    for each in listed if isinstance(listed, list) else []:
        product_id = each.get("product_id")
        quantity = _decimal(each.get("quantity", 1), _THOUSANDTH)
        if not isinstance(product_id, str) or not quantity:
            continue
        price = _decimal(each.get("price"), _CENT)
        amount = None if price is None else (price * quantity).quantize(_CENT, ROUND_HALF_UP)
        before = lines.get(product_id)
        if before is not None:
            quantity += before.quantity
            amount = None if amount is None or before.amount is None else amount + before.amount
        lines[product_id] = _Line(product_id=product_id, quantity=quantity, amount=amount)
    return list(lines.values())


def _decimal(value: object, step: Decimal) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value)).quantize(step, ROUND_HALF_UP)
    except InvalidOperation:
        return None


def _properties(text: str | None) -> dict[str, Any]:
    # `Any` because JSON is
    read = json.loads(text) if text else {}
    return read if isinstance(read, dict) else {}


def _person(event: StoredEvent, persons: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    """The channel's id of an event's person; of one that named a member, an id of the member's."""
    if event.source == BY_MEMBER_ID:
        return persons.get(event.source_id, (event.source, event.source_id))
    return event.source, event.source_id


def _persons_of_members(settings: Settings) -> dict[str, tuple[str, str]]:
    """One id in a channel of each member; none before the first load."""
    try:
        folder = current_tables(settings.paths).folder
    except NothingLoaded:
        return {}
    found = ds.dataset(folder / "member_ids.parquet").to_table(columns=["member_id", "source", "source_id"])
    ordered = found.sort_by([("member_id", "descending"), ("source", "descending"), ("source_id", "descending")])
    # of several the first by name stays, so that the same event is handed on the same way each time
    return {
        member_id: (source, source_id)
        for member_id, source, source_id in zip(*(column.to_pylist() for column in ordered.columns), strict=True)
    }
