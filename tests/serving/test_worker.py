from __future__ import annotations

import pytest
from sqlalchemy.exc import OperationalError

from features.contracts.errors import BadRequest, RecordsUnavailable
from features.contracts.ids import AudienceId
from serving.audiences.rule import AudienceRule
from serving.audiences.target_rule import TargetRule
from serving.records.audiences import AudienceState, add_audience, find_audience
from serving.worker import MOST_OUTAGES, _build

WANTED = AudienceId("a1")
AWAY = OperationalError("UPDATE", {}, OSError("the server closed the connection"))


@pytest.fixture
def building(records, now):
    """Builds with a build that meets so many outages first; it ends in a refusal, which is an end like another."""
    rule = AudienceRule(target=TargetRule(category="SOFT DRINKS"), size=2)
    with records.writing() as transaction:
        add_audience(transaction, WANTED, name=None, rule=rule.to_json(), at=now)

    def run(outages):
        left = iter([AWAY] * outages)

        def build(_rule, *, is_dry_run, progress):  # noqa: ARG001 - a build's signature
            raise next(left, BadRequest("nobody ever bought it"))

        _build(records, build, WANTED)

    return run


def state(records):
    with records.reading() as transaction:
        return find_audience(transaction, WANTED).state


def test_an_outage_during_a_build_begins_it_again_and_is_no_reason_to_fail(records, building):
    building(MOST_OUTAGES - 1)
    assert state(records) is AudienceState.FAILED
    with records.reading() as transaction:
        assert find_audience(transaction, WANTED).error == "nobody ever bought it"


def test_a_build_that_meets_an_outage_each_time_is_given_up(records, building):
    with pytest.raises(RecordsUnavailable, match="went away 5 times"):
        building(MOST_OUTAGES)
    assert state(records) is AudienceState.RUNNING
