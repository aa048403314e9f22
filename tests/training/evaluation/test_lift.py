"""Intervals of the lift: published values, no effect where there is none, and sense at counts of nothing."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from training.evaluation.lift import Effect, Group, mean_difference, rate_difference, rate_ratio


def group(buyers: int, members: int) -> Group:
    return Group(members=members, buyers=buyers)


def holds(effect: Effect, value: float) -> bool:
    return effect.low is not None and effect.low <= value and (effect.high is None or value <= effect.high)


def test_the_difference_is_the_published_score_interval() -> None:
    # Newcombe 1998, table II: 56/70 against 48/80, method 5 (Mee), printed as 0.0533 to 0.3377.
    found = rate_difference(group(56, 70), group(48, 80))
    assert found.estimate == pytest.approx(0.2)
    assert (found.low, found.high) == (pytest.approx(0.0533, abs=5e-4), pytest.approx(0.3377, abs=5e-4))


def test_the_ratio_is_the_published_score_interval() -> None:
    # Koopman 1984: 36/40 against 16/80, printed as 2.94 to 7.15.
    found = rate_ratio(group(36, 40), group(16, 80))
    assert found.estimate == pytest.approx(4.5)
    assert (found.low, found.high) == (pytest.approx(2.94, abs=0.01), pytest.approx(7.15, abs=0.01))


def test_the_ends_are_where_the_chi_square_test_stops_refusing() -> None:
    one, other = group(30, 200), group(20, 300)
    found = rate_difference(one, other)
    pooled = 50 / 500
    z = (30 / 200 - 20 / 300) / sqrt(pooled * (1 - pooled) * (1 / 200 + 1 / 300))
    assert z > 1.96
    assert found.low is not None
    assert found.low > 0


@pytest.mark.parametrize("seed", range(20))
def test_the_difference_holds_nought_exactly_when_the_ratio_holds_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = (group(int(rng.integers(0, 8)), int(rng.integers(8, 60))) for _ in range(2))
    if one.buyers + other.buyers:
        assert holds(rate_difference(one, other), 0.0) == holds(rate_ratio(one, other), 1.0)


@pytest.mark.parametrize("seed", range(10))
def test_groups_changing_places_turn_the_difference_and_the_ratio_round(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    one, other = (group(int(rng.integers(1, 9)), int(rng.integers(10, 90))) for _ in range(2))
    there, back = rate_difference(one, other), rate_difference(other, one)
    assert there.low == pytest.approx(-(back.high or 0.0), abs=1e-9)
    there, back = rate_ratio(one, other), rate_ratio(other, one)
    assert there.low is not None
    assert back.high is not None
    assert there.low == pytest.approx(1.0 / back.high, rel=1e-6)


def test_nobody_bought_leaves_no_ratio_and_a_difference_around_nought() -> None:
    assert rate_ratio(group(0, 90), group(0, 10)) == Effect(estimate=None, low=None, high=None)
    found = rate_difference(group(0, 90), group(0, 10))
    assert found.estimate == 0.0
    assert found.low is not None
    assert found.high is not None
    assert -0.3 < found.low < 0.0 < found.high < 0.1


def test_without_held_out_buyers_the_ratio_has_no_upper_end() -> None:
    found = rate_ratio(group(9, 90), group(0, 10))
    assert (found.estimate, found.high) == (None, None)
    assert holds(found, 1.0)


def test_without_selected_buyers_the_ratio_begins_at_nothing() -> None:
    found = rate_ratio(group(0, 90), group(5, 10))
    assert (found.estimate, found.low) == (0.0, 0.0)
    assert found.high is not None
    assert found.high < 1.0


def test_nobody_held_out_leaves_nothing_to_say() -> None:
    assert rate_difference(group(3, 9), group(0, 0)).estimate is None
    assert rate_ratio(group(3, 9), group(0, 0)).estimate is None
    assert mean_difference(np.array([1.0, 2.0]), np.array([1.0])).estimate is None


@pytest.mark.parametrize(("rate", "members", "held"), [(0.02, 450, 50), (0.1, 180, 20), (0.5, 90, 10)])
def test_where_there_is_no_effect_the_interval_says_so_about_nineteen_times_in_twenty(
    rate: float, members: int, held: int
) -> None:
    rng = np.random.default_rng(5)
    pairs = zip(rng.binomial(members, rate, 400), rng.binomial(held, rate, 400), strict=True)
    held_nought = [holds(rate_difference(group(int(a), members), group(int(b), held)), 0.0) for a, b in pairs]
    assert 0.90 <= np.mean(held_nought) <= 0.99


def test_the_mean_difference_is_welchs() -> None:
    found = mean_difference(np.array([3.0, 5.0, 7.0, 9.0]), np.array([1.0, 2.0, 3.0]))
    # Variances 20/3 and 1 over 4 and 3: error sqrt(2), freedom 4 / (25/27 + 1/18) = 4.0755, where t is 2.7562 at 0.975.
    assert found.estimate == pytest.approx(4.0)
    assert found.high == pytest.approx(4.0 + 2.7562 * sqrt(2.0), abs=0.01)
    assert found.low == pytest.approx(4.0 - 2.7562 * sqrt(2.0), abs=0.01)


def test_members_who_all_spent_the_same_leave_no_doubt() -> None:
    assert mean_difference(np.zeros(5), np.zeros(3)) == Effect(estimate=0.0, low=0.0, high=0.0)
