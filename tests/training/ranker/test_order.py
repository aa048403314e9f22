"""A release is ordered, a request answered and an evaluation judged by the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from features.store.packed_member import PackedMember
from training.affinity.blend import blend
from training.ranker.model import Ranker, RankerModel, open_ranker
from training.ranker.order import blend_order, ranker_order
from training.ranker.rows import RankerRows, without_promotions
from training.ranker.stage import Stage
from training.release.members import Order, packed_members


@pytest.fixture(scope="module")
def ranker(small_ranker: RankerModel, small_stage: Stage) -> Ranker:
    return open_ranker(small_ranker, small_stage.shelf)


def packed(stage: Stage, order: Order) -> list[PackedMember]:
    """The holdout's members as a release would pack them."""
    chunks = packed_members(
        stage.history,
        stage.affinity,
        stage.sources,
        order=order,
        as_of=stage.cutoff.at,
        only=stage.holdout.member_ids,
    )
    return [member for chunk in chunks for member in chunk]


@pytest.fixture(scope="module")
def members(small_stage: Stage, ranker: Ranker) -> list[PackedMember]:
    return packed(small_stage, ranker_order(ranker, small_stage.sources.moment))


def test_a_packed_member_has_the_features_of_the_training_rows(small_stage: Stage, members: list[PackedMember]) -> None:
    assert [member.member_id for member in members] == small_stage.holdout.member_ids.tolist()
    vectors = np.stack([member.vector for member in members])
    assert np.array_equal(vectors, small_stage.member_vectors, equal_nan=True)


def test_a_request_scores_a_candidate_as_training_and_evaluation_did(
    small_stage: Stage, small_rows: RankerRows, small_ranker: RankerModel, ranker: Ranker, members: list[PackedMember]
) -> None:
    matrix = without_promotions(small_rows.matrix, small_ranker.promotions)
    raw = small_ranker.evaluator(compiled=False).predict(matrix)
    evaluated = (1 / (1 + np.exp(-(small_ranker.slope * raw + small_ranker.intercept)))).astype(np.float32)
    row_of = small_stage.shelf.row_of
    catalogue = small_stage.affinity.catalogue
    for place, member in enumerate(members):
        rows = np.array([row_of[product] for product in member.candidate_ids])
        scores = ranker.scores(member, rows, member.candidate_values, as_of_days=small_stage.as_of_days)
        own = small_rows.members == place
        found = dict(zip(small_rows.product_rows[own].tolist(), evaluated[own].tolist(), strict=True))
        products = catalogue.rows_of(np.array(member.candidate_ids)).tolist()
        assert scores.tolist() == [found[product] for product in products]


def test_candidates_are_stored_in_the_rankers_order(
    small_stage: Stage, ranker: Ranker, members: list[PackedMember]
) -> None:
    row_of = small_stage.shelf.row_of
    for member in members:
        rows = np.array([row_of[product] for product in member.candidate_ids])
        scores = ranker.scores(member, rows, member.candidate_values, as_of_days=small_stage.as_of_days)
        assert (np.diff(scores) <= 0).all()


def test_without_a_ranker_candidates_are_stored_in_the_blends_order(small_stage: Stage) -> None:
    weights = small_stage.affinity.weights
    for member in packed(small_stage, blend_order(small_stage.affinity, small_stage.sources.moment))[:20]:
        scores = blend(member.candidate_values, weights, small_stage.as_of_days).scores
        assert (np.diff(scores) <= 0).all()
