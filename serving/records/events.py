"""Events as they were told: each once, numbered in the order in which they were stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Select, String, and_, delete, insert, select, text, update

from serving.records.moment import Moment
from serving.records.opening import Transaction
from serving.records.tables import EventCursorRow, EventRow

STORED = "stored"
"""Cursor that holds the last number given."""

HANDED_ON = "raw"
"""Cursor of what the raw tables have taken over."""

IDS_PER_QUERY = 500
"""Below the parameters that either database allows in one statement."""

Person = tuple[str, str]
"""A source and the person's id in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewEvent:
    """An event as it is to be stored."""

    message_id: str
    type: str
    occurred_at: datetime
    received_at: datetime
    source: str
    source_id: str
    member_key: str
    """The member's id as the release in service knew the person, else the person's own key."""
    product_id: str | None = None
    content_id: str | None = None
    coupon_id: str | None = None
    campaign_id: str | None = None
    store_id: str | None = None
    zone: str | None = None
    order_id: str | None = None
    recommendation_id: str | None = None
    audience_id: str | None = None
    properties: str | None = None
    """A JSON object."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredEvent(NewEvent):
    """An event that is stored."""

    number: int


class PersonEvent(NamedTuple):
    """Whose an event is."""

    number: int
    member_key: str
    source: str
    source_id: str

    @property
    def person(self) -> Person:
        return self.source, self.source_id


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyEvent:
    """What of an event tells what somebody is doing."""

    type: str
    occurred_at: datetime
    product_id: str | None = None
    store_id: str | None = None
    zone: str | None = None
    order_id: str | None = None
    properties: str | None = None


_Value = TypeVar("_Value")

_KEYS_AT_ONCE = 50

# A union of small searches of the index: neither database reads more than the rows that are wanted.
_OF_ONE_KEY = """SELECT * FROM (
    SELECT member_key, type, occurred_at, product_id, store_id, zone, order_id, properties FROM events
    WHERE shop = :shop AND member_key = :key_{at} ORDER BY occurred_at DESC, number DESC LIMIT :most) AS of_{at}"""

_LATEST = text(" UNION ALL ".join(_OF_ONE_KEY.format(at=at) for at in range(_KEYS_AT_ONCE))).columns(
    member_key=String,
    type=String,
    occurred_at=Moment,
    product_id=String,
    store_id=String,
    zone=String,
    order_id=String,
    properties=String,
)

_NEW = tuple(each.name for each in fields(NewEvent))
_COLUMNS = tuple(getattr(EventRow, name) for name in (*_NEW, "number"))


def add_events(transaction: Transaction, events: Sequence[NewEvent]) -> tuple[StoredEvent, ...]:
    """The events that were not stored yet, now stored: of a message id that comes twice the first.

    Writers take turns from here to the end of the transaction, so that numbers are seen in order by whoever reads.
    """
    if not events:
        return ()
    first = _numbers(transaction, len(events))
    fresh = {each.message_id: each for each in reversed(events)}
    for known in _known(transaction, list(fresh)):
        del fresh[known]
    ordered = [each for each in events if fresh.get(each.message_id) is each]
    stored = tuple(_numbered(each, number) for number, each in enumerate(ordered, start=first))
    if stored:
        rows = [{"shop": transaction.shop, **_values(each)} for each in stored]
        transaction.session.connection().execute(insert(EventRow.__table__), rows)  # type: ignore[arg-type]  # a Table
    return stored


def events_after(transaction: Transaction, number: int, *, limit: int, upto: int | None = None) -> list[StoredEvent]:
    """The events stored after a number, at most `limit`, in the order of their numbers."""
    asked = _of_shop(transaction).where(EventRow.number > number).order_by(EventRow.number).limit(limit)
    if upto is not None:
        asked = asked.where(EventRow.number <= upto)
    return list(_found(transaction, asked))


def persons_after(transaction: Transaction, number: int, *, limit: int) -> list[PersonEvent]:
    """Whose the events stored after a number are, at most `limit`, in the order of their numbers."""
    asked = _persons(transaction).where(EventRow.number > number).order_by(EventRow.number).limit(limit)
    return [PersonEvent(*row) for row in transaction.session.execute(asked)]


def latest_of_keys(transaction: Transaction, member_keys: Sequence[str], *, limit: int) -> dict[str, list[KeyEvent]]:
    """The latest events of many member keys, the latest first; of those at one moment, the last stored first."""
    found: dict[str, list[KeyEvent]] = {key: [] for key in member_keys}
    for some in _in_parts(found, _KEYS_AT_ONCE):
        named = {f"key_{at}": key for at, key in enumerate(some)}
        # the statement is the same each time: the databases plan it once, SQLAlchemy compiles it once
        named |= {f"key_{at}": "" for at in range(len(some), _KEYS_AT_ONCE)}
        asked = transaction.session.execute(_LATEST, {**named, "shop": transaction.shop, "most": limit})
        for key, kind, at, product_id, store_id, zone, order_id, properties in asked:
            found[key].append(
                KeyEvent(
                    type=kind,
                    occurred_at=at,
                    product_id=product_id,
                    store_id=store_id,
                    zone=zone,
                    order_id=order_id,
                    properties=properties,
                )
            )
    return found


def events_of(
    transaction: Transaction,
    persons: Iterable[Person],
    *,
    limit: int,
    member_id: str | None = None,
    since: datetime | None = None,
) -> list[StoredEvent]:
    """The latest events of somebody's channel ids, the latest first; with `member_id` those of the member too."""
    found: dict[int, StoredEvent] = {}
    # one search of the index each: of pairs in a list SQLite would read every event there is
    named: list[ColumnElement[bool]] = [
        and_(EventRow.source == source, EventRow.source_id == source_id) for source, source_id in dict.fromkeys(persons)
    ]
    if member_id is not None:
        named.append(EventRow.member_key == member_id)
    for one in named:
        asked = _of_shop(transaction).where(one)
        if since is not None:
            asked = asked.where(EventRow.occurred_at >= since)
        asked = asked.order_by(EventRow.occurred_at.desc(), EventRow.number.desc()).limit(limit)
        found |= {each.number: each for each in _found(transaction, asked)}
    latest = sorted(found.values(), key=lambda each: (each.occurred_at, each.number), reverse=True)
    return latest[:limit]


