"""Events of many requests are stored in one transaction, and each request is told of its own."""

from __future__ import annotations

import threading
from concurrent.futures import wait
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from features.contracts.errors import StoreUnavailable, TooBusy
from serving.events.intake import EventIntake, Taken
from serving.events.member_keys import MemberKeys
from serving.records.events import NewEvent, events_after

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Release:
    """Knows anna of the app as m1."""

    release_id = "r000001"
    is_down = False

    def members_of(self, persons):
        if self.is_down:
            raise StoreUnavailable("down")
        return ["m1" if person == ("app", "anna") else None for person in persons]


def event(message_id, *, who="anna", source="app"):
    return NewEvent(
        message_id=message_id,
        type="Product Viewed",
        occurred_at=NOON,
        received_at=NOON,
        source=source,
        source_id=who,
        member_key="",
        product_id="p",
    )


@pytest.fixture
def release():
    return Release()


@pytest.fixture
def intake(records, release):
    made = EventIntake(records, MemberKeys(lambda: release), queue_size=100)
    yield made
    made.stop()


def stored(records):
    with records.reading() as transaction:
        return [(each.message_id, each.member_key) for each in events_after(transaction, 0, limit=10_000)]


def test_requests_that_wait_together_are_stored_together_and_told_apart(records, intake):
    futures = [intake.take([event("a"), event("b")]), intake.take([event("b"), event("c"), event("c")])]
    intake.start()
    assert [each.result(10) for each in futures] == [
        Taken(accepted=2, duplicates=0),
        Taken(accepted=1, duplicates=2),
    ]
    assert [each[0] for each in stored(records)] == ["a", "b", "c"]


def test_every_event_of_many_threads_is_stored_once(records, intake):
    intake.start()
    futures = []

    def send(number):
        futures.extend(intake.take([event(f"{number}-{step}"), event(f"shared-{step}")]) for step in range(10))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(5)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    wait(futures, 20)
    taken = [each.result() for each in futures]
    assert sum(each.accepted for each in taken) == len(stored(records)) == 60
    assert sum(each.duplicates for each in taken) == 40


def test_a_person_is_kept_under_the_member_that_the_release_knows(records, intake):
    intake.start()
    intake.take([event("a"), event("b", who="zoe"), event("c", source="member", who="m7")]).result(10)
    assert stored(records) == [("a", "m1"), ("b", "id:app:zoe"), ("c", "m7")]


def test_while_the_online_store_is_down_events_are_kept_under_the_person(records, release, intake):
    release.is_down = True
    intake.start()
    intake.take([event("a")]).result(10)
    release.is_down = False
    intake.take([event("b")]).result(10)
    assert stored(records) == [("a", "id:app:anna"), ("b", "m1")]


def test_another_release_is_asked_again(records, release, intake):
    intake.start()
    intake.take([event("a", who="zoe")]).result(10)
    release.release_id = "r000002"
    release.members_of = lambda persons: ["m2" for _ in persons]
    intake.take([event("b", who="zoe")]).result(10)
    assert stored(records) == [("a", "id:app:zoe"), ("b", "m2")]


def test_a_full_queue_takes_no_more_and_one_large_request_always_fits(intake):
    large = intake.take([event(f"e{n}") for n in range(150)])
    with pytest.raises(TooBusy, match="send them again"):
        intake.take([event("x")])
    intake.start()
    assert large.result(10).accepted == 150
    assert intake.take([event("x")]).result(10).accepted == 1


def test_a_request_that_cannot_be_stored_does_not_keep_the_others_out(intake, monkeypatch):
    from serving.events import intake as module

    add = module.add_events

    def refuse_bad(transaction, events):
        if any(each.message_id == "bad" for each in events):
            raise IntegrityError("insert", {}, Exception("no"))
        return add(transaction, events)

    monkeypatch.setattr(module, "add_events", refuse_bad)
    good, bad, better = intake.take([event("a")]), intake.take([event("bad")]), intake.take([event("b")])
    intake.start()
    assert (good.result(10).accepted, better.result(10).accepted) == (1, 1)
    assert isinstance(bad.exception(10), IntegrityError)


def test_the_thread_goes_on_after_a_failure(intake, monkeypatch):
    from serving.events import intake as module

    with monkeypatch.context() as patched:

        def fail(*_args):
            raise OperationalError("insert", {}, Exception("disk"))

        patched.setattr(module, "add_events", fail)
        failed = intake.take([event("a")])
        intake.start()
        assert isinstance(failed.exception(10), OperationalError)
    assert intake.take([event("a")]).result(10).accepted == 1


def test_what_waits_is_stored_before_the_end(intake):
    taken = intake.take([event("a")])
    intake.start()
    intake.stop()
    assert taken.result(0).accepted == 1


def test_no_events_are_taken_at_once(intake):
    assert intake.take([]).result(0) == Taken(accepted=0, duplicates=0)
