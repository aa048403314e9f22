"""Tenths of a ranking: the first is what `lift_at` measures."""

from __future__ import annotations

import numpy as np
import pytest

from training.metrics import lift_at
from training.tenths import RankedBuyers, ranked_buyers, tenths_of

IDS = np.array([f"m{number:02d}" for number in range(25)])


def test_the_first_tenth_lifts_as_lift_at_does() -> None:
    random = np.random.default_rng(3)
    # ties: only three scores
    scores, bought = random.integers(0, 3, 25).astype(np.float64), random.random(25) < 0.4
    first = tenths_of([ranked_buyers(bought, scores, IDS)])[0]
    assert first.lift == pytest.approx(lift_at(bought, scores, IDS))
    assert first.members == round(25 * 0.1)


def test_every_member_and_every_buyer_stands_in_one_tenth() -> None:
    scores, bought = np.arange(25.0), np.arange(25) % 2 == 0
    ranked = ranked_buyers(bought, scores, IDS)
    assert (sum(ranked.members), sum(ranked.buyers)) == (25, 13)


def test_a_lift_is_the_mean_over_rankings_with_its_standard_error() -> None:
    one = RankedBuyers(members=(1,) * 10, buyers=(1,) + (0,) * 9)
    other = RankedBuyers(members=(1,) * 10, buyers=(1, 1) + (0,) * 8)
    nobody = RankedBuyers(members=(1,) * 10, buyers=(0,) * 10)
    first = tenths_of([one, other, nobody])[0]
    assert (first.members, first.buyers) == (2, 2)
    assert first.lift == pytest.approx(7.5)  # 10 times and 5 times
    assert first.lift_error == pytest.approx(2.5)


def test_without_a_buyer_there_are_no_tenths() -> None:
    assert tenths_of([RankedBuyers(members=(1,) * 10, buyers=(0,) * 10)]) == ()


def test_fewer_members_than_tenths_leave_some_empty() -> None:
    ranked = ranked_buyers(np.array([True, False]), np.array([2.0, 1.0]), np.array(["a", "b"]))
    assert sum(ranked.members) == 2
    assert tenths_of([ranked])[0].lift == pytest.approx(2.0)
