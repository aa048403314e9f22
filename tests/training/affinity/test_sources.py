"""The promises that every candidate source keeps, and what each of them means."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from training.affinity.als import Als
from training.affinity.frequency import Frequency
from training.affinity.item_item import ItemItem
from training.affinity.pairs import Pairs
from training.affinity.popularity import Popularity
from training.affinity.source import Source

SOURCES: dict[str, Source] = {
    "frequency": Frequency(),
    "item_item": ItemItem(neighbours=4, threads=1),
    "als": Als(factors=4, regularization=0.05, iterations=10, alpha=5.0, seed=7, threads=1),
    "popularity": Popularity(),
}
# `Any`: the fixture of conftest.py is a function of literal rows, and conftest is not importable.
MakePairs = Any


@pytest.fixture(params=SOURCES.values(), ids=SOURCES.keys())
def source(request: pytest.FixtureRequest) -> Source:
    found: Source = request.param
    return found


def everybody(pairs: Pairs) -> np.ndarray:
    return np.arange(len(pairs.member_ids))


def test_scores_are_float32_of_members_by_products(source: Source, checkerboard: Pairs) -> None:
    scores = source.fit(checkerboard).scores(np.array([3, 0, -1]))
    assert (scores.dtype, scores.shape) == (np.float32, (3, 8))


def test_the_same_pairs_give_the_same_scores(source: Source, checkerboard: Pairs) -> None:
    first, second = (source.fit(checkerboard).scores(everybody(checkerboard)) for _ in range(2))
    assert (first == second).all()


def test_a_fit_leaves_nothing_to_the_next(source: Source, checkerboard: Pairs, make_pairs: MakePairs) -> None:
    other = make_pairs([("a", "x", 1.0, 1.0), ("b", "y", 2.0, 3.0)], {"x": 1, "y": 1})
    alone = source.fit(other).scores(everybody(other))
    source.fit(checkerboard)
    assert (source.fit(other).scores(everybody(other)) == alone).all()


def test_a_member_scored_alone_gets_what_it_gets_among_others(source: Source, checkerboard: Pairs) -> None:
    fitted = source.fit(checkerboard)
    together = fitted.scores(everybody(checkerboard))
    alone = np.concatenate([fitted.scores(np.array([row])) for row in everybody(checkerboard)])
    assert (together == alone).all()


def test_pairs_without_an_entry_are_no_error(source: Source, make_pairs: MakePairs) -> None:
    pairs = make_pairs([], {"x": 3, "y": 1})
    assert source.fit(pairs).scores(np.array([-1])).shape == (1, 2)


@pytest.mark.parametrize("name", ["frequency", "item_item", "als"])
def test_a_member_without_pairs_scores_zero(name: str, checkerboard: Pairs) -> None:
    assert not SOURCES[name].fit(checkerboard).scores(np.array([-1])).any()


@pytest.mark.parametrize("name", ["frequency", "item_item", "als"])
def test_a_product_without_pairs_scores_zero(name: str, make_pairs: MakePairs) -> None:
    pairs = make_pairs([("a", "x", 1.0, 1.0), ("b", "x", 1.0, 1.0), ("b", "y", 1.0, 1.0)], {"x": 2, "y": 1, "new": 1})
    scores = SOURCES[name].fit(pairs).scores(everybody(pairs))
    assert scores[:, pairs.catalogue.rows_of(np.array(["new"]))] == pytest.approx(np.zeros((2, 1)))


@pytest.mark.parametrize("name", ["item_item", "als"])
@pytest.mark.parametrize(("member", "withheld"), [("m0", "p4"), ("m1", "p5")])
def test_the_withheld_product_of_a_checkerboard_ranks_first_among_the_new_ones(
    name: str, member: str, withheld: str, checkerboard: Pairs
) -> None:
    row = checkerboard.rows_of_members(np.array([member]))
    scores = SOURCES[name].fit(checkerboard).scores(row)[0]
    scores[checkerboard.positions(row)[0] >= 0] = -np.inf
    assert checkerboard.catalogue.product_ids[np.argmax(scores)] == withheld


def test_als_gives_the_same_factors_with_one_thread_and_with_two(checkerboard: Pairs) -> None:
    one, two = (
        Als(factors=4, regularization=0.05, iterations=10, alpha=5.0, seed=7, threads=threads).fit(checkerboard)
        for threads in (1, 2)
    )
    assert (one.product_factors == two.product_factors).all()
    assert (one.member_factors == two.member_factors).all()


def test_als_of_another_seed_differs(checkerboard: Pairs) -> None:
    one, two = (
        Als(factors=4, regularization=0.05, iterations=1, alpha=5.0, seed=seed, threads=1).fit(checkerboard)
        for seed in (1, 2)
    )
    assert (one.product_factors != two.product_factors).any()


def test_frequency_halves_an_order_per_half_life(make_pairs: MakePairs) -> None:
    pairs = make_pairs([("a", "x", 4.0, 70.0), ("a", "y", 1.0, 0.0)], {"x": 1, "y": 1})
    assert Frequency().fit(pairs).scores(np.array([0]))[0].tolist() == pytest.approx([2.0, 1.0], rel=1e-5)


def test_item_item_similarity_is_the_cosine_over_members(make_pairs: MakePairs) -> None:
    pairs = make_pairs(
        [("a", "x", 1.0, 0.0), ("a", "y", 2.0, 0.0), ("b", "x", 2.0, 0.0), ("c", "y", 1.0, 0.0)], {"x": 2, "y": 2}
    )
    neighbours = ItemItem(neighbours=2, threads=1).fit(pairs).neighbours
    assert neighbours.rows.tolist() == [[0, 1], [1, 0]]
    assert neighbours.similarities[:, 1] == pytest.approx([2 / 5, 2 / 5])


def test_item_item_keeps_only_the_nearest(make_pairs: MakePairs) -> None:
    rows = [("a", "x", 1.0, 0.0), ("a", "y", 3.0, 0.0), ("a", "z", 1.0, 0.0), ("b", "y", 9.0, 0.0)]
    neighbours = ItemItem(neighbours=2, threads=1).fit(make_pairs(rows, {"x": 1, "y": 2, "z": 1})).neighbours
    assert neighbours.rows.shape == (3, 2)
    assert neighbours.similarities[:, 0] == pytest.approx([1.0, 1.0, 1.0])
    assert (neighbours.similarities[:, 1] > 0).all()


def test_popularity_is_the_same_for_everybody(checkerboard: Pairs) -> None:
    scores = Popularity().fit(checkerboard).scores(np.array([0, -1]))
    assert (scores == 4.0).all()
