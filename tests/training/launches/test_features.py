from __future__ import annotations

import numpy as np
import pytest

from training.launches.baselines import RULES, baseline_scores
from training.launches.features import FEATURE_NAMES, RANKED, standing, standing_name
from training.propensity.feature_words import words_of


def test_every_feature_has_words() -> None:
    without = [name for name in FEATURE_NAMES if words_of(name).en == name or not words_of(name).zh]
    assert without == []


def test_no_feature_stands_twice() -> None:
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES)


def test_what_is_ranked_is_a_feature_and_its_standing_too() -> None:
    assert set(RANKED) <= set(FEATURE_NAMES)
    assert {standing_name(name) for name in RANKED} <= set(FEATURE_NAMES)


def test_a_standing_counts_members_with_less_and_half_of_the_equal_ones() -> None:
    values = np.array([5.0, 1.0, 1.0, np.nan, 9.0], dtype=np.float32)
    among = np.array([True, True, True, True, False])
    assert standing(values, among=among).tolist() == pytest.approx([0.875, 0.5, 0.5, 0.125, 0.0])


def test_rules_leave_ties_in_the_order_of_spend_in_the_category() -> None:
    matrix = np.zeros((3, len(FEATURE_NAMES)), dtype=np.float32)
    matrix[:, FEATURE_NAMES.index("category__spend_365d")] = [1.0, 900.0, 5.0]
    matrix[:, FEATURE_NAMES.index("brand__orders_365d")] = [0.0, 0.0, 1.0]
    scores = baseline_scores(matrix)
    assert set(scores) == set(RULES)
    assert np.argsort(-scores["brand in category"]).tolist() == [2, 1, 0]
    assert np.argsort(-scores["category spend"]).tolist() == [1, 2, 0]
