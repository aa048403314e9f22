"""What a member does with a group of products."""

from __future__ import annotations

import numpy as np
import pytest
from literal_moment import literal_moment, literal_pairs, small_moment

from training.affinity.frequency import decayed_matrix
from training.affinity.group_habits import habits_by_group

ROWS = [
    ("anna", "brie", 2.0, 70.0),
    ("anna", "feta", 1.0, 0.0),
    ("anna", "soap", 5.0, 1.0),
    ("ben", "brie", 1.0, 140.0),
]


def test_orders_add_up_decayed_and_the_latest_moment_stays() -> None:
    moment = literal_moment(
        literal_pairs(ROWS, {"brie": 2, "feta": 1, "soap": 1}), kinds={"brie": "cheese", "feta": "cheese"}
    )
    habits = habits_by_group(moment, moment.facts.subcategory)
    days = moment.pairs.as_of_days
    assert habits.orders.toarray() == pytest.approx(np.array([[2.0], [0.25]]), rel=1e-5)
    assert habits.last_ordered_days.toarray() == pytest.approx(np.array([[days], [days - 140]]))


def test_a_product_without_a_group_counts_for_none() -> None:
    moment = literal_moment(literal_pairs(ROWS, {"brie": 2, "feta": 1, "soap": 1}))
    habits = habits_by_group(moment, moment.facts.subcategory)
    assert habits.groups.tolist() == [-1, -1, -1]
    assert habits.orders.nnz == habits.last_ordered_days.nnz == 0


def test_habits_are_those_of_a_reckoning_by_hand_in_a_larger_shop() -> None:
    moment = small_moment()
    pairs, groups = moment.pairs, moment.facts.subcategory
    habits = habits_by_group(moment, groups)
    orders = decayed_matrix(pairs).toarray()
    for member in (0, 7, 19):
        for group in range(groups.max() + 1):
            assert habits.orders[member, group] == pytest.approx(orders[member, groups == group].sum(), rel=1e-5)
            of_both = (pairs.member_rows == member) & (groups[pairs.product_rows] == group)
            latest = pairs.last_ordered_days[of_both].max(initial=0.0)
            assert habits.last_ordered_days[member, group] == latest
