"""What lists are worth, member by member, on literal purchases."""

from __future__ import annotations

import numpy as np
import pytest
from literal_stage import WEEK, literal_judge

from training.evaluation.outcome import K, Lists, Outcome, outcome_of
from training.evaluation.truth import Judge

PRODUCTS = [f"p{number:02}" for number in range(20)]


def lists(*members: list[int]) -> np.ndarray:
    """int64 (members, K), filled up with empty places."""
    return np.array([[*row, *[-1] * (K - len(row))] for row in members])


def outcome(judge: Judge, first: np.ndarray, new: np.ndarray | None = None) -> Outcome:
    return outcome_of("method", "variant", Lists(first=first, new=first if new is None else new), judge)


def test_recall_precision_hit_and_ndcg_are_those_of_a_reckoning_by_hand() -> None:
    judge = literal_judge(PRODUCTS, {"anna": ["p00", "p03", "p19"], "ben": ["p05"]})
    found = outcome(judge, lists([1, 0, 2, 3], [6, 7]))
    assert (found.method, found.kind, found.week) == ("method", "variant", WEEK)
    assert found.recall.tolist() == [2 / 3, 0.0]
    assert found.precision.tolist() == [0.2, 0.0]
    assert found.hit.tolist() == [1.0, 0.0]
    ideal = 1 + 1 / np.log2(3) + 1 / np.log2(4)
    assert found.ndcg == pytest.approx([(1 / np.log2(3) + 1 / np.log2(5)) / ideal, 0.0])


def test_ndcg_is_measured_against_ten_places_whatever_was_bought() -> None:
    judge = literal_judge(PRODUCTS, {"anna": PRODUCTS})
    found = outcome(judge, lists(list(range(10))))
    assert (found.ndcg.tolist(), found.recall.tolist()) == ([1.0], [0.5])


def test_repeated_and_first_day_recall_look_at_their_own_truth() -> None:
    judge = literal_judge(
        PRODUCTS,
        {"anna": ["p00", "p01", "p02", "p03"], "ben": ["p05"]},
        before={"anna": ["p00", "p01"]},
        first_day={"anna": ["p02"], "ben": ["p05"]},
    )
    found = outcome(judge, lists([0, 2], [5]))
    assert found.repeat_recall.tolist()[0] == 0.5
    assert found.first_day_recall.tolist() == [1.0, 1.0]


def test_never_bought_recall_is_that_of_the_never_bought_list() -> None:
    judge = literal_judge(PRODUCTS, {"anna": ["p00", "p01", "p02"]}, before={"anna": ["p00"]})
    found = outcome(judge, first=lists([1, 2]), new=lists([1, 7]))
    assert found.explore_recall.tolist() == [0.5]
    assert found.recall.tolist() == [2 / 3]


def test_a_member_with_nothing_of_the_kind_is_left_out_of_its_mean() -> None:
    judge = literal_judge(PRODUCTS, {"anna": ["p00"], "ben": ["p01"]}, before={"anna": ["p00"]})
    found = outcome(judge, lists([0], [1]))
    assert np.isnan(found.explore_recall).tolist() == [True, False]
    assert np.isnan(found.repeat_recall).tolist() == [False, True]


def test_coverage_is_the_share_of_the_catalogue_that_anybody_is_shown() -> None:
    judge = literal_judge(PRODUCTS, {"anna": ["p00"], "ben": ["p01"]})
    assert outcome(judge, lists([0, 1], [1, 2])).coverage == 3 / 20


def test_novelty_is_the_mean_surprise_of_what_is_shown() -> None:
    judge = literal_judge(PRODUCTS, {"anna": ["p00"], "ben": ["p01"]}, surprise=list(range(20)))
    assert outcome(judge, lists([4, 8], [])).novelty.tolist() == [6.0, 0.0]
