"""What somebody's events say of right now, whatever the order in which they came."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from features.store.member_now import MemberNow, pack_now, unpack_now
from serving.events.visit import visit_of
from serving.records.events import KeyEvent

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def event(kind, minute=0.0, *, product=None, products=None, **more):
    properties = None if products is None else json.dumps({"products": [{"product_id": each} for each in products]})
    return KeyEvent(
        type=kind, occurred_at=NOON + timedelta(minutes=minute), product_id=product, properties=properties, **more
    )


def visit(*told):
    """The visit of events in the order in which they happened; of one moment, in the order written here."""
    numbered = sorted(enumerate(told), key=lambda each: (each[1].occurred_at, each[0]), reverse=True)
    return visit_of([each for _, each in numbered], session=timedelta(minutes=30), bought=timedelta(hours=24))


def names(touched):
    return [each.product_id for each in touched]


def test_products_looked_at_come_once_the_latest_first():
    now = visit(
        event("Product Viewed", 0, product="tea"),
        event("Product Clicked", 1, product="milk"),
        event("Product Viewed", 2, product="tea"),
        event("Products Searched", 3),
    )
    assert names(now.viewed) == ["tea", "milk"]
    assert [each.at for each in now.viewed] == [NOON + timedelta(minutes=2), NOON + timedelta(minutes=1)]
    assert now.newest_at == NOON + timedelta(minutes=3)


def test_the_basket_holds_what_was_put_in_and_neither_taken_out_nor_bought():
    now = visit(
        event("Product Added", 0, product="tea"),
        event("Product Added", 1, product="milk"),
        event("Product Added", 2, product="jam"),
        event("Product Removed", 3, product="tea"),
        event("Order Completed", 4, order_id="o", products=["jam"]),
    )
    assert names(now.basket) == ["milk"]
    assert names(now.bought) == ["jam"]


def test_a_whole_basket_that_the_app_tells_replaces_what_was_known_of_it():
    now = visit(event("Product Added", 0, product="tea"), event("Cart Viewed", 1, products=["milk", "jam"]))
    assert names(now.basket) == ["milk", "jam"]
    assert names(visit(event("Product Added", 0, product="tea"), event("Cart Viewed", 1)).basket) == ["tea"]


def test_two_events_of_one_moment_count_in_the_order_in_which_they_were_stored():
    added, removed = event("Product Added", product="tea"), event("Product Removed", product="tea")
    assert names(visit(added, removed).basket) == []
    assert names(visit(removed, added).basket) == ["tea"]
    assert names(visit(event("Product Viewed", product="a"), event("Product Viewed", product="b")).viewed) == ["b", "a"]


def test_a_pause_longer_than_a_session_begins_another_visit():
    told = [event("Product Added", 0, product="old"), event("Product Added", 31, product="new")]
    assert names(visit(*told).basket) == ["new"]
    between = event("Product Viewed", 15, product="tea")
    assert names(visit(*told, between).basket) == ["old", "new"]


def test_a_purchase_outlives_the_visit_and_a_cancelled_or_refunded_one_does_not():
    told = [
        event("Order Completed", -300, order_id="o1", products=["tea", "milk"]),
        event("Order Completed", -200, order_id="o2", products=["jam"]),
        event("Product Viewed", 0, product="salt"),
    ]
    assert names(visit(*told).bought) == ["jam", "milk", "tea"]
    assert names(visit(*told, event("Order Cancelled", -100, order_id="o2")).bought) == ["milk", "tea"]
    assert names(visit(*told, event("Order Refunded", -100, order_id="o1", products=["tea"])).bought) == ["jam", "milk"]
    assert names(visit(*told, event("Order Refunded", -100, order_id="o1")).bought) == ["jam"]
    assert names(visit(event("Order Completed", -1500, order_id="o", products=["tea"]), told[2]).bought) == []


def test_the_member_stands_in_the_store_entered_last_until_it_is_left():
    entered = event("Store Entered", 0, store_id="1")
    dwelled = event("Zone Dwelled", 5, store_id="1", zone="DAIRY")
    now = visit(entered, dwelled)
    assert (now.store.id, now.store.at, now.zone.id) == ("1", NOON + timedelta(minutes=5), "DAIRY")
    left = visit(entered, dwelled, event("Store Left", 9, store_id="1"))
    assert (left.store, left.zone) == (None, None)
    assert visit(entered, dwelled, event("Store Left", 9, store_id="2")).store.id == "1"
    other = visit(entered, dwelled, event("Store Entered", 9, store_id="2"))
    assert (other.store.id, other.zone) == ("2", None)


def test_nobody_without_events_has_a_visit():
    assert visit() is None


def test_a_row_comes_back_from_its_bytes():
    now = visit(
        event("Product Viewed", 0, product="茶 1"),
        event("Product Added", 0.00001, product="b"),
        event("Order Completed", 1, order_id="o", products=["c"]),
        event("Zone Dwelled", 2, store_id="1", zone="z"),
    )
    assert unpack_now(pack_now(now)) == now
    assert unpack_now(pack_now(MemberNow(newest_at=NOON))) == MemberNow(newest_at=NOON)


@pytest.mark.parametrize(
    ("minutes", "viewed", "bought"),
    [(0, 1, 1), (30, 1, 1), (31, 0, 1), (60 * 24 - 1, 0, 1), (60 * 24, None, None), (-10, 1, 1), (-11, None, None)],
)
def test_what_is_older_than_a_session_or_has_not_happened_yet_does_not_count(minutes, viewed, bought):
    row = visit(event("Order Completed", 0, order_id="o", products=["c"]), event("Product Viewed", 0, product="tea"))
    spans = {"session": timedelta(minutes=30), "bought": timedelta(hours=24), "ahead": timedelta(minutes=10)}
    now = row.counting(NOON + timedelta(minutes=minutes), **spans)
    assert (now and len(now.viewed), now and len(now.bought)) == (viewed, bought)


def test_while_time_stands_still_a_member_s_own_last_event_says_how_late_it_is():
    row = visit(event("Product Viewed", 0, product="tea"))
    assert row.counting(None, session=timedelta(minutes=30), bought=timedelta(hours=24)) == row
