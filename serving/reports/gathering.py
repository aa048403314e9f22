"""Gathers what a report on recommendations is made of into tables of one DuckDB session."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from features.contracts.errors import NothingLoaded
from features.contracts.events import EventType
from features.contracts.settings import Settings
from features.sources.casting import literal_path
from features.tables.storage import TablesVersion, current_tables
from serving.records.opening import Records
from serving.records.shown import ORDERS, AnsweringRow, ShownRow, answering_events, recommendations_between

MOMENT = pa.timestamp("us", tz="UTC")

SHOWN = pa.schema(
    {
        "recommendation_id": pa.string(),
        "member_id": pa.string(),
        "item_id": pa.string(),
        "scenario": pa.string(),
        "source": pa.string(),
        "release_id": pa.string(),
        "logged_at": MOMENT,
        "as_of": MOMENT,
    }
)
"""One row per item shown."""

CLICKED = pa.schema({"recommendation_id": pa.string(), "item_id": pa.string(), "happened_at": MOMENT})
"""One row per event that answers an item of the recommendation that it names."""

ORDERED = pa.schema(
    {
        "order_id": pa.string(),
        "product_id": pa.string(),
        "member_key": pa.string(),
        "source": pa.string(),
        "source_id": pa.string(),
        "recommendation_id": pa.string(),
        "happened_at": MOMENT,
        "revenue": pa.float64(),
        "is_undone": pa.bool_(),
    }
)
"""One row per product of an order that an event told; of one cancelled or refunded whole, product_id is null."""

TABLES = {
    "order_lines": {
        "order_id": "VARCHAR",
        "product_id": "VARCHAR",
        "member_id": "VARCHAR",
        "ordered_at": "TIMESTAMPTZ",
        "quantity": "DECIMAL(18,3)",
        "amount": "DECIMAL(18,2)",
        "list_amount": "DECIMAL(18,2)",
    },
    "member_ids": {"source": "VARCHAR", "source_id": "VARCHAR", "member_id": "VARCHAR"},
    "member_aliases": {"old_member_id": "VARCHAR", "member_id": "VARCHAR"},
}
"""What is read of the loaded tables."""


def gather(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    records: Records,
    *,
    since: datetime,
    until: datetime,
    is_still: bool,
) -> None:
    """Creates `shown`, `clicked`, `ordered`, `order_lines`, `member_ids` and `member_aliases`.

    While time stands still for the service (`is_still`) an event counts as of when it was received: what it happened
    at is a moment of the data, and recommendations are logged by the wall clock.
    """
    _insert(con, "shown", SHOWN.empty_table(), is_new=True)
    for rows in recommendations_between(records, since=since, until=until):
        _insert(con, "shown", _shown(rows), chosen=_ITEMS)
    _insert(con, "clicked", CLICKED.empty_table(), is_new=True)
    _insert(con, "ordered", ORDERED.empty_table(), is_new=True)
    for events in answering_events(records, since=since):
        told = [(event, event.received_at if is_still else event.occurred_at) for event in events]
        clicks = [_click(row, at) for row, at in told if row.type not in ORDERS]
        orders = [each for row, at in told if row.type in ORDERS for each in _order(row, at)]
        _insert(con, "clicked", pa.Table.from_pylist(clicks, CLICKED))
        _insert(con, "ordered", pa.Table.from_pylist(orders, ORDERED))
    _open_tables(con, settings)


_ITEMS = """
SELECT recommendation_id, member_id, item.id, scenario, item.source, release_id, logged_at, as_of
FROM (SELECT *, unnest(from_json(items, '[{"id": "VARCHAR", "source": "VARCHAR"}]')) AS item FROM handed_over)
"""
"""Columns of SHOWN, in their order, of what `_shown` hands over."""


def _insert(
    con: duckdb.DuckDBPyConnection,
    table: str,
    rows: pa.Table,
    *,
    chosen: str = "FROM handed_over",
    is_new: bool = False,
) -> None:
    con.register("handed_over", rows)
    con.execute(f"CREATE TEMP TABLE {table} AS {chosen}" if is_new else f"INSERT INTO {table} {chosen}")
    con.unregister("handed_over")


def _shown(rows: Sequence[ShownRow]) -> pa.Table:
    """One row per recommendation, its items as the JSON text that they are stored as."""
    of_all = ("recommendation_id", "member_id", "scenario", "release_id", "logged_at", "as_of")
    columns = {name: pa.array([getattr(row, name) for row in rows], SHOWN.field(name).type) for name in of_all}
    return pa.table({**columns, "items": pa.array([row.items for row in rows], pa.string())})


def _click(row: AnsweringRow, at: datetime) -> dict[str, Any]:
    item_id = row.product_id or row.coupon_id or row.content_id
    return {"recommendation_id": row.recommendation_id, "item_id": item_id, "happened_at": at}


def _order(row: AnsweringRow, at: datetime) -> Iterator[dict[str, Any]]:
    told = json.loads(row.properties) if row.properties else {}
    of_all = {
        "order_id": row.order_id,
        "member_key": row.member_key,
        "source": row.source,
        "source_id": row.source_id,
        "recommendation_id": row.recommendation_id,
        "happened_at": at,
        "is_undone": row.type != EventType.ORDER_COMPLETED,
    }
    products = [each for each in told.get("products") or () if isinstance(each, dict) and each.get("product_id")]
    if of_all["is_undone"] and (row.type == EventType.ORDER_CANCELLED or not products):
        yield {**of_all, "product_id": row.product_id, "revenue": None}
        return
    for each in products:
        price, quantity = each.get("price"), each.get("quantity", 1)
        revenue = None if price is None else float(price) * float(quantity)
        yield {**of_all, "product_id": str(each["product_id"]), "revenue": revenue}


def _open_tables(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Views of the loaded tables; empty tables in a shop that has loaded nothing."""
    try:
        version: TablesVersion | None = current_tables(settings.paths)
    except NothingLoaded:
        version = None
    for table, columns in TABLES.items():
        file = None if version is None else version.file(table)
        if file is not None and file.is_file():
            place = literal_path(file).replace("'", "''")
            con.execute(f"CREATE TEMP VIEW {table} AS SELECT {', '.join(columns)} FROM read_parquet('{place}')")
        else:
            typed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            con.execute(f"CREATE TEMP TABLE {table} ({typed})")
