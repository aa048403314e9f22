"""The blend on literal candidates."""

from __future__ import annotations

import numpy as np
import pytest

from training.affinity.blend import CANDIDATE_FIELDS, UNKNOWN, BlendWeights, Field, best_first, blend, scaled
from training.affinity.source import SOURCES

WEIGHTS = BlendWeights(item_item=0.5, als=0.25, popularity=0.125)


def candidate(**fields: float) -> np.ndarray:
    """The values of a candidate of whom only these fields are known."""
    values = UNKNOWN.copy()
    for name, value in fields.items():
        values[Field[name.upper()]] = value
    return values


VALUES = np.stack(
    [
        candidate(orders_365d=4, decayed_orders=4.0, last_ordered_days=6000.0, gap_days=7.0),
        candidate(als=1.0, orders_365d=1, decayed_orders=1.0, last_ordered_days=6070.0),
        candidate(item_item=1.0, popularity=1.0),
    ]
)


def test_field_positions_are_those_of_the_names() -> None:
    assert tuple(field.name.lower() for field in Field) == CANDIDATE_FIELDS


def test_nothing_known_is_no_orders_and_no_moment() -> None:
    is_unknown = {name for name, value in zip(CANDIDATE_FIELDS, UNKNOWN, strict=True) if np.isnan(value)}
    assert is_unknown == {
        "last_ordered_days", "gap_days", "gap_deviation_days", "visits_since_first", "visits_since_last",
        "subcategory_last_days", "category_last_days", "brand_last_days",
    }  # fmt: skip
    assert not np.nan_to_num(UNKNOWN).any()


@pytest.mark.parametrize("field", ["neighbours", "next_basket", "favourite_category", "stores", "mailer", "display"])
def test_fields_of_the_ranker_alone_change_no_blend(field: str) -> None:
    more = VALUES.copy()
    more[0, Field[field.upper()]] = 1.0
    assert (blend(more, WEIGHTS, 6070.0).scores == blend(VALUES, WEIGHTS, 6070.0).scores).all()


def test_score_adds_up_the_weighted_sources() -> None:
    blended = blend(VALUES, WEIGHTS, 6070.0)
    # Four orders 70 days ago count as two, one order now as half of that; never bought as none.
    assert blended.scores.tolist() == [1.0, 0.5 + 0.25, 0.5 + 0.125]
    assert blended.scores.dtype == np.float32


def test_contributions_are_in_the_order_of_sources_and_add_up_to_the_score() -> None:
    blended = blend(VALUES, WEIGHTS, 6070.0)
    assert SOURCES[:4] == ("frequency", "item_item", "als", "popularity")
    assert blended.contributions.tolist() == [[1, 0, 0, 0], [0.5, 0, 0.25, 0], [0, 0.5, 0, 0.125]]
    assert (blended.contributions.sum(axis=1) == blended.scores).all()


@pytest.mark.parametrize("days_later", [1, 30, 365])
def test_time_alone_changes_no_score(days_later: int) -> None:
    now, later = (blend(VALUES, WEIGHTS, 6070.0 + days) for days in (0, days_later))
    assert later.scores == pytest.approx(now.scores, abs=1e-6)


def test_many_members_are_blended_as_one_is() -> None:
    rng = np.random.default_rng(5)
    values = rng.random((50, 33, len(CANDIDATE_FIELDS)), dtype=np.float32)
    values[..., Field.LAST_ORDERED_DAYS] = rng.uniform(6000, 6070, size=(50, 33))
    together = blend(values, WEIGHTS, 6070.0)
    alone = [blend(values[row], WEIGHTS, 6070.0) for row in range(50)]
    assert (together.scores == np.stack([each.scores for each in alone])).all()
    assert (together.contributions == np.stack([each.contributions for each in alone])).all()


def test_a_list_of_nothing_is_blended_to_nothing() -> None:
    assert blend(VALUES[:0], WEIGHTS, 6070.0).scores.shape == (0,)


def test_scaling_shares_the_largest_and_drops_what_is_negative() -> None:
    scores = np.array([[4.0, -1.0, 2.0], [-1.0, -2.0, 0.0]], dtype=np.float32)
    assert scaled(scores).tolist() == [[1.0, 0.0, 0.5], [0.0, 0.0, 0.0]]


def test_equal_scores_are_ordered_by_popularity_and_then_by_id() -> None:
    scores = np.array([0.5, 0.5, 0.9, 0.5], dtype=np.float32)
    popularity = np.array([0.1, 0.1, 0.0, 0.2], dtype=np.float32)
    ids = np.array(["10", "1", "3", "4"])
    assert ids[best_first(scores, popularity, ids)].tolist() == ["3", "4", "1", "10"]
