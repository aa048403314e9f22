from __future__ import annotations

from types import SimpleNamespace

import pyarrow as pa
import pytest

from features.contracts.errors import BadRequest
from serving.audiences.job import UNEXPECTED, JobCancelled, recorded_progress, run_audience_job
from serving.audiences.rule import AudienceRule
from serving.audiences.sweep import GAVE_UP, sweep_audiences
from serving.audiences.target_rule import TargetRule
from serving.records.audience_members import SCHEMA, member_batches, replace_members
from serving.records.audience_reports import find_report
from serving.records.audiences import (
    AudienceState,
    add_audience,
    ask_to_cancel,
    count_by_state,
    find_audience,
    mark_running,
)

RULE = AudienceRule(target=TargetRule(category="SOFT DRINKS"), size=2)


def built(*member_ids):
    number = len(member_ids)
    columns = {
        "rank": range(1, number + 1),
        "member_id": member_ids,
        "probability": [0.5] * number,
        "expected_revenue": [1.0] * number,
        "is_held_out": [False] * number,
        "coupon_id": [None] * number,
        "drivers": [None] * number,
    }
    members = pa.table({name: pa.array(values, SCHEMA.field(name).type) for name, values in columns.items()})
    return SimpleNamespace(summary={"size": number}, report={"curve": [number]}, members=members)


@pytest.fixture
def audience_id(records, now):
    with records.writing() as transaction:
        return add_audience(transaction, "a1", name=None, rule=RULE.to_json(), at=now).audience_id


@pytest.fixture
def run(records, now, audience_id):
    return lambda build: run_audience_job(records, build, audience_id, now=lambda: now)


def found(records):
    with records.reading() as transaction:
        return find_audience(transaction, "a1")


def lines(records):
    columns = ("rank", "member_id", "probability")
    return [tuple(row.values()) for batch in member_batches(records, "a1", columns) for row in batch.to_pylist()]


def report(records):
    with records.reading() as transaction:
        return find_report(transaction, "a1")


def never(_rule, **_progress):
    raise AssertionError("built all the same")


def test_a_build_gets_the_rule_and_its_outcome_is_stored(run, records, now):
    rules = []

    def build(rule, *, is_dry_run, progress):
        rules.append((rule, is_dry_run))
        progress(1, 2, "scoring")
        return built("m2", "m1")

    run(build)
    audience = found(records)
    assert rules == [(RULE, False)]
    assert (audience.state, audience.summary, audience.finished_at) == (AudienceState.DONE, {"size": 2}, now)
    assert (audience.progress.done, audience.progress.all) == (2, 2)
    assert lines(records) == [(1, "m2", 0.5), (2, "m1", 0.5)]
    assert report(records) == {"curve": [2]}


def test_a_build_shows_that_it_runs_and_how_far_it_is(run, records):
    seen = []

    def build(_rule, *, progress, **_asked):
        progress(1, 4, "scoring")
        seen.append(found(records))
        return built("m1")

    run(build)
    assert (seen[0].state, seen[0].progress.done, seen[0].progress.what) == (AudienceState.RUNNING, 1, "scoring")


def test_a_refusal_is_kept_as_the_reason(run, records):
    def build(_rule, **_progress):
        raise BadRequest("audience: nobody ever bought it")

    run(build)
    assert (found(records).state, found(records).error) == (AudienceState.FAILED, "audience: nobody ever bought it")


def test_an_unexpected_error_is_logged_but_not_shown(run, records, caplog):
    def build(_rule, **_progress):
        raise RuntimeError("the secret")

    run(build)
    assert (found(records).state, found(records).error) == (AudienceState.FAILED, UNEXPECTED)
    assert "the secret" in caplog.text


def test_a_cancel_stops_the_build_at_its_next_progress(run, records, now):
    def build(_rule, *, progress, **_asked):
        with records.writing() as transaction:
            ask_to_cancel(transaction, "a1", at=now)
        progress(1, 2, "scoring")
        raise AssertionError("went on")

    run(build)
    assert found(records).state is AudienceState.CANCELLED
    assert lines(records) == []


