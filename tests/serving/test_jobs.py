from __future__ import annotations

import pytest

from features.contracts.ids import AudienceId
from serving.jobs import JobQueue, JsonSerializer, prepare_jobs


@pytest.fixture
def queue(settings):
    opened = JobQueue(settings)
    yield opened
    opened.close()


def test_a_job_is_known_and_unfinished_once_enqueued(queue):
    assert (queue.is_known(AudienceId("a")), queue.is_unfinished(AudienceId("a"))) == (False, False)
    queue.enqueue(AudienceId("a"))
    assert (queue.is_known(AudienceId("a")), queue.is_unfinished(AudienceId("a"))) == (True, True)


def test_the_same_audience_is_enqueued_once(queue):
    queue.enqueue(AudienceId("a"))
    queue.enqueue(AudienceId("a"))
    assert len(queue._client.list_workflows()) == 1


def test_jobs_may_be_prepared_again(settings, queue):
    queue.enqueue(AudienceId("a"))
    prepare_jobs(settings)
    assert queue.is_known(AudienceId("a"))


def test_what_dbos_keeps_is_json(queue):
    queue.enqueue(AudienceId("a"))
    (workflow,) = queue._client.list_workflows()
    assert workflow.input == {"args": ("a",), "kwargs": {}}


@pytest.mark.parametrize("value", [None, 1, "x", [1], {"a": {"b": [None]}}, {"args": ("a",), "kwargs": {}}])
def test_values_come_back_as_they_were(value):
    serializer = JsonSerializer()
    assert serializer.deserialize(serializer.serialize(value)) == value


def test_an_error_comes_back_as_an_error_with_its_text():
    serializer = JsonSerializer()
    error = serializer.deserialize(serializer.serialize(ValueError("too small")))
    assert (type(error), str(error)) == (RuntimeError, "ValueError: too small")
