"""The table of the backtest: judged with what was known on the day, grouped, and never with its own answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from training.evaluation.expected import Reliability, collect, expected_rows, judge
from training.evaluation.placebo import placebo
from training.propensity.backtest import ScoredTarget, backtested_audiences, known_at
from training.propensity.backtested import BacktestedAudience

START = datetime(2017, 4, 3, 4, tzinfo=UTC)


def scored(
    *, week: int, target: str = "tea", happened: float = 1.0, members: int = 400, days: int = 28, seed: int = 1
) -> ScoredTarget:
    """Members of whom `happened` times as many buy as their probabilities say; a buyer spends 5 as expected."""
    rng = np.random.default_rng([seed, week])
    p = np.sort(rng.beta(1, 9, members))[::-1]
    bought = rng.random(members) < p * happened
    return ScoredTarget(
        snapshot_at=START + timedelta(weeks=week),
        kind="products",
        target=target,
        horizon_days=days,
        member_ids=np.array([f"m{number:04}" for number in range(members)]),
        probabilities=p,
        revenue_if_bought=np.full(members, 5.0),
        happened=bought,
        spent=np.where(bought, 5.0, 0.0),
    )


def test_audiences_are_cut_from_the_top() -> None:
    one = scored(week=0)
    sizes = {each.share: each.members for each in backtested_audiences(one)}
    assert sizes == {0.01: 4, 0.05: 20, 0.1: 40, 0.5: 200, 1.0: 400}
    best = one.audience(0.05)
    assert best.expected_buyers == pytest.approx(one.probabilities[:20].sum())
    assert best.buyers == one.happened[:20].sum()
    assert best.revenue == pytest.approx(5.0 * best.buyers)


def test_sizes_that_a_small_shop_cannot_tell_apart_count_once() -> None:
    assert [each.members for each in backtested_audiences(scored(week=0, members=8))] == [1, 4, 8]


def test_an_audience_is_known_once_its_window_has_ended() -> None:
    audiences = [scored(week=week).audience(1.0) for week in (0, 2, 4)]
    at = START + timedelta(weeks=6)
    assert [each.snapshot_at for each in known_at(audiences, at)] == [START, START + timedelta(weeks=2)]


def later_answers_changed(audiences: list[BacktestedAudience], *, from_at: datetime) -> list[BacktestedAudience]:
    return [
        replace(each, buyers=each.members) if each.snapshot_at + timedelta(days=28) > from_at else each
        for each in audiences
    ]


def test_what_happened_later_does_not_change_an_interval() -> None:
    audiences = [
        each for week in range(0, 16, 4) for number in range(9) for each in collect([scored(week=week, seed=number)])
    ]
    at = START + timedelta(weeks=12)
    told = {(j.audience.members, j.audience.expected_buyers): j.buyers for j in judge(audiences)}
    changed = judge(later_answers_changed(audiences, from_at=at))
    last = [each for each in changed if each.audience.snapshot_at == at]
    assert len(last) == 45
    assert all(told[each.audience.members, each.audience.expected_buyers] == each.buyers for each in last)


def test_the_errors_of_earlier_snapshots_do_change_it() -> None:
    audiences = [
        each
        for week in range(0, 16, 4)
        for number in range(9)
        for each in collect([scored(week=week, happened=1.5, seed=number)])
    ]
    judged = judge(audiences)
    rows = {row.group: row for row in expected_rows(judged, test_from=START, name=lambda at: f"{at:%m-%d}")}
    first, last = rows["04-03"], rows["06-26"]
    # A third too few were expected at first. Three snapshots correct three sevenths of it; the plain sum stays wrong.
    assert first.predicted_to_actual < 0.72
    assert 0.74 < last.predicted_to_actual < 0.86
    assert last.summed_to_actual < 0.70


def test_every_grouping_counts_every_audience_once() -> None:
    judged = judge([each for week in (0, 4, 8) for each in collect([scored(week=week)])])
    rows = expected_rows(judged, test_from=START + timedelta(weeks=4), name=str)
    for grouping in {row.grouping for row in rows}:
        assert sum(row.audiences for row in rows if row.grouping == grouping) == 15
    by_test = {row.group: row.audiences for row in rows if row.grouping == "test"}
    assert by_test == {"chosen on": 5, "test": 10}


def test_a_reliability_bin_holds_the_mean_probability_and_the_share_that_did_it() -> None:
    one = replace(
        scored(week=0, members=4),
        probabilities=np.array([0.95, 0.25, 0.21, 0.0]),
        happened=np.array([True, True, False, False]),
    )
    reliability = Reliability()
    reliability.add(one)
    found = [(each.lowest, each.members, each.predicted, each.actual) for each in reliability.bins()]
    assert found == [
        (0.0, 1, 0.0, 0.0),
        (0.2, 2, pytest.approx(0.23), 0.5),
        (0.9, 1, pytest.approx(0.95), 1.0),
    ]


def test_a_placebo_splits_the_best_members_and_finds_no_effect() -> None:
    def every_fourth(person_ids: object, salt: str) -> np.ndarray:
        assert salt.endswith("tea 28")
        return np.arange(len(list(person_ids))) % 4 == 0  # type: ignore[call-overload]

    found = placebo([scored(week=0)], share=0.5, hold_out=every_fourth)[0]
    assert (found.selected.members, found.held_out.members) == (150, 50)
    assert found.holds_no_effect


def test_a_placebo_would_see_that_only_the_selected_bought() -> None:
    one = scored(week=0)
    told = replace(one, happened=np.arange(400) % 4 != 0)
    found = placebo([told], share=1.0, hold_out=lambda ids, _salt: np.arange(len(ids)) % 4 == 0)[0]
    assert not found.holds_no_effect
