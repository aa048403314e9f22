"""The events of a day: what the loaded tables say of it and nothing else, in the order in which it happened.

An order is told as `Order Completed`, what it gave back as `Order Refunded`, a redemption as `Coupon Applied`. Visits
to a store are not in the tables: they are told on request only, inferred from purchases, and say so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import duckdb

from features.contracts.clock import moment_text
from features.contracts.errors import Refused
from features.contracts.events import EventType
from features.contracts.settings import Settings
from features.sources.casting import literal_path
from features.tables.session import open_session
from features.tables.storage import TablesVersion, current_tables

MEMORY = "1GB"
CAME_BEFORE = timedelta(minutes=20)
WENT_AFTER = timedelta(minutes=3)

Told = dict[str, Any]
"""An event as `POST /v1/events` takes it; `Any` because JSON is."""

_ORDERS = """
    SELECT order_id, source, source_id, member_id, quantity < 0 AS is_return, min(ordered_at) AS ordered_at,
           min(store_id) AS store_id,
           list({
               'product_id': product_id,
               'quantity': abs(quantity)::DOUBLE,
               'price': round(abs(coalesce(amount, list_amount) / quantity)::DOUBLE, 2)
           } ORDER BY product_id) AS products
    FROM order_lines
    WHERE ordered_at >= $from_at AND ordered_at < $until_at AND quantity <> 0
    GROUP BY order_id, source, source_id, member_id, is_return
    ORDER BY ordered_at, order_id, is_return
"""

_REDEMPTIONS = """
    SELECT DISTINCT coupon_id, redeemed_at, source, source_id, member_id, order_id, campaign_id FROM coupon_redemptions
    WHERE redeemed_at >= $from_at AND redeemed_at < $until_at ORDER BY ALL
"""


@dataclass(frozen=True, kw_only=True)
class Day:
    """Events of a day with their moments in the data, in order."""

    day: date
    events: tuple[tuple[datetime, Told], ...]
    anonymous: int
    """Orders of nobody known; they are not told."""


def day_of(settings: Settings, day: date, *, with_visits: bool) -> Day:
    """The events of a day in the shops' zone. Raises NothingLoaded, and Refused for a day on which nobody bought."""
    version = current_tables(settings.paths)
    from_at = datetime.combine(day, time(), settings.zone)
    window = {"from_at": from_at, "until_at": datetime.combine(day + timedelta(days=1), time(), settings.zone)}
    with open_session(settings, zone="UTC", memory=MEMORY) as con:
        orders = _rows(con, version, "order_lines", _ORDERS, window)
        redemptions = _rows(con, version, "coupon_redemptions", _REDEMPTIONS, window)
    if not orders:
        raise Refused(f"replay: nobody bought on {day}; the loaded data end at {version.latest_at:%Y-%m-%d %H:%M} UTC")
    known = [order for order in orders if _person(order) is not None]
    told = [*_orders(settings.shop, known), *_redeemed(settings.shop, redemptions)]
    if with_visits:
        told += _visits(settings.shop, known)
    ordered = sorted(told, key=lambda each: (each[0], each[1]["message_id"]))
    return Day(day=day, events=tuple(ordered), anonymous=len(orders) - len(known))


def _rows(
    con: duckdb.DuckDBPyConnection, version: TablesVersion, table: str, sql: str, window: dict[str, datetime]
) -> list[dict[str, Any]]:
    # `Any` because columns differ in type
    if not version.file(table).is_file():
        return []
    place = literal_path(version.file(table)).replace("'", "''")
    con.execute(f"CREATE TEMP VIEW {table} AS FROM read_parquet('{place}')")
    found = con.execute(sql, window)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _orders(shop: str, orders: list[dict[str, Any]]) -> Iterator[tuple[datetime, Told]]:
    for order in orders:
        kind = EventType.ORDER_REFUNDED if order["is_return"] else EventType.ORDER_COMPLETED
        products = [{name: value for name, value in each.items() if value is not None} for each in order["products"]]
        yield _event(
            shop,
            kind,
            order,
            order["ordered_at"],
            order["order_id"],
            properties={"products": products},
            **_place(order),
        )


def _redeemed(shop: str, redemptions: list[dict[str, Any]]) -> Iterator[tuple[datetime, Told]]:
    for row in redemptions:
        if _person(row) is not None:
            about = {name: row[name] for name in ("coupon_id", "order_id", "campaign_id") if row[name] is not None}
            of = (row["coupon_id"], row["order_id"] or "", moment_text(row["redeemed_at"]))
            yield _event(shop, EventType.COUPON_APPLIED, row, row["redeemed_at"], *of, **about)


def _visits(shop: str, orders: list[dict[str, Any]]) -> Iterator[tuple[datetime, Told]]:
    for order in orders:
        if order["store_id"] is None or order["is_return"]:
            continue
        for kind, away in ((EventType.STORE_ENTERED, -CAME_BEFORE), (EventType.STORE_LEFT, WENT_AFTER)):
            at, place = order["ordered_at"] + away, {"store_id": order["store_id"]}
            yield _event(shop, kind, order, at, order["order_id"], properties={"is_inferred": True}, **place)


def _event(
    shop: str, kind: EventType, row: dict[str, Any], at: datetime, *of: str, **about: Any
) -> tuple[datetime, Told]:
    person = _person(row) or {}
    # the same event of the same day has the same id however often it is replayed, and so it is stored once
    known_by = "\n".join((shop, kind, *person.values(), *of))
    message_id = f"replay-{hashlib.sha256(known_by.encode()).hexdigest()[:32]}"
    return at, {"message_id": message_id, "type": kind.value, "occurred_at": moment_text(at), **person, **about}


def _person(row: dict[str, Any]) -> dict[str, str] | None:
    if row["source"] is not None and row["source_id"] is not None:
        return {"source": row["source"], "source_id": row["source_id"]}
    return None if row["member_id"] is None else {"member_id": row["member_id"]}


def _place(order: dict[str, Any]) -> dict[str, str]:
    return {name: order[name] for name in ("order_id", "store_id") if order[name] is not None}
