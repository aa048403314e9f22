"""Events in the records: each once, numbered in order, found by person, by store and by recommendation."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from serving.records.events import (
    NewEvent,
    add_events,
    cursor,
    events_after,
    events_in_store,
    events_of,
    last_number,
    newest_in_store,
    persons_after,
    persons_since,
    remove_events,
    rename_member_keys,
    set_cursor,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def event(message_id, *, at=NOON, who="anna", key=None, source="app", **more):
    return NewEvent(
        message_id=message_id,
        type=more.pop("type", "Product Viewed"),
        occurred_at=at,
        received_at=more.pop("received_at", NOON),
        source=source,
        source_id=who,
        member_key=key or f"m-{who}",
        **more,
    )


def add(records, *events):
    with records.writing(durable=True) as transaction:
        return [each.message_id for each in add_events(transaction, events)]


def ids(events):
    return [each.message_id for each in events]


def test_a_message_is_stored_once_whether_it_comes_again_or_twice_at_a_time(records):
    assert add(records, event("a"), event("b"), event("a", who="zoe")) == ["a", "b"]
    assert add(records, event("b"), event("c")) == ["c"]
    with records.reading() as transaction:
        stored = events_after(transaction, 0, limit=9)
        assert [(each.message_id, each.source_id) for each in stored] == [("a", "anna"), ("b", "anna"), ("c", "anna")]


def test_an_event_comes_back_as_it_was_stored(records):
    told = event("a", product_id="p 1", store_id="店", properties='{"a":1}', recommendation_id="r", at=NOON)
    add(records, told)
    with records.reading() as transaction:
        (found,) = events_after(transaction, 0, limit=9)
    assert {name: getattr(found, name) for name in NewEvent.__slots__} == {
        name: getattr(told, name) for name in NewEvent.__slots__
    }


def test_numbers_grow_with_every_transaction_and_are_never_given_again(records):
    add(records, event("a"), event("b"))
    with records.writing() as transaction:
        last = last_number(transaction)
        assert remove_events(transaction, received_before=NOON + timedelta(seconds=1), upto=last, limit=9) == 2
    add(records, event("c"))
    with records.reading() as transaction:
        assert [each.message_id for each in events_after(transaction, last, limit=9)] == ["c"]


def test_writers_at_once_store_each_message_once_and_number_in_the_order_of_their_commits(records):
    seen: list[int] = []
    stop = threading.Event()

    def read():
        at = 0
        while not stop.is_set():
            with records.reading() as transaction:
                for each in events_after(transaction, at, limit=1000):
                    seen.append(each.number)
                    at = each.number

    def write(_number):
        for step in range(15):
            add(records, event(f"shared-{step}"), event(f"own-{_number}-{step}"))

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    reader.start()
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    with records.reading() as transaction:
        stored = events_after(transaction, 0, limit=1000)
    stop.set()
    reader.join()
    assert len(stored) == len({each.message_id for each in stored}) == 15 + 4 * 15
    # a reader that goes on from the last number that it saw misses nobody
    assert seen == [each.number for each in stored][: len(seen)]


def test_the_latest_of_a_member_come_first_and_of_one_moment_the_last_stored(records):
    add(records, event("late", at=NOON), event("early", at=NOON - timedelta(hours=1)), event("same", at=NOON))
    with records.reading() as transaction:
        assert ids(events_of(transaction, [], member_id="m-anna", limit=9)) == ["same", "late", "early"]
        assert ids(events_of(transaction, [], member_id="m-anna", limit=1)) == ["same"]
        assert ids(events_of(transaction, [], member_id="m-zoe", limit=9)) == []


def test_events_of_a_person_are_found_by_channel_ids_and_by_member(records):
    add(
        records,
        event("app", who="anna", key="id:app:anna"),
        event("shop", who="A 1", source="pos", key="m1", at=NOON + timedelta(seconds=1)),
        event("other", who="zoe", key="m2"),
    )
    with records.reading() as transaction:
        persons = [("app", "anna"), ("pos", "A 1"), *((f"s{n}", "x") for n in range(600))]
        assert ids(events_of(transaction, persons, limit=9)) == ["shop", "app"]
        assert ids(events_of(transaction, [("app", "anna")], member_id="m1", limit=9)) == ["shop", "app"]
        assert ids(events_of(transaction, [("app", "anna")], member_id="m1", limit=1)) == ["shop"]
        assert ids(events_of(transaction, persons, limit=9, since=NOON + timedelta(seconds=1))) == ["shop"]
        assert events_of(transaction, [], limit=9) == []


def test_events_in_a_store_come_in_the_order_in_which_they_happened(records):
    add(
        records,
        event("left", type="Store Left", store_id="1", at=NOON + timedelta(minutes=5)),
        event("entered", type="Store Entered", store_id="1"),
        event("elsewhere", type="Store Entered", store_id="2"),
        event("nowhere"),
    )
    with records.reading() as transaction:
        assert ids(events_in_store(transaction, "1", since=NOON)) == ["entered", "left"]
        assert ids(events_in_store(transaction, "1", since=NOON, until=NOON + timedelta(minutes=5))) == ["entered"]
        assert newest_in_store(transaction, "1") == NOON + timedelta(minutes=5)
        assert newest_in_store(transaction, "3") is None


def test_a_reader_s_place_is_remembered(records):
    with records.writing() as transaction:
        assert cursor(transaction, "raw") == 0
        set_cursor(transaction, "raw", 7)
        set_cursor(transaction, "raw", 9)
    with records.reading() as transaction:
        assert (cursor(transaction, "raw"), cursor(transaction, "other")) == (9, 0)


def test_a_member_known_by_another_id_takes_the_events_along(records):
    add(records, event("a", key="id:app:anna"), event("b", key="id:app:anna"), event("c", key="m2"))
    with records.writing() as transaction:
        recent = persons_since(transaction, NOON, limit=2)
        assert [(each.person, each.member_key) for each in recent] == [
            (("app", "anna"), "m2"),
            (("app", "anna"), "id:app:anna"),
        ]
        rename_member_keys(transaction, [recent[1].number], "m1")
    with records.reading() as transaction:
        assert [each.member_key for each in persons_after(transaction, 0, limit=9)] == ["id:app:anna", "m1", "m2"]
        assert ids(events_of(transaction, [], member_id="m1", limit=9)) == ["b"]


def test_only_events_that_are_old_and_were_handed_on_are_removed(records):
    old = NOON - timedelta(days=500)
    add(records, event("a", received_at=old), event("b", received_at=old), event("c"))
    with records.writing() as transaction:
        assert remove_events(transaction, received_before=NOON - timedelta(days=400), upto=1, limit=9) == 1
    with records.reading() as transaction:
        assert ids(events_after(transaction, 0, limit=9)) == ["b", "c"]


@pytest.mark.parametrize("durable", [True, False])
def test_a_durable_transaction_waits_for_the_disk_and_the_next_one_does_not(records, durable):
    if records.engine.dialect.name != "sqlite":
        return  # PostgreSQL waits for the disk by its own settings
    with records.writing(durable=not durable) as transaction:
        add_events(transaction, [event("x")])
    with records.writing(durable=durable) as transaction:
        level = transaction.session.connection().exec_driver_sql("PRAGMA synchronous").scalar()
    assert level == (2 if durable else 1)
