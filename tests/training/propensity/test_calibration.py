"""Scores become probabilities that rise with them, add up, and never claim certainty."""

from __future__ import annotations

import numpy as np
import pytest

from training.propensity.calibration import Calibration, fit_calibration


def fit(rows: list[tuple[float, bool]]) -> Calibration:
    return fit_calibration(np.array([row[0] for row in rows]), np.array([row[1] for row in rows]))


def test_a_step_is_the_share_that_came_true_with_one_row_of_the_overall_share_added() -> None:
    # 1 of 4 at a low score, 3 of 4 at a high one, half of all.
    rows = [(0.1, n == 0) for n in range(4)] + [(0.9, n > 0) for n in range(4)]
    curve = fit(rows)
    assert curve.apply(np.array([0.1, 0.9])).tolist() == pytest.approx([1.5 / 5, 3.5 / 5])
    # Between two steps the curve is straight; beyond them it goes half of the way to never, a quarter to always.
    assert curve.apply(np.array([0.5, 0.0, 1.0])).tolist() == pytest.approx([0.5, 0.75 / 5, 0.7 + 0.3 / 4])
    assert curve.apply(np.array([-3.0, 7.0])).tolist() == pytest.approx([0.75 / 5, 0.7 + 0.3 / 4])


def test_members_that_the_scores_tell_apart_stay_apart() -> None:
    rng = np.random.default_rng(5)
    scores = rng.random(1000)
    probabilities = fit_calibration(scores, rng.random(1000) < 0.1).apply(np.sort(scores))
    assert (np.diff(probabilities) > 0).all()


def test_the_order_of_the_rows_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    scores, came_true = rng.random(500).round(2), rng.random(500) < 0.3
    order = rng.permutation(500)
    one, other = fit_calibration(scores, came_true), fit_calibration(scores[order], came_true[order])
    asked = np.linspace(-0.1, 1.1, 200)
    np.testing.assert_allclose(one.apply(asked), other.apply(asked), rtol=1e-12)


def test_a_low_share_above_a_high_one_is_pooled_with_it() -> None:
    rows = [(0.2, True)] * 3 + [(0.2, False)] + [(0.8, True)] + [(0.8, False)] * 3
    # One step of 8 rows at the mean score: half of them came true.
    assert fit(rows).apply(np.array([0.5])).tolist() == pytest.approx([4.5 / 9])


@pytest.mark.parametrize("seed", range(5))
def test_probabilities_never_fall_as_scores_rise(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.random(2000)
    curve = fit_calibration(scores, rng.random(2000) < scores**2)
    probabilities = curve.apply(np.linspace(-0.2, 1.2, 5000))
    assert (np.diff(probabilities) >= 0).all()
    assert len(np.unique(probabilities)) > 10


@pytest.mark.parametrize("seed", range(5))
def test_the_mean_probability_is_near_the_share_that_came_true(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.random(20_000)
    came_true = rng.random(20_000) < 0.2 * scores**3
    probabilities = fit_calibration(scores, came_true).apply(scores)
    assert probabilities.sum() == pytest.approx(came_true.sum(), rel=0.005)
    assert came_true.mean() == pytest.approx(0.05, abs=0.01)


def test_on_new_rows_of_the_same_kind_the_probabilities_hold_in_every_tenth() -> None:
    rng = np.random.default_rng(11)
    scores = rng.random(40_000)
    came_true = rng.random(40_000) < scores**2
    curve = fit_calibration(scores[:20_000], came_true[:20_000])
    asked, observed = curve.apply(scores[20_000:]), came_true[20_000:]
    for part in np.array_split(np.argsort(asked, kind="stable"), 10):
        assert asked[part].mean() == pytest.approx(observed[part].mean(), abs=0.04)


@pytest.mark.parametrize(
    "rows",
    [
        [(0.1, False), (0.5, False), (0.9, True)],
        [(0.1, False), (0.9, True)],
        [(0.5, True)],
        [(0.5, False)] * 3,
        [(0.1, True)] * 2 + [(0.9, True)] * 2,
    ],
    ids=["short steps", "one row each", "a single row", "never", "always"],
)
def test_no_short_step_says_never_or_always(rows: list[tuple[float, bool]]) -> None:
    probabilities = fit(rows).apply(np.array([-1.0, 0.1, 0.5, 0.9, 2.0]))
    assert ((probabilities > 0.01) & (probabilities < 0.99)).all()


def test_equal_scores_have_equal_probabilities() -> None:
    curve = fit([(0.5, True), (0.5, False), (0.5, True), (0.5, True)])
    assert curve.apply(np.array([0.5, 0.5])).tolist() == pytest.approx([(3 + 3.5 / 5) / 5] * 2)


def test_no_scores_have_no_probabilities() -> None:
    assert fit([(0.1, False), (0.9, True)]).apply(np.empty(0)).shape == (0,)
