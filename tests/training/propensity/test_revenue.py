"""What a buyer spends: the member's own habit, shrunk to the set's, more where purchases come more often."""

from __future__ import annotations

import numpy as np
import pytest

from training.propensity.activity import SetActivity
from training.propensity.revenue import RevenueModel, relative_baskets

PLAIN = RevenueModel(mean_weeks=2.0, basket_power=0.0, return_share=0.0, return_power=0.0)
"""One purchase week, everybody's baskets alike: only the shrinking is left."""


def activity(*members: tuple[int, float]) -> SetActivity:
    """Members who bought in so many weeks, for so much in all."""
    nothing = np.zeros(len(members))
    return SetActivity(
        first_days=nothing,
        last_days=nothing,
        orders_28d=nothing,
        orders_91d=nothing,
        orders_365d=nothing,
        spend_365d=np.array([spend for _, spend in members]),
        fast_orders=nothing,
        decayed_orders=nothing,
        slow_orders=nothing,
        week_bits=np.array([(1 << weeks) - 1 for weeks, _ in members], dtype=np.int64),
    )


def same_baskets(members: int) -> SetActivity:
    return activity(*[(10, 500.0)] * members)


def test_own_spend_per_week_is_shrunk_to_the_sets_mean() -> None:
    # The set: 60 in 6 weeks, 10 a week. Own: 8 in 1 week, 52 in 5 weeks, never.
    found = PLAIN.if_bought(activity((1, 8.0), (5, 52.0), (0, 0.0)), same_baskets(3), np.full(3, 0.1), horizon_days=28)
    assert found.tolist() == pytest.approx([(8 + 20) / 3, (52 + 20) / 7, 10.0])


def test_a_member_without_history_spends_as_the_size_of_the_baskets_says() -> None:
    model = RevenueModel(mean_weeks=2.0, basket_power=1.0, return_share=0.0, return_power=0.0)
    visits = activity((10, 1000.0), (10, 500.0), (10, 0.0 + 1500.0))
    # Baskets of 100, 50 and 150, the mean 100; the set brings 10 a week from the first member alone.
    found = model.if_bought(activity((2, 20.0), (0, 0.0), (0, 0.0)), visits, np.full(3, 0.1), horizon_days=28)
    assert found.tolist() == pytest.approx([10.0, 5.0, 15.0])


def test_whoever_surely_buys_buys_in_several_weeks_of_the_horizon() -> None:
    model = RevenueModel(mean_weeks=2.0, basket_power=0.0, return_share=1.0, return_power=0.0)
    weeks = model.weeks_if_bought(np.array([0.0, 0.5, 1.0 - np.exp(-2.0), 1.0]), horizon_days=28)
    # An even rate of 2 in the horizon comes 2 / (1 - e^-2) times when it comes; four weeks hold four at most.
    assert weeks.tolist() == pytest.approx([1.0, 2 * np.log(2), 2.0 / (1.0 - np.exp(-2.0)), 4.0])


def test_the_further_weeks_of_a_longer_horizon_count_more() -> None:
    model = RevenueModel(mean_weeks=2.0, basket_power=0.0, return_share=0.5, return_power=1.0)
    half, whole = (model.weeks_if_bought(np.array([0.5]), horizon_days=days)[0] for days in (28, 56))
    assert half - 1.0 == pytest.approx(0.5 * (2 * np.log(2) - 1.0))
    assert whole - 1.0 == pytest.approx(2 * (half - 1.0))


def test_a_week_holds_one_week_with_a_purchase() -> None:
    model = RevenueModel(mean_weeks=2.0, basket_power=0.0, return_share=1.0, return_power=0.0)
    assert model.weeks_if_bought(np.array([0.1, 0.99]), horizon_days=7).tolist() == [1.0, 1.0]


def test_returns_never_make_a_purchase_bring_less_than_something() -> None:
    found = PLAIN.if_bought(activity((1, -90.0), (5, 100.0)), same_baskets(2), np.full(2, 0.5), horizon_days=28)
    assert (found > 0).all()


def test_a_set_that_nobody_bought_brings_nothing() -> None:
    found = PLAIN.if_bought(activity((0, 0.0), (0, 0.0)), same_baskets(2), np.full(2, 0.5), horizon_days=28)
    assert found.tolist() == [0.0, 0.0]


def test_a_launch_brings_what_its_analogues_do_at_its_own_price() -> None:
    analogues = activity((3, 60.0), (0, 0.0))
    found = PLAIN.of_launch(analogues, same_baskets(2), np.full(2, 0.1), horizon_days=28, relative_price=1.5)
    # What the first member spent on the analogues is no habit with the launch.
    assert found.tolist() == pytest.approx([30.0, 30.0])


def test_members_who_never_came_have_baskets_like_the_mean() -> None:
    assert relative_baskets(activity((2, 100.0), (0, 0.0))).tolist() == [1.0, 1.0]
    assert relative_baskets(activity((0, 0.0), (0, 0.0))).tolist() == [1.0, 1.0]
