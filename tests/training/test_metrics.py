"""Known answers of the probability metrics."""

from __future__ import annotations

import math

import numpy as np
import pytest

from training.metrics import auc, average_precision, expected_calibration_error, lift_at

BOUGHT = np.array([True, False, True, False])
SCORES = np.array([0.9, 0.8, 0.7, 0.1])


def test_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    assert auc(BOUGHT, SCORES) == 3 / 4


def test_auc_counts_a_tie_as_half() -> None:
    assert auc(np.array([True, False]), np.array([0.5, 0.5])) == 0.5


def test_auc_of_one_kind_of_member_is_no_number() -> None:
    assert math.isnan(auc(np.array([True, True]), np.array([0.5, 0.4])))


def test_average_precision_is_the_mean_precision_at_the_buyers() -> None:
    assert average_precision(BOUGHT, SCORES) == pytest.approx((1 / 1 + 2 / 3) / 2)


def test_lift_is_measured_among_a_tenth_of_the_members() -> None:
    bought = np.zeros(20, dtype=bool)
    bought[[0, 5, 9, 19]] = True
    scores = np.linspace(1, 0, 20)
    ids = np.array([f"m{i:02}" for i in range(20)])
    # Members 0 and 1 are taken, one of them bought: a half against a fifth.
    assert lift_at(bought, scores, ids) == pytest.approx(0.5 / 0.2)


def test_lift_breaks_ties_by_id_and_not_by_position() -> None:
    ids = np.array([f"m{i}" for i in range(9, -1, -1)])
    bought = ids == "m0"
    assert lift_at(bought, np.ones(10), ids) == pytest.approx(10.0)


def test_lift_rounds_the_number_of_members() -> None:
    bought = np.array([False, True] + [False] * 13 + [True])
    ids = np.array([f"m{i:02}" for i in range(16)])
    # round(1.6) = 2 members: one buyer of two against two of sixteen.
    assert lift_at(bought, np.linspace(1, 0, 16), ids) == pytest.approx(4.0)


def test_calibration_error_of_honest_bins_is_zero() -> None:
    bought = np.array([True, False] * 10)
    assert expected_calibration_error(bought, np.full(20, 0.5)) == pytest.approx(0.0)


def test_calibration_error_is_the_mean_distance_of_the_bins() -> None:
    probabilities = np.array([0.1, 0.1, 0.6, 0.6])
    bought = np.array([False, False, True, True])
    assert expected_calibration_error(bought, probabilities, bins=2) == pytest.approx((0.1 + 0.4) / 2)


def test_calibration_bins_hold_equally_many_members() -> None:
    # By equal width the nine low ones would share a bin; by count each of the two bins has five.
    probabilities = np.array([0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 1.0])
    bought = np.array([False] * 9 + [True])
    low, high = 0.02, abs((0.05 + 0.06 + 0.07 + 0.08 + 1.0) / 5 - 0.2)
    assert expected_calibration_error(bought, probabilities, bins=2) == pytest.approx((low + high) / 2)
