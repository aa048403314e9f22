"""The curve of an audience: what each size would bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training.propensity.forecast import ForecastModel, Interval
from training.propensity.forecast_kinds import Kind

MOST_SIZES = 60

Floats = npt.NDArray[np.float64]
Sizes = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """An audience of one size."""

    size: int
    buyers: Interval
    revenue: Interval
    lift: float | None
    """Times the buyers among as many members of the population taken by lot; None where nobody there would buy."""

    @property
    def precision(self) -> float:
        """Expected share of buyers."""
        return float(self.buyers.expected / self.size)

    def to_json(self) -> dict[str, Any]:
        """The point as answers show it; `Any` because JSON is."""
        return {
            "size": self.size,
            "expected_buyers": interval_json(self.buyers),
            "precision": round(self.precision, 6),
            "lift": None if self.lift is None else round(self.lift, 3),
            "expected_revenue": interval_json(self.revenue),
        }


def curve_sizes(most: int, *, chosen: int) -> Sizes:
    """int64: up to MOST_SIZES sizes from 1 to `most`, evenly on a log scale, `chosen` among them."""
    if most < 1:
        return np.empty(0, dtype=np.int64)
    room = MOST_SIZES - (0 < chosen <= most)
    sizes = np.unique(np.geomspace(1, most, room).round().astype(np.int64))
    return np.unique(np.append(sizes, chosen)) if 0 < chosen <= most else sizes


def curve_of(
    forecast: ForecastModel,
    probabilities: Floats,
    revenue_if_bought: Floats,
    *,
    chosen: int,
    population_share: float,
    horizon_days: int,
    kind: Kind,
) -> list[CurvePoint]:
    """The curve over candidates in order, the likeliest first; empty without candidates.

    `population_share`: expected share of buyers in the population.
    """
    sizes = curve_sizes(len(probabilities), chosen=chosen)
    if not len(sizes):
        return []
    buyers = forecast.along(probabilities, sizes, horizon_days=horizon_days, kind=kind)
    revenue = forecast.revenue_along(probabilities, revenue_if_bought, sizes, horizon_days=horizon_days, kind=kind)
    return [
        CurvePoint(
            size=int(size),
            buyers=of_buyers,
            revenue=of_revenue,
            lift=float(of_buyers.expected / size / population_share) if population_share else None,
        )
        for size, of_buyers, of_revenue in zip(sizes, buyers, revenue, strict=True)
    ]


def interval_json(interval: Interval) -> dict[str, float]:
    """An interval as answers show it."""
    return {
        "expected": round(float(interval.expected), 2),
        "low": round(float(interval.low), 2),
        "high": round(float(interval.high), 2),
    }
