"""What two writers at once may not do to each other, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from features.contracts.ids import AudienceId
from serving.records.audiences import AudienceState, add_audience, ask_to_cancel, find_audience, mark_done
from serving.records.id_lists import ListCounts, ListKind, add_list, entries_of, extend_list, new_entries
from serving.records.idempotency import RememberedAnswer, find_answer, remember_answer

AT = datetime(2026, 1, 1, tzinfo=UTC)
NONE = ListCounts(given=0, malformed=0, duplicates=0, known=0, unknown=0)


def at_once(*acts):
    """Runs the acts at the same time; fails when one of them does."""
    errors = []
    start = threading.Barrier(len(acts))

    def run(act):
        start.wait()
        try:
            act()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_cancel_and_an_end_at_once_leave_one_of_the_two(records):
    for number in range(5):
        audience_id = AudienceId(f"a{number}")
        with records.writing() as transaction:
            add_audience(transaction, audience_id, name=None, rule={}, at=AT)

        def end(audience_id=audience_id):
            with records.writing() as transaction:
                if not find_audience(transaction, audience_id).cancel_requested:
                    mark_done(transaction, audience_id, summary={"size": 1}, at=AT)

        def cancel(audience_id=audience_id):
            with records.writing() as transaction:
                ask_to_cancel(transaction, audience_id, at=AT)

        at_once(end, cancel)
        with records.reading() as transaction:
            found = find_audience(transaction, audience_id)
        is_done = found.state is AudienceState.DONE
        assert (found.summary is not None, found.cancel_requested) == (is_done, not is_done)


def test_the_same_ids_uploaded_twice_at_once_are_stored_once(records):
    with records.writing() as transaction:
        add_list(transaction, "l", name="l", kind=ListKind.PRODUCT_ID, at=AT)
    ids = [f"p{number}" for number in range(500)]

    def extend():
        with records.writing() as transaction:
            fresh = new_entries(transaction, "l", ids)
            extend_list(transaction, "l", fresh, counts=NONE, at=AT)

    at_once(extend, extend, extend)
    with records.reading() as transaction:
        assert entries_of(transaction, "l") == sorted(ids)


def test_of_two_requests_with_one_key_the_second_gets_the_answer_of_the_first(records):
    given = []

    def ask(number):
        with records.writing() as transaction:
            found = find_answer(transaction, key_id="k", key="once", at=AT)
            if found is None:
                answer = RememberedAnswer(
                    key_id="k", key="once", route="r", body_hash="h", status=200, response=str(number), created_at=AT
                )
                remember_answer(transaction, answer)
                given.append(str(number))
            else:
                given.append(found.response)

    at_once(*(lambda number=number: ask(number) for number in range(4)))
    assert len(given) == 4
    assert len(set(given)) == 1


def test_a_reading_transaction_sees_one_moment(records):
    with records.writing() as transaction:
        add_audience(transaction, AudienceId("a1"), name=None, rule={}, at=AT)
    with records.reading() as reading:
        assert find_audience(reading, AudienceId("a2")) is None
        with records.writing() as transaction:
            add_audience(transaction, AudienceId("a2"), name=None, rule={}, at=AT)
        assert find_audience(reading, AudienceId("a2")) is None
