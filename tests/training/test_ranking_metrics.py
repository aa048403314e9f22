"""Known answers of the ranking metrics."""

from __future__ import annotations

import numpy as np
import pytest

from training.ranking_metrics import coverage_at, hit_at, ndcg_at, precision_at, recall_at, standard_error

HITS = np.array(
    [
        [True, False, True, False],  # two of three bought products found, at ranks 1 and 3
        [False, False, False, True],  # one of one, at rank 4
        [False, False, False, False],  # none of two
    ]
)
RELEVANT = np.array([3, 1, 2])


def test_recall_is_the_share_of_bought_products_found() -> None:
    assert recall_at(HITS, RELEVANT, k=4).tolist() == [2 / 3, 1.0, 0.0]


def test_recall_looks_at_the_first_k_alone() -> None:
    assert recall_at(HITS, RELEVANT, k=2).tolist() == [1 / 3, 0.0, 0.0]


def test_precision_divides_by_k_even_when_the_list_is_shorter() -> None:
    assert precision_at(HITS, k=8).tolist() == [2 / 8, 1 / 8, 0.0]


def test_hit_is_one_where_anything_was_found() -> None:
    assert hit_at(HITS, k=3).tolist() == [1.0, 0.0, 0.0]


def test_ndcg_compares_with_the_best_possible_list() -> None:
    discounts = [1.0, 1 / np.log2(3), 1 / 2, 1 / np.log2(5)]
    expected = [(discounts[0] + discounts[2]) / sum(discounts[:3]), discounts[3] / discounts[0], 0.0]
    assert ndcg_at(HITS, RELEVANT, k=4) == pytest.approx(expected)


def test_ndcg_of_a_full_list_of_hits_is_one_when_more_was_bought_than_fits() -> None:
    assert ndcg_at(np.array([[True, True]]), np.array([5]), k=2) == pytest.approx([1.0])


def test_ndcg_is_below_one_when_the_list_is_shorter_than_what_was_bought() -> None:
    assert ndcg_at(np.array([[True]]), np.array([2]), k=10) == pytest.approx([1 / (1 + 1 / np.log2(3))])


def test_coverage_counts_each_product_once_and_no_empty_place() -> None:
    recommended = np.array([[0, 1, -1], [1, 2, 3]])
    assert coverage_at(recommended, products=8, k=2) == 3 / 8


def test_standard_error_is_that_of_the_mean() -> None:
    assert standard_error(np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(np.sqrt(5 / 3) / 2)
    assert standard_error(np.array([1.0])) == 0.0
