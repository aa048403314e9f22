from __future__ import annotations

from datetime import timedelta

import pytest

from features.contracts.ids import ReleaseId
from serving.audiences.prune import prune
from serving.jobs import JobQueue
from serving.records.audience_reports import find_report, replace_report
from serving.records.audiences import add_audience, find_audience
from serving.records.events import HANDED_ON, NewEvent, add_events, events_after, set_cursor
from serving.records.recommendations import (
    LoggedRecommendation,
    NumberedRecommendation,
    add_recommendations,
    count_recommendations,
)


class Jobs:
    def __init__(self):
        self.asked = []

    def forget_finished(self, *, before):
        self.asked.append(before)
        return 0


@pytest.fixture
def jobs():
    return Jobs()


def logged(number, at):
    recommendation = LoggedRecommendation(
        recommendation_id=f"r{number}",
        logged_at=at,
        as_of=at,
        member_id=None,
        scenario="home",
        variant="served",
        release_id=ReleaseId("r000001"),
        fallback=None,
        items=(),
    )
    return NumberedRecommendation(sequence=number, logged=recommendation)


def test_the_log_is_kept_for_its_days_and_no_longer(settings, records, jobs, now):
    kept = timedelta(days=settings.serving.keep_log_days)
    with records.writing() as transaction:
        ages = (kept + timedelta(seconds=1), kept, timedelta(0))
        add_recommendations(transaction, "p", [logged(n, now - age) for n, age in enumerate(ages)])
    prune(records, jobs, settings, at=now)
    with records.reading() as transaction:
        assert count_recommendations(transaction, "p") == 2
    assert jobs.asked == [now - kept]


def test_more_than_one_step_of_rows_is_removed(settings, records, jobs, now, monkeypatch):
    monkeypatch.setattr("serving.audiences.prune.AT_ONCE", 2)
    with records.writing() as transaction:
        add_recommendations(transaction, "p", [logged(n, now - timedelta(days=9999)) for n in range(5)])
    prune(records, jobs, settings, at=now)
    with records.reading() as transaction:
        assert count_recommendations(transaction, "p") == 0


def test_dry_runs_go_after_their_hours_and_audiences_stay(settings, records, jobs, now):
    old = now - timedelta(hours=settings.audiences.keep_dry_run_hours, seconds=1)
    with records.writing() as transaction:
        for audience_id, at, is_dry_run in (("old dry", old, True), ("new dry", now, True), ("old", old, False)):
            add_audience(transaction, audience_id, name=None, rule={}, at=at, is_dry_run=is_dry_run)
            replace_report(transaction, audience_id, {"curve": []})
    prune(records, jobs, settings, at=now)
    with records.reading() as transaction:
        left = [each for each in ("old dry", "new dry", "old") if find_audience(transaction, each) is not None]
        reports = [each for each in ("old dry", "new dry", "old") if find_report(transaction, each) is not None]
    assert left == reports == ["new dry", "old"]


def test_jobs_that_wait_are_never_forgotten(settings, now):
    queue = JobQueue(settings)
    queue.enqueue("a")
    assert queue.forget_finished(before=now + timedelta(days=999)) == 0
    assert queue.is_unfinished("a")
    queue._client.cancel_workflow("a")
    assert queue.forget_finished(before=now - timedelta(days=999)) == 0
    assert queue.forget_finished(before=now + timedelta(days=999)) == 1
    assert not queue.is_known("a")
    queue.close()


def test_old_events_are_removed_once_the_raw_tables_have_them(settings, records, jobs, now):
    def event(message_id, days):
        at = now - timedelta(days=days)
        return NewEvent(
            message_id=message_id,
            type="Product Viewed",
            occurred_at=at,
            received_at=at,
            source="app",
            source_id="a",
            member_key="a",
        )

    with records.writing() as transaction:
        add_events(transaction, [event("handed-on", 401), event("not-yet", 401), event("late", 399)])
        set_cursor(transaction, HANDED_ON, 1)
    prune(records, jobs, settings, at=now)
    with records.reading() as transaction:
        assert [each.message_id for each in events_after(transaction, 0, limit=9)] == ["not-yet", "late"]
