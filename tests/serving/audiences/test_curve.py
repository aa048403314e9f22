"""What other sizes would bring."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.audiences.curve import MOST_SIZES, curve_of, curve_sizes
from training.propensity.forecast import ForecastModel

FORECAST = ForecastModel(laws={})
FALLING = np.linspace(0.9, 0.05, 200)


@settings(deadline=None)
@given(most=st.integers(1, 2_000_000), share=st.floats(0, 1))
def test_sizes_rise_to_everybody_by_way_of_the_chosen_one(most: int, share: float) -> None:
    chosen = max(1, round(share * most))
    sizes = curve_sizes(most, chosen=chosen)
    assert len(sizes) <= MOST_SIZES
    assert sizes[0] == 1
    assert sizes[-1] == most
    assert chosen in sizes
    assert (np.diff(sizes) > 0).all()


def test_nobody_left_has_no_curve() -> None:
    empty = np.empty(0)
    asked = {"chosen": 0, "population_share": 0.1, "horizon_days": 28, "kind": "products"}
    assert curve_of(FORECAST, empty, empty, **asked) == []


def test_the_curve_ends_where_everybody_is_told() -> None:
    revenue = np.full(200, 4.0)
    points = curve_of(FORECAST, FALLING, revenue, chosen=50, population_share=0.25, horizon_days=28, kind="products")
    last, own = points[-1], next(point for point in points if point.size == 50)
    assert last.size == 200
    assert last.buyers == FORECAST.buyers(FALLING, horizon_days=28, kind="products")
    assert last.revenue == FORECAST.revenue(FALLING, revenue, horizon_days=28, kind="products")
    assert own.buyers == FORECAST.buyers(FALLING[:50], horizon_days=28, kind="products")
    assert own.precision == pytest.approx(own.buyers.expected / 50)
    assert own.lift == pytest.approx(own.precision / 0.25)


def test_more_members_bring_more_buyers_of_whom_fewer_each() -> None:
    points = curve_of(
        FORECAST, FALLING, np.zeros(200), chosen=200, population_share=0.0, horizon_days=28, kind="products"
    )
    buyers = [point.buyers.expected for point in points]
    assert buyers == sorted(buyers)
    assert [point.precision for point in points] == sorted((point.precision for point in points), reverse=True)
    assert all(point.buyers.low <= point.buyers.expected <= point.buyers.high for point in points)
    # nobody in the population would buy: no number of times as many
    assert points[0].lift is None
