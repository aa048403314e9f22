from __future__ import annotations

import time

import pytest
from sqlalchemy import event

from serving.recommendations.answered_counter import AnsweredCounter, ended_processes
from serving.recommendations.log import RecommendationLog, settle_ended_processes
from serving.records.audit import list_audit
from serving.records.recommendations import LoggedRecommendation, count_recommendations


@pytest.fixture
def unlogged():
    return []


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "answered"


@pytest.fixture
def open_log(records, folder, unlogged):
    opened = []

    def open_one(*, queue_size=1000, flush_seconds=0.05):
        log = RecommendationLog(
            records, folder=folder, queue_size=queue_size, flush_seconds=flush_seconds, on_unlogged=unlogged.append
        )
        opened.append(log)
        return log

    yield open_one
    for log in opened:
        log._counter.close()


def recommendation(number, now):
    return LoggedRecommendation(
        recommendation_id=f"r{number}",
        logged_at=now,
        as_of=now,
        member_id=None,
        scenario="home",
        variant="default",
        release_id="r000001",
        fallback=None,
        items=(),
    )


def stored(records, log):
    with records.reading() as transaction:
        return count_recommendations(transaction, log.process_id)


def audited(records):
    with records.reading() as transaction:
        return [entry.details for entry in list_audit(transaction, limit=10)]


def test_what_was_added_is_stored_within_the_flush_time(open_log, records, now):
    log = open_log()
    log.start(at=now)
    log.add(recommendation(1, now))
    until = time.monotonic() + 5
    while stored(records, log) == 0 and time.monotonic() < until:
        time.sleep(0.01)
    assert stored(records, log) == 1
    log.stop(at=now)


def test_a_stop_stores_everything_that_waits(open_log, records, now, unlogged):
    log = open_log(flush_seconds=60)
    log.start(at=now)
    for number in range(950):
        assert log.add(recommendation(number, now))
    log.stop(at=now)
    assert (stored(records, log), unlogged, audited(records)) == (950, [], [])


def test_no_more_wait_than_the_queue_holds(open_log, now, unlogged):
    log = open_log(queue_size=3)
    kept = [log.add(recommendation(number, now)) for number in range(5)]
    assert kept == [True, True, True, False, False]
    assert sum(unlogged) == 2


def test_rows_being_written_still_count_as_waiting(open_log, records, now):
    log = open_log(queue_size=2)
    seen = []
    event.listen(records.engine, "commit", lambda _connection: seen.append(len(log._waiting)))
    log.add(recommendation(1, now))
    log.add(recommendation(2, now))
    assert log._store_batch()
    assert seen == [2]
    assert len(log._waiting) == 0


def test_drops_are_audited_at_the_stop(open_log, records, now):
    log = open_log(queue_size=1)
    for number in range(3):
        log.add(recommendation(number, now))
    log.start(at=now)
    log.stop(at=now)
    assert audited(records) == [{"process_id": log.process_id, "answered": 3, "logged": 1, "lost": 2}]


def test_a_killed_process_is_settled_once_by_the_next(open_log, records, folder, now, unlogged):
    killed = open_log()
    for number in range(4):
        killed.add(recommendation(number, now))
    killed._counter.close()  # as the kernel does when a process is killed
    log = open_log()
    log.start(at=now)
    assert unlogged == [4]
    assert audited(records) == [{"process_id": killed.process_id, "answered": 4, "logged": 0, "lost": 4}]
    assert settle_ended_processes(records, folder, at=now) == 0
    log.stop(at=now)
    assert list(folder.iterdir()) == []


def test_a_running_process_is_not_settled(folder):
    counter = AnsweredCounter(folder, "alive")
    counter.next()
    assert list(ended_processes(folder)) == []
    counter.close()
    assert [(ended.process_id, ended.answered) for ended in ended_processes(folder)] == [("alive", 1)]


def test_rows_wait_while_the_records_cannot_be_written(open_log, records, now, caplog, monkeypatch):
    monkeypatch.setattr("serving.recommendations.log.RETRY_SECONDS", 0.01)
    log = open_log()
    log.add(recommendation(1, now))
    with records.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE recommendation_log RENAME TO moved")
    assert not log._store_batch()
    assert "1 rows wait" in caplog.text
    with records.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE moved RENAME TO recommendation_log")
    assert log._store_batch()
    assert stored(records, log) == 1
