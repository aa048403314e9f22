"""Candidate lists: what enters, what is cut, and that one member and many get the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from features.contracts.settings import Settings
from training.affinity.blend import BlendWeights, Field, best_first, blend
from training.affinity.candidates import CHUNK, MemberCandidates, best_candidates
from training.affinity.model import AffinityModel, fit_affinity
from training.affinity.pairs import Pairs, read_pairs
from training.protocol import catalogue_at

AS_OF = datetime(2017, 12, 18, 5, 0, tzinfo=UTC)
WEIGHTS = BlendWeights(item_item=0.1, als=0.2, popularity=0.05)


@pytest.fixture
def pairs(small_history: Any, settings: Settings) -> Pairs:
    """`Any`: the literal history of conftest.py, which is not importable."""
    catalogue = catalogue_at(small_history.folder / "purchases.parquet", at=AS_OF, settings=settings.affinity)
    return read_pairs(small_history, catalogue, at=AS_OF)


@pytest.fixture
def model(pairs: Pairs, settings: Settings) -> AffinityModel:
    return fit_affinity(pairs, settings, as_of=AS_OF, weights=WEIGHTS)


def ids_of(found: MemberCandidates) -> list[list[str]]:
    return [found.of(row).product_ids.tolist() for row in range(len(found))]


def test_a_request_orders_the_stored_candidates_as_evaluation_did(model: AffinityModel, pairs: Pairs) -> None:
    evaluated = model.candidates(pairs, model.member_ids)
    for row, member_id in enumerate(model.member_ids):
        stored = model.candidates(pairs, np.array([member_id])).of(0)
        blended = blend(stored.values, model.weights, model.as_of_days)
        order = best_first(blended.scores, stored.values[:, Field.POPULARITY], stored.product_ids)
        expected = model.catalogue.product_ids[evaluated.product_rows[row, :10]]
        assert stored.product_ids[order][:10].tolist() == expected.tolist()


def test_everything_bought_and_everything_popular_enters_the_union(model: AffinityModel, pairs: Pairs) -> None:
    union = model.sources(pairs).union_of(model.member_ids[:1], np.array([0]))
    bought = pairs.catalogue.product_ids[pairs.product_rows[pairs.member_rows == 0]]
    # Fewer products than TOP_POPULARITY: all of them are popular.
    assert set(bought) < set(union.of(0).product_ids) == set(pairs.catalogue.product_ids)


def test_values_of_a_bought_product_are_those_of_its_pair(model: AffinityModel, pairs: Pairs) -> None:
    found = model.candidates(pairs, model.member_ids).of(3)
    for pair in np.flatnonzero(pairs.member_rows == 3):
        product = pairs.catalogue.product_ids[pairs.product_rows[pair]]
        if product in found.product_ids:
            values = found.values[found.product_ids.tolist().index(product)]
            assert values[Field.ORDERS_365D] == pairs.orders_365d[pair]
            assert values[Field.DECAYED_ORDERS] == pairs.decayed_orders[pair]
            assert values[Field.LAST_ORDERED_DAYS] == pairs.last_ordered_days[pair]


def test_values_of_a_product_never_bought_say_so(model: AffinityModel, pairs: Pairs) -> None:
    found = model.candidates(pairs, np.array(["stranger"])).of(0)
    assert found.values[:, [Field.ORDERS_365D, Field.DECAYED_ORDERS]].sum() == 0
    assert np.isnan(found.values[:, [Field.LAST_ORDERED_DAYS, Field.GAP_DAYS]]).all()


def test_an_unknown_member_gets_what_is_popular(model: AffinityModel, pairs: Pairs) -> None:
    found = model.candidates(pairs, np.array(["stranger"])).of(0)
    assert found.product_ids.tolist() == model.catalogue.product_ids[:20].tolist()


def test_a_source_that_knows_nothing_of_a_member_brings_no_candidates(make_pairs: Any, settings: Settings) -> None:
    """Sixty products, of which a stranger gets the fifty most popular and not the rest at a score of zero."""
    buyers = {f"p{number:02}": 100 - number for number in range(60)}
    pairs = make_pairs([("anna", "p59", 1.0, 1.0), ("ben", "p58", 1.0, 1.0)], buyers)
    sources = fit_affinity(pairs, settings, as_of=AS_OF).sources(pairs)
    union = sources.union_of(np.array(["stranger", "anna"]), np.array([-1, 0]))
    assert union.of(0).product_ids.tolist() == pairs.catalogue.product_ids[:50].tolist()
    assert "p59" in union.of(1).product_ids


def test_pairs_of_other_members_meet_their_own_factors(model: AffinityModel, pairs: Pairs, small_history: Any) -> None:
    """The pairs of a part of the members number them anew."""
    asked = model.member_ids[5:]
    small_history.purchases = small_history.purchases[small_history.purchases["member_id"].isin(asked)]
    part = read_pairs(small_history, model.catalogue, at=AS_OF)
    assert part.member_ids.tolist() == asked.tolist()
    assert ids_of(model.candidates(part, asked)) == ids_of(model.candidates(pairs, asked))


def test_lists_are_cut_to_the_settings_and_sorted_by_the_blend(model: AffinityModel, pairs: Pairs) -> None:
    found = model.candidates(pairs, model.member_ids)
    for row in range(len(found)):
        scores = blend(found.of(row).values, model.weights, model.as_of_days).scores
        assert len(scores) == 20
        assert (np.diff(scores) <= 0).all()


def test_sources_are_scaled_to_the_members_largest(model: AffinityModel, pairs: Pairs) -> None:
    union = model.sources(pairs).union_of(model.member_ids, np.arange(20))
    for field in (Field.ALS, Field.ITEM_ITEM, Field.POPULARITY):
        assert (union.values[..., field].max(axis=1) == 1.0).all()
        assert (union.values[..., field] >= 0.0).all()


def test_more_members_than_a_chunk_are_all_answered(model: AffinityModel, pairs: Pairs) -> None:
    asked = np.array([f"m{number % 25:02}" for number in range(CHUNK + 30)])
    reported: list[tuple[int, int]] = []
    found = model.candidates(pairs, asked, progress=lambda done, every: reported.append((done, every)))
    assert reported == [(CHUNK, len(asked)), (len(asked), len(asked))]
    first = ids_of(model.candidates(pairs, asked[:25]))
    assert ids_of(found) == [first[number % 25] for number in range(len(asked))]


def test_the_most_frequent_product_survives_any_cut(make_pairs: Any, settings: Settings) -> None:
    """Otherwise the stored list would blend into another order than the one it was cut by."""
    rows = [("a", "often", 10.0, 0.0), ("a", "liked", 9.0, 0.0), ("b", "liked", 9.0, 0.0), ("b", "other", 9.0, 0.0)]
    pairs = make_pairs(rows, {"liked": 2, "other": 1, "often": 1})
    one = settings.model_copy(update={"affinity": settings.affinity.model_copy(update={"candidates": 1})})
    popular = BlendWeights(item_item=0.0, als=0.0, popularity=5.0)
    model = fit_affinity(pairs, one, as_of=AS_OF, weights=popular)
    assert ids_of(model.candidates(pairs, np.array(["a"]))) == [["often"]]
    union = model.sources(pairs).union_of(np.array(["a"]), np.array([0]))
    two = best_candidates(union, popular, as_of_days=model.as_of_days, count=2)
    assert ids_of(two) == [["liked", "often"]]


def test_fewer_products_than_places_leave_empty_places(make_pairs: Any, settings: Settings) -> None:
    pairs = make_pairs([("a", "x", 1.0, 0.0), ("b", "y", 1.0, 0.0)], {"x": 1, "y": 1})
    model = fit_affinity(pairs, settings, as_of=AS_OF)
    found = model.candidates(pairs, np.array(["a"]))
    assert found.product_rows.shape == (1, 20)
    assert found.of(0).product_ids.tolist() == ["x", "y"]


def test_other_weights_give_another_order(model: AffinityModel, pairs: Pairs) -> None:
    popular = replace(model, weights=BlendWeights(frequency=0.0, item_item=0.0, als=0.0, popularity=1.0))
    found = popular.candidates(pairs, model.member_ids)
    assert (found.product_rows[:, :5] == np.arange(5)).all()
