"""Highest scores of a row and their ties."""

from __future__ import annotations

import numpy as np
import pytest

from training.affinity.top import top_columns, top_mask

SCORES = np.array([[1.0, 3.0, 2.0, 3.0], [0.0, 0.0, 0.0, 0.0]], dtype=np.float32)


def test_best_columns_come_first_and_ties_go_to_the_smaller_one() -> None:
    assert top_columns(SCORES, 3).tolist() == [[1, 3, 2], [0, 1, 2]]


def test_a_tie_at_the_edge_is_cut_at_the_smaller_column() -> None:
    assert top_mask(SCORES, 1).tolist() == [[False, True, False, False], [True, False, False, False]]


@pytest.mark.parametrize("count", [4, 9])
def test_more_than_there_are_gives_all(count: int) -> None:
    assert top_columns(SCORES, count).tolist() == [[1, 3, 2, 0], [0, 1, 2, 3]]


def test_agrees_with_a_stable_sort_on_scores_full_of_ties() -> None:
    scores = np.random.default_rng(1).integers(0, 6, size=(40, 60)).astype(np.float32)
    expected = np.argsort(-scores, axis=1, kind="stable")
    for count in (1, 7, 59):
        assert (top_columns(scores, count) == expected[:, :count]).all()
