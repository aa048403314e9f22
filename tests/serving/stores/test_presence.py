"""Who is in a store, whatever order and however incomplete the events are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from serving.records.events import NewEvent, StoredEvent, add_events
from serving.stores.here import members_here
from serving.stores.presence import visitors

NOON = datetime(2017, 12, 31, 12, tzinfo=UTC)


def event(minute: float, type_: str, own: str, *, source: str = "pos", zone: str | None = None) -> StoredEvent:
    at = NOON + timedelta(minutes=minute)
    return StoredEvent(
        number=int(minute * 10),
        message_id=f"{minute} {type_} {own}",
        type=type_,
        occurred_at=at,
        received_at=at,
        source=source,
        source_id=own,
        member_key=own,
        store_id="s1",
        zone=zone,
    )


def here(*events: StoredEvent) -> list[tuple[str, float, str | None]]:
    return [(each.person[1], (each.since - NOON) / timedelta(minutes=1), each.zone) for each in visitors(events)]


def test_who_entered_and_has_not_left_is_here_the_latest_first():
    assert here(
        event(0, "Store Entered", "ann"),
        event(1, "Store Entered", "bea"),
        event(2, "Store Left", "ann"),
        event(3, "Store Entered", "cleo"),
    ) == [("cleo", 3, None), ("bea", 1, None)]


def test_who_came_back_is_here_since_then():
    assert here(event(0, "Store Entered", "ann"), event(1, "Store Left", "ann"), event(2, "Store Entered", "ann")) == [
        ("ann", 2, None)
    ]


def test_the_latest_zone_is_told():
    assert here(
        event(0, "Store Entered", "ann"),
        event(1, "Zone Dwelled", "ann", zone="tea"),
        event(2, "Zone Dwelled", "ann", zone="milk"),
    ) == [("ann", 0, "milk")]


def test_who_is_seen_without_having_entered_is_here_and_who_leaves_unseen_is_not():
    assert here(event(0, "Zone Dwelled", "ann", zone="tea"), event(1, "Store Left", "bea")) == [("ann", 0, "tea")]


def test_what_happens_elsewhere_and_who_is_not_known_tell_nothing():
    assert here(event(0, "Product Viewed", "ann"), event(1, "Store Entered", "cookie", source="anonymous")) == []


def members_of(persons):
    return [None if own == "stranger" else f"m-{own[0]}" for _, own in persons]


@pytest.mark.parametrize(("now", "found"), [(NOON + timedelta(minutes=40), ["m-b"]), (None, ["m-c", "m-b"])])
def test_a_visit_ends_with_the_session_and_a_clock_that_stands_still_is_that_of_the_store(records, now, found):
    told = [
        event(0, "Store Entered", "ann"),
        event(20, "Store Entered", "bea"),
        event(21, "Zone Dwelled", "b-again", zone="tea"),
        event(22, "Store Entered", "stranger"),
        event(45, "Store Entered", "cleo"),
    ]
    with records.writing() as transaction:
        add_events(transaction, [NewEvent(**{n: getattr(e, n) for n in NewEvent.__slots__}) for e in told])
    if now is not None:
        # what lies ahead of the service's clock has not happened yet
        assert now < told[-1].occurred_at
    here = members_here(records, "s1", now=now, session=timedelta(minutes=30), members_of=members_of)
    assert [each.member_id for each in here] == found
    assert members_here(records, "s2", now=now, session=timedelta(minutes=30), members_of=members_of) == ()
