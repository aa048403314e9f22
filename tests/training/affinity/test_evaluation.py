"""Evaluation and choice of weights on literal holdouts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from features.contracts.settings import Settings
from training.affinity.blend import BlendWeights
from training.affinity.evaluation import Outcome, evaluate, summarise
from training.affinity.model import fit_affinity
from training.affinity.weights import GRID, choose_weights
from training.protocol import Catalogue, Holdout

AS_OF = datetime(2017, 12, 18, 5, 0, tzinfo=UTC)


def holdout(catalogue: Catalogue, bought: dict[str, list[str]]) -> Holdout:
    truth = np.array([np.isin(catalogue.product_ids, products) for products in bought.values()])
    return Holdout(member_ids=np.array(list(bought)), truth=csr_matrix(truth))


def outcome(source: str, week: int, recall: list[float]) -> Outcome:
    values = np.array(recall)
    return Outcome(
        source=source, week=week, recall=values, ndcg=values, hit=values, precision=values, coverage=week / 100
    )


def test_a_source_is_credited_for_what_it_finds(make_pairs: Any, settings: Settings) -> None:
    """Fifteen products, so that the first ten leave some out; popularity knows nothing of anna's own."""
    buyers = {f"p{number:02}": 20 - number for number in range(15)}
    pairs = make_pairs([("anna", "p14", 5.0, 1.0), ("ben", "p13", 1.0, 1.0)], buyers)
    model = fit_affinity(pairs, settings, as_of=AS_OF)
    found = evaluate(model, pairs, holdout(pairs.catalogue, {"anna": ["p14", "p00"]}), week=46)
    recall = {each.source: each.recall.tolist() for each in found}
    assert recall["frequency"] == [1.0]  # p14 by frequency, then the nine most popular
    assert recall["popularity"] == [0.5]
    assert recall["thousand-faces"] == [1.0]
    assert {each.coverage for each in found if each.source == "popularity"} == {10 / 15}


def test_a_member_without_pairs_is_evaluated_too(make_pairs: Any, settings: Settings) -> None:
    pairs = make_pairs([("ben", "x", 1.0, 1.0)], {"x": 2, "y": 1})
    found = evaluate(
        fit_affinity(pairs, settings, as_of=AS_OF), pairs, holdout(pairs.catalogue, {"new": ["x"]}), week=46
    )
    blend = found[0]
    # One of ten places is right; the eight that two products leave empty are no further hits of x.
    assert (blend.source, blend.recall.tolist(), blend.precision.tolist()) == ("thousand-faces", [1.0], [0.1])


def test_the_mean_weighs_cutoffs_equally_and_the_error_pools_members() -> None:
    rows = summarise(
        [
            outcome("thousand-faces", 46, [1.0, 0.0, 0.5, 0.5]),
            outcome("frequency", 46, [0.5, 0.0, 0.5, 0.5]),
            outcome("thousand-faces", 48, [0.0, 0.0]),
            outcome("frequency", 48, [0.0, 0.0]),
        ]
    )
    blend = rows[0]
    assert (blend.source, blend.weeks, blend.members) == ("thousand-faces", "46 48", 6)
    assert blend.recall_at_10 == 0.25
    assert blend.recall_at_10_error == pytest.approx(np.std([1, 0, 0.5, 0.5, 0, 0], ddof=1) / np.sqrt(6))
    assert blend.coverage_at_10 == pytest.approx(0.47)


def test_the_gain_is_taken_member_by_member_against_frequency() -> None:
    rows = summarise([outcome("frequency", 46, [0.5, 0.0]), outcome("als", 46, [1.0, 0.5])])
    assert [(row.gain, row.gain_error) for row in rows] == [(0.0, 0.0), (0.5, 0.0)]


def test_the_first_weights_tried_are_frequency_alone() -> None:
    assert GRID[0] == BlendWeights(item_item=0.0, als=0.0, popularity=0.0)


def test_weights_are_those_that_find_most(make_pairs: Any, settings: Settings) -> None:
    """Everybody has bought eleven products equally often; whoever buys next buys the least popular of them."""
    buyers = {f"p{number:02}": 12 - number for number in range(11)}
    rows = [("anna", product, 1.0, 1.0) for product in buyers]
    rows += [("ben", "p10", 1.0, 1.0), ("cleo", "p10", 1.0, 1.0)]
    pairs = make_pairs(rows, buyers)
    model = fit_affinity(pairs, settings, as_of=AS_OF)
    later = holdout(pairs.catalogue, {"anna": ["p10"]})
    chosen = choose_weights(model.sources(pairs), later)
    assert chosen != GRID[0]
    recall = {
        weights: evaluate(replace(model, weights=weights), pairs, later, week=44)[0].recall.mean()
        for weights in (chosen, GRID[0])
    }
    assert recall[chosen] == 1.0
    assert recall[GRID[0]] == 0.0


def test_equal_weights_fall_to_frequency_alone(make_pairs: Any, settings: Settings) -> None:
    pairs = make_pairs([("anna", "x", 1.0, 1.0)], {"x": 2, "y": 1})
    model = fit_affinity(pairs, settings, as_of=AS_OF)
    assert choose_weights(model.sources(pairs), holdout(pairs.catalogue, {"anna": ["x"]})) == GRID[0]
