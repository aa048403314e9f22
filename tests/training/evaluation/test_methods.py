"""Lists of methods: over the full catalogue, of the candidates alone, ties in catalogue order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from literal_moment import Bought, literal_moment, literal_pairs, small_moment
from literal_stage import literal_judge, literal_stage

from training.affinity.source import SOURCES, Scores
from training.evaluation.methods import (
    MEMBERS_AT_ONCE,
    baselines,
    candidate_recall,
    ceilings,
    lists_of_scores,
    lists_of_source,
    sources,
)
from training.evaluation.truth import judge_of
from training.ranker.features import RANKER_FEATURES
from training.ranker.rows import RankerRows
from training.ranker.stage import Stage

BUYERS = {f"p{number:02}": 30 - number for number in range(15)}
"""Fifteen products, so that ten places leave some out; the order of the catalogue is that of their numbers."""
ROWS: list[Bought] = [("anna", "p14", 5.0, 1.0), ("anna", "p12", 1.0, 100.0), ("ben", "p13", 1.0, 1.0)]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    moment = literal_moment(literal_pairs(ROWS, BUYERS))
    return literal_stage(moment, {"anna": ["p14", "p00"], "stranger": ["p00"]}, folder=tmp_path)


class Constant:
    """A source that scores everything alike but for one product."""

    def __init__(self, best: int | None = None, *, products: int = 15) -> None:
        self.best, self.products = best, products

    def scores(self, members: np.ndarray) -> Scores:
        scores = np.ones((len(members), self.products), dtype=np.float32)
        if self.best is not None:
            scores[:, self.best] = 2.0
        return scores


def test_equal_scores_stand_in_catalogue_order(stage: Stage) -> None:
    judge = judge_of(stage)
    assert lists_of_source(Constant(), stage, judge).first.tolist() == [list(range(10))] * 2
    assert lists_of_source(Constant(12), stage, judge).first.tolist() == [[12, *range(9)]] * 2


def test_the_never_bought_list_leaves_out_what_the_member_bought(stage: Stage) -> None:
    """anna bought p12 and p14, the stranger nothing."""
    found = lists_of_source(Constant(12), stage, judge_of(stage)).new
    assert found.tolist() == [list(range(10)), [12, *range(9)]]


def test_frequency_counts_all_orders_alike_and_the_other_forgets(stage: Stage) -> None:
    simple = baselines(stage)
    assert list(simple) == ["popularity", "frequency", "recency-weighted frequency", "TIFU-KNN"]
    judge = judge_of(stage)
    counts = simple["frequency"].scores(np.array([0, -1]))
    assert (counts[0, [12, 14]].tolist(), counts[1].any()) == ([1.0, 5.0], False)
    assert simple["recency-weighted frequency"].scores(np.array([0]))[0, 12] < 0.5
    assert lists_of_source(simple["frequency"], stage, judge).first[0, :3].tolist() == [14, 12, 0]
    assert lists_of_source(simple["popularity"], stage, judge).first[0].tolist() == list(range(10))


def test_every_source_is_measured_alone_or_as_a_baseline(stage: Stage) -> None:
    alone, simple = sources(stage), baselines(stage)
    assert set(alone) | {"popularity", "frequency"} == set(SOURCES)
    assert simple["popularity"] is stage.sources.fitted["popularity"]
    assert simple["recency-weighted frequency"] is stage.sources.fitted["frequency"]


def test_more_members_than_a_chunk_get_their_own_lists(tmp_path: Path) -> None:
    moment = small_moment()
    members = {f"m{number % 20:02}x{number}" if number >= 20 else f"m{number:02}": ["p00"] for number in range(270)}
    assert len(members) > MEMBERS_AT_ONCE
    stage = literal_stage(moment, dict(reversed(members.items())), folder=tmp_path)
    found = lists_of_source(baselines(stage)["frequency"], stage, judge_of(stage))
    assert found.first.shape == found.new.shape == (270, 10)
    few = literal_stage(moment, {"m03": ["p00"]}, folder=tmp_path)
    alone = lists_of_source(baselines(few)["frequency"], few, judge_of(few))
    place = stage.holdout.member_ids.tolist().index("m03")
    assert place > MEMBERS_AT_ONCE
    assert found.first[place].tolist() == alone.first[0].tolist()
    assert found.new[place].tolist() == alone.new[0].tolist()


def rows(*candidates: tuple[int, int]) -> RankerRows:
    """Rows of (member, product)."""
    members, products = (np.array(each) for each in zip(*candidates, strict=True))
    return RankerRows(
        matrix=np.zeros((len(members), len(RANKER_FEATURES)), dtype=np.float32),
        bought=np.zeros(len(members), dtype=np.bool_),
        members=members,
        product_rows=products,
    )


JUDGE = literal_judge(list(BUYERS), {"anna": ["p00"], "ben": ["p01"], "cleo": ["p02"]}, before={"anna": ["p04"]})


def test_candidates_are_ordered_by_score_and_then_by_the_catalogue() -> None:
    found = lists_of_scores(rows((0, 2), (0, 4), (0, 7), (2, 1)), np.array([0.5, 0.9, 0.5, 0.1]), JUDGE)
    assert found.first[:, :3].tolist() == [[4, 2, 7], [-1, -1, -1], [1, -1, -1]]
    assert found.new[:, :3].tolist() == [[2, 7, -1], [-1, -1, -1], [1, -1, -1]]


def test_no_more_than_ten_are_shown_and_nothing_fills_a_short_list() -> None:
    many = rows(*((1, product) for product in range(15)))
    found = lists_of_scores(many, np.arange(15.0), JUDGE)
    assert found.first[1].tolist() == list(range(14, 4, -1))
    assert (found.first[[0, 2]] == -1).all()


def test_candidate_recall_is_the_mean_share_of_purchases_among_candidates() -> None:
    judge = literal_judge(list(BUYERS), {"anna": ["p00", "p01"], "ben": ["p01"]})
    candidates = rows((0, 0), (0, 5), (1, 7))
    found = RankerRows(**{**vars(candidates), "bought": np.array([True, False, False])})
    assert candidate_recall(found, judge) == 0.25


def test_ceilings_are_what_ten_places_can_hold() -> None:
    judge = literal_judge(
        list(BUYERS), {"anna": list(BUYERS)[:12], "ben": ["p00", "p01"]}, before={"anna": ["p00"], "ben": ["p01"]}
    )
    assert ceilings([judge]) == pytest.approx(((10 / 12 + 1) / 2, (1 / 12 + 1 / 2) / 2))
