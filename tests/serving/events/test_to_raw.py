"""Stored events become rows of the raw tables, and orders among them order lines."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from features.contracts.settings import Settings
from features.tables.load import load_shop
from features.tables.storage import current_tables
from serving.events.to_raw import hand_over
from serving.records.events import HANDED_ON, NewEvent, add_events, cursor, set_cursor

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def event(message_id, kind="Product Viewed", *, seconds=0.0, who="anna", source="app", products=None, **more):
    properties = more.pop("properties", None) or ({} if products is None else {"products": products})
    return NewEvent(
        message_id=message_id,
        type=kind,
        occurred_at=NOON + timedelta(seconds=seconds),
        received_at=NOON,
        source=source,
        source_id=who,
        member_key="",
        properties=json.dumps(properties) if properties else None,
        **more,
    )


def store(records, *events):
    with records.writing() as transaction:
        add_events(transaction, events)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A shop of one file: anna of the app bought tea a day before, in order o-1."""
    source = tmp_path / "files"
    source.mkdir()
    lines = "order_id,product_id,ordered_at,quantity,amount,source,source_id\n"
    (source / "order_lines.csv").write_text(f"{lines}o-1,tea,2026-11-21T12:00:00Z,1,4.00,app,anna\n")
    return source


def load(settings: Settings, folder: Path | None):
    return load_shop(
        settings,
        source=folder,
        with_synthetic_contacts=False,
        as_of=None,
        now=NOON + timedelta(days=1),
        progress=lambda _step: None,
    )


def table(settings: Settings, name: str) -> pd.DataFrame:
    return pd.read_parquet(current_tables(settings.paths).folder / f"{name}.parquet")


def test_events_join_the_tables_with_the_next_load_and_orders_become_lines(settings, records, folder):
    load(settings, folder)
    products = [{"product_id": "tea", "quantity": 2, "price": 1.5}, {"product_id": "milk"}]
    store(
        records,
        event("a", product_id="tea", store_id="s1", recommendation_id="r1"),
        event("b", "Order Completed", seconds=1, order_id="o-2", products=products),
        event("c", "Store Entered", source="anonymous", who="cookie", store_id="s1"),
    )
    assert hand_over(settings, records, now=NOON) == 3
    load(settings, folder)
    seen = table(settings, "events").set_index("message_id")
    assert sorted(seen.index) == ["a", "b", "c"]
    assert (seen.loc["a", "product_id"], seen.loc["a", "recommendation_id"]) == ("tea", "r1")
    assert seen.loc["a", "occurred_at"].to_pydatetime().astimezone(UTC) == NOON
    lines = table(settings, "order_lines").set_index(["order_id", "product_id"])
    assert lines.loc[("o-2", "tea"), ["quantity", "amount"]].tolist() == [Decimal(2), Decimal("3.00")]
    assert lines.loc[("o-2", "milk"), "quantity"] == 1
    assert ("o-1", "tea") in lines.index


def test_what_was_handed_over_is_not_handed_over_again_and_would_change_nothing(settings, records, folder):
    store(records, event("a", "Order Completed", order_id="o-2", products=[{"product_id": "tea"}]))
    assert (hand_over(settings, records, now=NOON), hand_over(settings, records, now=NOON)) == (1, 0)
    load(settings, folder)
    before = table(settings, "order_lines")
    # a kill between the batch and the note of it
    with records.writing() as transaction:
        set_cursor(transaction, HANDED_ON, 0)
    assert hand_over(settings, records, now=NOON) == 1
    load(settings, folder)
    pd.testing.assert_frame_equal(table(settings, "order_lines"), before)
    assert len(table(settings, "events")) == 1


def lines_of(settings, records, folder, *events):
    store(records, *events)
    hand_over(settings, records, now=NOON)
    load(settings, folder)
    rows = table(settings, "order_lines")
    rows = rows[rows["order_id"] == "o-2"].sort_values(["product_id", "quantity"], ascending=[True, False])
    return [(row.product_id, float(row.quantity)) for row in rows.itertuples()]


ORDER = event(
    "order", "Order Completed", order_id="o-2", products=[{"product_id": "a", "quantity": 2}, {"product_id": "b"}]
)


@pytest.mark.parametrize(
    ("told", "returned"),
    [
        (event("r", "Order Refunded", seconds=9, order_id="o-2", products=[{"product_id": "b"}]), [("b", -1.0)]),
        (event("r", "Order Refunded", seconds=9, order_id="o-2"), [("a", -2.0), ("b", -1.0)]),
        (event("r", "Order Cancelled", seconds=9, order_id="o-2"), [("a", -2.0), ("b", -1.0)]),
        (event("r", "Order Cancelled", seconds=9, order_id="o-unknown"), []),
    ],
)
def test_what_is_refunded_or_cancelled_becomes_a_return(settings, records, folder, told, returned):
    found = lines_of(settings, records, folder, ORDER, told)
    assert found == sorted([("a", 2.0), ("b", 1.0), *returned], key=lambda each: (each[0], -each[1]))


def test_a_product_told_twice_in_an_order_is_one_line(settings, records, folder):
    twice = [{"product_id": "a", "price": 1}, {"product_id": "a", "quantity": 3, "price": 1}]
    found = lines_of(settings, records, folder, event("x", "Order Completed", order_id="o-2", products=twice))
    assert found == [("a", 4.0)]


def test_a_file_s_line_wins_over_the_event_s(settings, records, folder):
    store(records, event("x", "Order Completed", order_id="o-1", products=[{"product_id": "tea", "quantity": 9}]))
    load(settings, folder)
    hand_over(settings, records, now=NOON)
    load(settings, folder)
    (line,) = table(settings, "order_lines").itertuples()
    assert float(line.quantity) == 1.0


def test_an_event_that_named_the_member_is_the_member_s(settings, records, folder):
    load(settings, folder)
    member_id = table(settings, "member_ids").set_index("source_id").loc["anna", "member_id"]
    store(records, event("x", source="member", who=member_id, product_id="tea"))
    hand_over(settings, records, now=NOON)
    load(settings, folder)
    assert table(settings, "events")[["source", "source_id"]].to_numpy().tolist() == [["app", "anna"]]
    assert len(table(settings, "member_ids")) == 1


def test_an_order_of_nobody_known_counts_for_the_product_only(settings, records, folder):
    order = dataclasses.replace(ORDER, source="anonymous", source_id="cookie")
    lines_of(settings, records, folder, order)
    lines = table(settings, "order_lines")
    assert lines.loc[lines["order_id"] == "o-2", "source_id"].isna().all()


def test_without_new_events_nothing_is_written(settings, records):
    assert hand_over(settings, records, now=NOON) == 0
    assert not settings.paths.raw.exists()
    with records.reading() as transaction:
        assert cursor(transaction, HANDED_ON) == 0