def events_in_store(
    transaction: Transaction, store_id: str, *, since: datetime, until: datetime | None = None
) -> list[StoredEvent]:
    """The events in a store from a moment on, and before another; in the order in which they happened."""
    asked = _of_shop(transaction).where(EventRow.store_id == store_id, EventRow.occurred_at >= since)
    if until is not None:
        asked = asked.where(EventRow.occurred_at < until)
    return list(_found(transaction, asked.order_by(EventRow.occurred_at, EventRow.number)))


def newest_in_store(transaction: Transaction, store_id: str) -> datetime | None:
    """When the latest event in a store happened; None when there is none."""
    row = EventRow
    asked = select(row.occurred_at).where(row.shop == transaction.shop, row.store_id == store_id)
    return transaction.session.scalar(asked.order_by(row.occurred_at.desc()).limit(1))


def last_number(transaction: Transaction) -> int:
    """Number of the event stored last; 0 when there was none."""
    return cursor(transaction, STORED)


def cursor(transaction: Transaction, name: str) -> int:
    """How far a reader of the events has come; 0 when it has not begun."""
    row = EventCursorRow
    asked = select(row.number).where(row.shop == transaction.shop, row.name == name)
    return transaction.session.scalar(asked) or 0


def set_cursor(transaction: Transaction, name: str, number: int) -> None:
    """Remembers how far a reader has come."""
    row = EventCursorRow
    moved = update(row).where(row.shop == transaction.shop, row.name == name).values(number=number)
    if transaction.session.connection().execute(moved).rowcount == 0:
        transaction.session.execute(insert(row).values(shop=transaction.shop, name=name, number=number))


def rename_member_keys(transaction: Transaction, numbers: Sequence[int], member_key: str) -> None:
    """Gives some events another member key: a release knows the person by another id than the one before."""
    row = EventRow
    for some in _in_parts(numbers, IDS_PER_QUERY):
        transaction.session.execute(
            update(row).where(row.shop == transaction.shop, row.number.in_(some)).values(member_key=member_key)
        )


def persons_since(transaction: Transaction, since: datetime, *, limit: int) -> list[PersonEvent]:
    """Whose the last `limit` events are, those of them received from a moment on; the last stored first."""
    asked = _persons(transaction).add_columns(EventRow.received_at).order_by(EventRow.number.desc()).limit(limit)
    return [PersonEvent(*row[:-1]) for row in transaction.session.execute(asked) if row[-1] >= since]


def remove_events(transaction: Transaction, *, received_before: datetime, upto: int, limit: int) -> int:
    """How many events received before a moment, with numbers up to one, were removed; the oldest, at most `limit`."""
    row = EventRow
    old = select(row.number).where(row.shop == transaction.shop, row.number <= upto)
    numbers = list(transaction.session.scalars(old.order_by(row.number).limit(limit)))
    gone = delete(row).where(
        row.shop == transaction.shop, row.number <= max(numbers, default=0), row.received_at < received_before
    )
    return transaction.session.connection().execute(gone).rowcount


def _numbers(transaction: Transaction, count: int) -> int:
    """The first of so many new numbers; nobody else gets any until the transaction ends."""
    transaction.wait_for_turn("events")
    last = cursor(transaction, STORED)
    set_cursor(transaction, STORED, last + count)
    return last + 1


def _known(transaction: Transaction, message_ids: Sequence[str]) -> Iterator[str]:
    row = EventRow
    for some in _in_parts(message_ids, IDS_PER_QUERY):
        asked = select(row.message_id).where(row.shop == transaction.shop, row.message_id.in_(some))
        yield from transaction.session.scalars(asked)


def _in_parts(values: Iterable[_Value], size: int) -> Iterator[list[_Value]]:
    every = list(values)
    for start in range(0, len(every), size):
        yield every[start : start + size]


def _of_shop(transaction: Transaction) -> Select[Any]:
    return select(*_COLUMNS).where(EventRow.shop == transaction.shop)


def _persons(transaction: Transaction) -> Select[int, str, str, str]:
    asked = select(EventRow.number, EventRow.member_key, EventRow.source, EventRow.source_id)
    return asked.where(EventRow.shop == transaction.shop)


def _found(transaction: Transaction, asked: Select[Any]) -> Iterator[StoredEvent]:
    names = (*_NEW, "number")
    for row in transaction.session.execute(asked):
        yield StoredEvent(**dict(zip(names, row, strict=True)))


def _numbered(event: NewEvent, number: int) -> StoredEvent:
    return StoredEvent(number=number, **_values(event))


def _values(event: NewEvent) -> dict[str, Any]:
    # `Any` because columns differ in type
    names = (*_NEW, "number") if isinstance(event, StoredEvent) else _NEW
    return {name: getattr(event, name) for name in names}
