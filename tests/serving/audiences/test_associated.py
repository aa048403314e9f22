"""What goes with a target."""

from __future__ import annotations

import numpy as np

from serving.audiences.associated import bought_together, liked_categories
from serving.audiences.category_shares import CategoryShares
from training.protocol import Rows
from training.release.together import Together

NO_TRIOS = np.zeros(5, dtype=np.int64)


def together(*pairs: tuple[int, int, int, float]) -> Together:
    """Pairs of product, companion, orders and lift over four products, in order of the product."""
    return Together(
        all_orders=1_000,
        orders_of=np.array([100, 50, 40, 10], dtype=np.int32),
        starts=np.searchsorted([pair[0] for pair in pairs], np.arange(5)),
        rows=np.array([pair[1] for pair in pairs], dtype=np.int32),
        orders=np.array([pair[2] for pair in pairs], dtype=np.int32),
        lift=np.array([pair[3] for pair in pairs], dtype=np.float32),
        trio_starts=NO_TRIOS,
        trio_rows=np.empty((0, 2), dtype=np.int32),
        trio_orders=np.empty(0, dtype=np.int32),
        trio_lift=np.empty(0, dtype=np.float32),
    )


def rows(*places: int) -> Rows:
    return np.array(places, dtype=np.int64)


PAIRS = together((0, 1, 20, 4.0), (0, 2, 10, 2.0), (1, 0, 20, 4.0), (1, 2, 15, 3.0), (1, 3, 6, 12.0))


def test_companions_of_one_product_carry_their_figures() -> None:
    first, second = bought_together(PAIRS, rows(0))
    assert (first.row, first.anchor, first.orders, first.lift) == (1, 0, 20, 4.0)
    assert (first.support, first.confidence) == (0.02, 0.2)
    assert (second.row, second.confidence) == (2, 0.1)


def test_of_a_set_only_what_is_outside_of_it_goes_with_it() -> None:
    """Product 2 goes with both, 15 orders beyond chance in all; product 3 with one of them."""
    pairs = bought_together(PAIRS, rows(0, 1))
    assert [(pair.row, pair.anchor, pair.orders) for pair in pairs] == [(2, 1, 15), (3, 1, 6)]


def test_a_product_that_is_seldom_bought_goes_with_nothing() -> None:
    assert bought_together(PAIRS, rows(3)) == []
    assert bought_together(PAIRS, rows()) == []


def test_categories_that_the_audience_buys_more_come_strongest_first() -> None:
    shares = CategoryShares(
        categories=("CHEESE", "WINE", "BREAD", "TEA", "RARE"),
        audience=np.array([0.9, 0.4, 0.5, 0.1, 0.5]),
        population=np.array([0.5, 0.2, 0.4, 0.3, 0.001]),
        audience_members=100,
        population_members=1_000,
    )
    assert liked_categories(shares, without="CHEESE") == [
        {"category": "WINE", "audience": 0.4, "population": 0.2, "lift": 2.0},
        {"category": "BREAD", "audience": 0.5, "population": 0.4, "lift": 1.25},
    ]
