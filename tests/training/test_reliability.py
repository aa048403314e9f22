"""Bins of equal count: what was said, and what came true."""

from __future__ import annotations

import numpy as np

from training.reliability import ReliabilityBin, reliability_bins


def test_rows_are_put_into_bins_of_equal_count_from_the_lowest_chance_on() -> None:
    said = np.array([0.9, 0.1, 0.3, 0.7])
    came = np.array([True, False, True, True])
    assert reliability_bins(came, said, bins=2) == (
        ReliabilityBin(predicted=0.2, observed=0.5, rows=2),
        ReliabilityBin(predicted=0.8, observed=1.0, rows=2),
    )


def test_fewer_rows_than_bins_make_a_bin_each_and_none_make_none() -> None:
    assert [each.rows for each in reliability_bins(np.array([True, False]), np.array([0.5, 0.2]))] == [1, 1]
    assert reliability_bins(np.empty(0, dtype=np.bool_), np.empty(0)) == ()
