"""The table: means, errors and paired gains of literal outcomes."""

from __future__ import annotations

import numpy as np
import pytest

from training.evaluation.outcome import Kind, Outcome
from training.evaluation.summary import EvaluationRow, bootstrap, mean_and_error, summarise

NAN = float("nan")


def outcome(method: str, kind: Kind, week: int, recall: list[float], *, explore: list[float] | None = None) -> Outcome:
    values = np.array(recall)
    return Outcome(
        method=method,
        kind=kind,
        week=week,
        recall=values,
        ndcg=values,
        hit=values,
        precision=values,
        novelty=values,
        repeat_recall=values,
        explore_recall=np.array(explore if explore is not None else recall),
        first_day_recall=values,
        coverage=week / 100,
    )


OURS, FREQUENCY, ALS = "thousand-faces", "frequency", "als"
TWO_WEEKS = [
    outcome(OURS, "product", 46, [1.0, 0.0, 0.5, 0.5]),
    outcome(FREQUENCY, "baseline", 46, [0.5, 0.0, 0.5, 0.5]),
    outcome(ALS, "source", 46, [0.0, 0.0, 0.0, 0.25]),
    outcome(OURS, "product", 48, [0.25, 0.25]),
    outcome(FREQUENCY, "baseline", 48, [0.0, 0.0]),
    outcome(ALS, "source", 48, [0.25, 0.0]),
]


def row(rows: list[EvaluationRow], method: str, week: int | str) -> EvaluationRow:
    (found,) = [each for each in rows if each.method == method and each.week == week]
    return found


def test_there_is_a_row_for_each_method_by_week_and_then_over_all() -> None:
    rows = summarise(TWO_WEEKS, seed=7)
    assert [(each.week, each.method) for each in rows] == [
        (week, method) for week in (46, 48, "all") for method in (OURS, FREQUENCY, ALS)
    ]
    assert [each.kind for each in rows[:3]] == ["product", "baseline", "source"]


def test_the_mean_weighs_cutoffs_equally_and_the_error_pools_members() -> None:
    found = row(summarise(TWO_WEEKS, seed=7), OURS, "all")
    assert found.members == 6
    assert found.recall == found.ndcg == found.hit == found.precision == (0.5 + 0.25) / 2
    assert found.recall_error == pytest.approx(np.std([1, 0, 0.5, 0.5, 0.25, 0.25], ddof=1) / np.sqrt(6))
    assert found.coverage == pytest.approx(0.47)
    assert row(summarise(TWO_WEEKS, seed=7), OURS, 46).recall == 0.5


def test_the_gain_is_taken_member_by_member_against_the_best_of_the_same_rows() -> None:
    rows = summarise(TWO_WEEKS, seed=7)
    # In week 48 als is better than frequency, over both weeks frequency is.
    assert [row(rows, OURS, week).best_simple for week in (46, 48, "all")] == [FREQUENCY, ALS, FREQUENCY]
    assert row(rows, OURS, 46).gain == 0.125
    assert row(rows, OURS, 48).gain == 0.125
    assert row(rows, OURS, "all").gain == pytest.approx((0.125 + 0.25) / 2)
    best = row(rows, FREQUENCY, "all")
    assert (best.gain, best.gain_low, best.gain_high) == (0.0, 0.0, 0.0)


def test_a_product_or_a_variant_is_never_what_is_to_be_beaten() -> None:
    rows = summarise(
        [outcome(OURS, "product", 46, [1.0]), outcome("bare", "variant", 46, [0.9]), *TWO_WEEKS[1:2]], seed=7
    )
    assert {each.best_simple for each in rows} == {FREQUENCY}


def test_members_who_have_nothing_of_the_kind_are_left_out_of_that_mean_alone() -> None:
    rows = summarise(
        [outcome(OURS, "product", 46, [1.0, 0.0], explore=[NAN, 0.5]), outcome(FREQUENCY, "baseline", 46, [0.0, 0.0])],
        seed=7,
    )
    assert (row(rows, OURS, "all").explore_recall, row(rows, OURS, "all").recall) == (0.5, 0.5)


def test_a_week_in_which_nobody_has_anything_of_the_kind_has_no_mean_of_it() -> None:
    assert mean_and_error([np.array([NAN, NAN]), np.array([0.5, 0.25])])[0] == 0.375
    nothing = mean_and_error([np.array([NAN])])
    assert np.isnan(nothing).all()


def test_the_bootstrap_excludes_zero_when_every_member_gains() -> None:
    low, high = bootstrap([np.full(50, 0.1), np.full(60, 0.2)], seed=1)
    assert (low, high) == pytest.approx((0.15, 0.15))


def test_the_bootstrap_is_as_wide_as_the_error_of_the_mean() -> None:
    random = np.random.default_rng(4)
    weeks = [random.normal(0.02, 0.3, 400) for _ in range(2)]
    low, high = bootstrap(weeks, seed=1)
    # The mean of two means of 400 members each.
    error = np.sqrt(sum(week.var(ddof=1) / 400 for week in weeks)) / 2
    centre = np.mean([week.mean() for week in weeks])
    assert (low, high) == pytest.approx((centre - 1.96 * error, centre + 1.96 * error), abs=0.15 * error)


def test_the_bootstrap_is_paired_so_that_members_of_unequal_size_do_not_blur_it() -> None:
    """Everybody gains a little, though members lie far apart: a comparison of two means would see nothing."""
    recall = np.linspace(0, 0.8, 60).tolist()
    rows = summarise(
        [
            outcome(OURS, "product", 46, [each + 0.01 for each in recall]),
            outcome(FREQUENCY, "baseline", 46, recall),
        ],
        seed=7,
    )
    found = row(rows, OURS, "all")
    assert found.gain_low > 0.009
    assert found.recall_error > 0.02


def test_the_same_seed_draws_the_same_members() -> None:
    values = [np.random.default_rng(1).random(30)]
    assert bootstrap(values, seed=1) == bootstrap(values, seed=1) != bootstrap(values, seed=2)


def test_a_single_member_has_no_error() -> None:
    mean, error = mean_and_error([np.array([0.5])])
    assert mean == 0.5
    assert np.isnan(error)