def test_a_cancel_after_the_last_progress_still_holds(run, records, now):
    def build(_rule, **_progress):
        with records.writing() as transaction:
            ask_to_cancel(transaction, "a1", at=now)
        return built("m1")

    run(build)
    assert found(records).state is AudienceState.CANCELLED


def test_a_cancel_before_a_restart_is_not_forgotten(run, records, now):
    with records.writing() as transaction:
        mark_running(transaction, "a1")
        ask_to_cancel(transaction, "a1", at=now)
    run(never)
    assert found(records).state is AudienceState.CANCELLED


def test_a_finished_audience_is_not_built_again(run, records):
    run(lambda _rule, **_progress: built("m1"))
    run(never)
    assert lines(records) == [(1, "m1", 0.5)]


def test_a_build_after_a_kill_replaces_what_was_left(run, records):
    with records.writing() as transaction:
        mark_running(transaction, "a1")
        replace_members(transaction, "a1", built("x1", "x2", "x3").members)
    run(lambda _rule, **_progress: built("m1"))
    assert lines(records) == [(1, "m1", 0.5)]


def test_members_that_cannot_be_stored_leave_no_half_audience(run, records):
    broken = built("m1", "m2")
    broken.members = broken.members.set_column(0, "rank", pa.array([1, 1], pa.int64()))
    run(lambda _rule, **_progress: broken)
    assert found(records).state is AudienceState.FAILED
    assert (lines(records), report(records)) == ([], None)


def test_a_dry_run_keeps_its_figures_and_report_and_no_members(records, now):
    asked = []

    def build(_rule, *, is_dry_run, **_progress):
        asked.append(is_dry_run)
        return built("m1")

    with records.writing() as transaction:
        add_audience(transaction, "a1", name=None, rule=RULE.to_json(), at=now, is_dry_run=True)
    run_audience_job(records, build, "a1", now=lambda: now)
    assert (asked, found(records).summary) == ([True], {"size": 1})
    assert (lines(records), report(records)) == ([], {"curve": [1]})


def test_an_empty_audience_is_an_audience(run, records):
    run(lambda _rule, **_progress: built())
    assert (found(records).state, lines(records)) == (AudienceState.DONE, [])


def test_progress_is_written_five_times_a_second_at_most(records, audience_id):
    seconds = [0.0]
    progress = recorded_progress(records, audience_id, clock=lambda: seconds[0])
    for done, at in ((1, 0.0), (2, 0.1), (3, 0.25), (4, 0.3)):
        seconds[0] = at
        progress(done, 9, "scoring")
    assert found(records).progress.done == 3


def test_progress_of_a_removed_audience_stops_the_build(records):
    with pytest.raises(JobCancelled):
        recorded_progress(records, "unknown")(1, 2, "scoring")


@pytest.mark.usefixtures("audience_id")
def test_states_without_an_audience_are_counted_too(records):
    with records.reading() as transaction:
        assert count_by_state(transaction) == {
            AudienceState.QUEUED: 1,
            AudienceState.RUNNING: 0,
            AudienceState.DONE: 0,
            AudienceState.FAILED: 0,
            AudienceState.CANCELLED: 0,
        }


class Jobs:
    def __init__(self, known=(), unfinished=()):
        self.known, self.unfinished, self.enqueued = set(known), set(unfinished), []

    def enqueue(self, audience_id):
        self.enqueued.append(audience_id)

    def is_known(self, audience_id):
        return audience_id in self.known

    def is_unfinished(self, audience_id):
        return audience_id in self.unfinished


def test_an_accepted_audience_that_was_never_enqueued_is_enqueued(records, audience_id, now):
    jobs = Jobs()
    sweep_audiences(records, jobs, at=now)
    assert jobs.enqueued == [audience_id]


def test_an_audience_in_the_queue_is_left_alone(records, audience_id, now):
    jobs = Jobs(known=[audience_id], unfinished=[audience_id])
    sweep_audiences(records, jobs, at=now)
    assert (jobs.enqueued, found(records).state) == ([], AudienceState.QUEUED)


def test_an_audience_that_its_job_gave_up_says_so(records, audience_id, now):
    sweep_audiences(records, Jobs(known=[audience_id]), at=now)
    assert (found(records).state, found(records).error) == (AudienceState.FAILED, GAVE_UP)
