"""Measures of coupon scores: known answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from training.coupons.measures import gain_interval, measure_choosing, measure_redeeming, resampled_members

OFFERS = pd.DataFrame(
    [
        # ask, coupon, used, popularity
        (0, "a", True, 1),
        (0, "b", False, 9),
        (0, "c", True, 2),
        (3, "a", False, 1),
        (3, "b", True, 9),
    ],
    columns=["ask", "coupon_id", "is_used", "orders_of_all_91d"],
)


def test_hit_and_recall_are_counted_ask_by_ask() -> None:
    measured = measure_choosing(OFFERS, np.array([3.0, 2.0, 1.0, 2.0, 1.0]))
    assert measured.hit1.tolist() == [1.0, 0.0]
    assert measured.recall10.tolist() == [1.0, 1.0]


def test_recall_counts_the_first_ten_alone() -> None:
    offers = pd.DataFrame(
        {"ask": 0, "coupon_id": [f"k{n:02}" for n in range(12)], "is_used": [n in (0, 11) for n in range(12)]}
    ).assign(orders_of_all_91d=0)
    assert measure_choosing(offers, -np.arange(12.0)).recall10.tolist() == [0.5]


def test_equal_scores_go_by_popularity_and_then_by_id() -> None:
    assert measure_choosing(OFFERS, np.zeros(5)).hit1.tolist() == [0.0, 1.0]
    evenly = OFFERS.assign(orders_of_all_91d=1)
    assert measure_choosing(evenly, np.zeros(5)).hit1.tolist() == [1.0, 0.0]


def test_a_resample_holds_all_rows_of_a_member_or_none() -> None:
    members = np.array(["anna", "ben", "anna", "cleo"])
    for rows in resampled_members(members, seed=3, count=20):
        assert (rows == 0).sum() == (rows == 2).sum()
        assert len({*rows}) <= 4


def test_resamples_are_those_of_the_seed() -> None:
    members = np.array([f"m{n}" for n in range(50)])
    one, same, other = (resampled_members(members, seed=seed, count=2)[0].tolist() for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_the_interval_holds_the_middle_of_paired_gains() -> None:
    theirs = np.linspace(0.0, 1.0, 1001)
    found = gain_interval(theirs + 0.25, theirs)
    assert (found.low, found.mean, found.high) == pytest.approx((0.25, 0.25, 0.25))


def test_redeeming_is_measured_with_its_spread() -> None:
    redeemed = np.array([True, False] * 50)
    members = np.array([f"m{n:03}" for n in range(100)])
    resamples = resampled_members(members, seed=1, count=30)
    perfect = measure_redeeming(redeemed, redeemed.astype(float), members, resamples)
    assert (perfect.auc, perfect.lift10, perfect.auc_error) == (1.0, 2.0, 0.0)
    blind = measure_redeeming(redeemed, np.random.default_rng(1).random(100), members, resamples)
    assert 0.02 < blind.auc_error < 0.2
