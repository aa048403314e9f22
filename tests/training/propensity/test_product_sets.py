"""Which sets are learnt from and measured on: of every kind, evenly over how many bought them, never both."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from training.propensity.groupings import LEVELS, groupings_of
from training.propensity.outcomes import Outcomes
from training.propensity.product_sets import EVALUATED, evaluation_sets, learning_sets, sets_by_kind

MEMBERS = 400
PRODUCTS = 240
RNG = np.random.default_rng(3)
TABLE = pd.DataFrame(
    {
        "product_id": [f"p{n:03}" for n in range(PRODUCTS)],
        "department": [f"D{n % 3}" for n in range(PRODUCTS)],
        "category": [f"D{n % 3} C{n % 60}" for n in range(PRODUCTS)],
        "subcategory": [f"T{n % 120}" for n in range(PRODUCTS)],
        "brand": [f"B{n // 120}" for n in range(PRODUCTS)],
        "is_private_label": False,
    }
)
GROUPINGS = groupings_of(TABLE)


def outcomes() -> Outcomes:
    """Product n is bought by about n members, on day n % 40."""
    bought = [RNG.choice(MEMBERS, min(MEMBERS, n), replace=False) for n in range(PRODUCTS)]
    counts = np.array([len(each) for each in bought])
    return Outcomes(
        members=MEMBERS,
        starts=np.concatenate([[0], np.cumsum(counts)]),
        member_rows=np.concatenate(bought).astype(np.int32),
        days_after=np.repeat(np.arange(PRODUCTS) % 40, counts).astype(np.float64),
        spend=np.ones(counts.sum()),
    )


OUTCOMES = outcomes()
KNOWN = sets_by_kind(GROUPINGS, OUTCOMES, np.ones(MEMBERS, dtype=bool))


def test_a_set_s_outcome_is_who_bought_any_of_it_within_the_horizon() -> None:
    pair = np.array([5, 30])
    # Product 30 is bought on day 30 and product 5 on day 5.
    assert OUTCOMES.bought(pair, horizon_days=28).sum() == 5
    assert OUTCOMES.bought(pair, horizon_days=5).sum() == 0
    both = OUTCOMES.bought(pair, horizon_days=31)
    assert 30 <= both.sum() <= 35
    assert OUTCOMES.spent(pair, horizon_days=31).sum() == 35
    assert not OUTCOMES.spent(np.empty(0, dtype=np.int64), horizon_days=31).any()


def test_penetration_is_the_share_of_active_members_who_bought_within_28_days() -> None:
    found = {each.name: each for each in KNOWN["product"]}
    assert found["product p020"].penetration == 20 / MEMBERS
    # Bought on day 30 and later: not within the 28 days.
    assert "product p035" not in found


def test_products_and_groupings_with_the_same_products_count_once_at_the_widest() -> None:
    every = [each.products.tobytes() for sets in KNOWN.values() for each in sets]
    assert len(every) == len(set(every))


def test_evaluated_sets_are_as_many_as_asked_of_each_kind_and_within_its_range() -> None:
    chosen = evaluation_sets(KNOWN, seed=7)
    for kind, (count, highest) in EVALUATED.items():
        own = [each for each in chosen if each.kind == kind]
        available = [each for each in KNOWN[kind] if 0.01 <= each.penetration <= highest]
        assert len(own) == min(count, len(available))
        assert all(0.01 <= each.penetration <= highest for each in own)
    products = sorted(each.penetration for each in chosen if each.kind == "product")
    available = sorted(each.penetration for each in KNOWN["product"] if 0.01 <= each.penetration <= 0.3)
    # Evenly over the range: the middle one of the chosen is near the middle one of all.
    assert np.median(products) == pytest.approx(np.median(available), abs=0.03)


def test_the_choice_follows_the_seed_and_nothing_else() -> None:
    assert [e.name for e in evaluation_sets(KNOWN, seed=1)] == [e.name for e in evaluation_sets(KNOWN, seed=1)]
    assert [e.name for e in evaluation_sets(KNOWN, seed=1)] != [e.name for e in evaluation_sets(KNOWN, seed=2)]


def test_nothing_that_is_held_back_is_learnt_from() -> None:
    held = evaluation_sets(KNOWN, seed=7)
    learnt = learning_sets(KNOWN, count=500, seed=7, held_back=held)
    assert {each.products.tobytes() for each in held}.isdisjoint(each.products.tobytes() for each in learnt)
    assert {each.kind for each in learnt} == {"category", "type", "brand", "product", "department", "mixture"}
    free = learning_sets(KNOWN, count=500, seed=7)
    assert len(free) > len(learnt)


def test_parents_hold_the_set_and_all_that_shares_its_brand_type_or_category() -> None:
    levels = dict(zip(LEVELS, GROUPINGS.levels(np.array([61, 1])), strict=True))
    assert levels["set"].tolist() == [1, 61]
    names = TABLE.iloc[levels["category"]]["category"]
    assert set(names) == {"D1 C1"}
    assert len(levels["category"]) == (TABLE["category"] == "D1 C1").sum()
    assert set(TABLE.iloc[levels["type"]]["subcategory"]) == {"T1", "T61"}
    assert set(TABLE.iloc[levels["brand"]]["brand"]) == {"B0"}
    assert all(np.isin(levels["set"], rows).all() for rows in levels.values())


def test_a_product_without_groupings_is_its_own_parent() -> None:
    table = TABLE.assign(**dict.fromkeys(("department", "category", "subcategory", "brand"), None))
    levels = groupings_of(table).levels(np.array([4]))
    assert [rows.tolist() for rows in levels] == [[4]] * 4
