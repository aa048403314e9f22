"""What an interval needs to know of an audience: a handful of sums over its members, for one size or for many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Sizes = npt.NDArray[np.int64]


LEAST_STEADINESS = 0.05
"""Rarer than this nothing gets more wrong: chance is all there is."""


@dataclass(frozen=True, kw_only=True)
class AudienceSums:
    """Sums over the members of each audience; p is a member's probability, r the revenue if the member buys.

    Arrays are float64 (audiences,).
    """

    buyers: Floats
    """Of p: the expected number of buyers."""
    certain: Floats
    """Of p squared: what is not left to chance."""
    revenue: Floats
    """Of p r."""
    uncertain_revenue: Floats
    """Of p (1 - p) r: how much the revenue moves when all log odds move."""
    revenue_squares: Floats
    """Of p r squared."""
    certain_revenue_squares: Floats
    """Of p squared r squared."""

    @property
    def variance(self) -> Floats:
        """Of the number of buyers if the probabilities were right: the sum of p (1 - p)."""
        return np.maximum(self.buyers - self.certain, 0.0)

    @property
    def rarity(self) -> Floats:
        """How much more wrong a rare target or a small audience is than one where it is 1, as a factor of variances.

        The cube root of one over variance x mean probability: found on earlier snapshots of the default data, where
        targets that few buy (promotions, stock) are further off than categories that everybody knows.
        """
        mean = self.certain / np.maximum(self.buyers, LEAST_STEADINESS)
        return np.asarray(np.maximum(self.variance * mean, LEAST_STEADINESS) ** (-1.0 / 3.0))


def sums_along(probabilities: Floats, revenue_if_bought: Floats, sizes: Sizes) -> AudienceSums:
    """The sums of the first members, as many as each of `sizes` says; members (n,) are in order, best first.

    A size beyond n counts all of them.
    """
    expected = probabilities * revenue_if_bought

    def along(values: Floats) -> Floats:
        # Added up in float64 from the first member on: the same member adds the same at every size.
        return np.concatenate(([0.0], np.cumsum(values)))[np.minimum(sizes, len(values))]

    return AudienceSums(
        buyers=along(probabilities),
        certain=along(probabilities**2),
        revenue=along(expected),
        uncertain_revenue=along((1.0 - probabilities) * expected),
        revenue_squares=along(expected * revenue_if_bought),
        certain_revenue_squares=along(expected**2),
    )
