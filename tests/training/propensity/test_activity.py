"""A set's activity is the exact union of its cells, in memory and from the file."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from training.propensity.activity import CellColumns, SetActivity, Union
from training.propensity.cells import Cells, cells_of


def cells(*rows: tuple[int, int, float, float, int, str]) -> tuple[np.ndarray, CellColumns]:
    """Product, member, first and last day, orders (each of spend 2), weeks as a text of bits, the newest last."""
    product, member, first, last, orders, bits = (np.array(column) for column in zip(*rows, strict=True))
    counts = orders.astype(np.float64)
    columns = CellColumns(
        member_rows=member.astype(np.int32),
        first_days=first.astype(np.float64),
        last_days=last.astype(np.float64),
        orders_28d=np.zeros(len(rows)),
        orders_91d=counts,
        orders_365d=counts,
        spend_365d=2 * counts,
        fast_orders=counts / 4,
        decayed_orders=counts / 2,
        slow_orders=counts,
        week_bits=np.array([int(each, 2) for each in bits], dtype=np.int64),
    )
    return product.astype(np.int64), columns


ROWS = cells(
    # anna (0) buys milk (0) in weeks 0, 2 and 4 and oats (2) in weeks 2 and 3; ben (1) buys tea (1) once.
    (0, 0, 10.0, 40.0, 3, "10101"),
    (2, 0, 18.0, 30.0, 2, "01100"),
    (1, 1, 25.0, 25.0, 1, "00100"),
)
SHOP = cells_of(*ROWS, products=4, members=3)


def union(shop: Cells, *products: int) -> SetActivity:
    return shop.unions([np.array(products, dtype=np.int64)])[0]


def test_weeks_of_a_set_count_once_and_orders_of_each_product() -> None:
    breakfast = union(SHOP, 0, 2)
    assert breakfast.weeks(53).tolist() == [4, 0, 0]
    assert breakfast.weeks(3).tolist() == [2, 0, 0]
    assert breakfast.orders_365d.tolist() == [5, 0, 0]
    assert breakfast.spend_365d.tolist() == [10, 0, 0]


def test_a_set_s_first_and_last_purchase_are_those_of_any_product() -> None:
    everything = union(SHOP, 0, 1, 2)
    np.testing.assert_array_equal(everything.first_days, [10, 25, np.nan])
    np.testing.assert_array_equal(everything.last_days, [40, 25, np.nan])


def test_a_product_that_nobody_bought_leaves_no_trace() -> None:
    nothing = union(SHOP, 3)
    assert np.isnan(nothing.last_days).all()
    assert not nothing.week_bits.any()
    assert not nothing.orders_365d.any()


def test_parts_may_come_in_any_number_and_order() -> None:
    product, columns = ROWS
    whole, parts = Union(members=3), Union(members=3)
    whole.add(columns)
    for position in (2, 0, 1):
        parts.add(columns.take(np.array([position])))
    for name in fields(SetActivity):
        np.testing.assert_array_equal(getattr(parts.activity(), name.name), getattr(whole.activity(), name.name))
    assert len(product) == 3


def test_cells_without_a_product_are_as_if_it_had_never_been_sold() -> None:
    hidden = SHOP.without(np.array([0]))
    assert union(hidden, 0).orders_365d.tolist() == [0, 0, 0]
    assert union(hidden, 0, 2).orders_365d.tolist() == [2, 0, 0]
    assert union(SHOP, 0, 2).orders_365d.tolist() == [5, 0, 0]


def test_the_deviation_of_gaps_is_in_days_and_needs_two_gaps() -> None:
    # Weeks 0, 1, 4: gaps of 1 and 3 weeks, a week either side of their mean.
    shop = cells_of(*cells((0, 0, 1.0, 30.0, 3, "10011"), (0, 1, 1.0, 9.0, 2, "00011")), products=1, members=2)
    found = union(shop, 0).gap_deviation_days
    assert found[0] == pytest.approx(7.0)
    assert np.isnan(found[1])
