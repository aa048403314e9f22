"""Simulated launches: established products whose history is hidden up to a date."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.launches.past import BASE_HORIZON
from training.launches.shop import LearningShop

LEAST_AGE_DAYS = 28
"""Days on sale before the date: a product younger than this is a launch of its own."""


def simulated_launches(
    shop: LearningShop, moments: Sequence[float], *, count: int, min_buyers: int, seed: int
) -> list[tuple[int, float]]:
    """Products and moments (days since EPOCH), `count` in all, spread evenly over the moments.

    A product with many buyers is drawn the less often the more they are: launches seldom have many.
    """
    random = np.random.default_rng(seed)
    lines = shop.lines
    first = lines.first_sold_days
    found: list[tuple[int, float]] = []
    for number, at_days in enumerate(moments):
        buyers = lines.buyers(from_days=at_days, until_days=at_days + BASE_HORIZON)
        fitting = np.flatnonzero((buyers >= min_buyers) & (first < at_days - LEAST_AGE_DAYS))
        fitting = fitting[shop.groupings.category[fitting] >= 0]
        wanted = count * (number + 1) // len(moments) - count * number // len(moments)
        weights = 1.0 / buyers[fitting]
        drawn = random.choice(fitting, min(wanted, len(fitting)), replace=False, p=weights / weights.sum())
        found += [(int(product), at_days) for product in np.sort(drawn)]
    return found
