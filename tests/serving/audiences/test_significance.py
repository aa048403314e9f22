"""How unlikely a difference would be by chance."""

from __future__ import annotations

import numpy as np
import pytest

from serving.audiences.significance import holm, p_value, share_p_value


def test_a_difference_of_two_standard_errors_is_one_chance_in_twenty() -> None:
    # 100 of a million, variance 4: the error of a mean is 0.2
    assert p_value(0.392, variance=4.0, drawn=100, population=1_000_000) == pytest.approx(0.05, abs=0.001)


def test_whoever_is_the_whole_population_cannot_differ_from_it() -> None:
    assert p_value(3.0, variance=4.0, drawn=50, population=50) == 1.0
    assert p_value(3.0, variance=0.0, drawn=10, population=50) == 1.0


def test_differences_by_lot_are_called_real_as_often_as_promised() -> None:
    rng = np.random.default_rng(7)
    population = rng.exponential(1.0, size=2_000)
    drawn = [rng.choice(population, 300, replace=False).mean() for _ in range(2_000)]
    found = [
        p_value(mean - population.mean(), variance=float(population.var()), drawn=300, population=2_000)
        for mean in drawn
    ]
    assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.015)


def test_a_rare_value_is_counted_exactly() -> None:
    # two of ten where one in a hundred is usual: 0.43% of draws have as many
    assert share_p_value(0.2, 0.01, drawn=10, population=10_000) == pytest.approx(2 * 0.00427, rel=0.01)
    assert share_p_value(0.0, 0.01, drawn=10, population=10_000) == 1.0


def test_holm_corrects_the_smallest_for_all_and_keeps_the_order() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
