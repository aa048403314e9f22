"""Trending: products that many buy this week and more than usual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.affinity.moment import ShopMoment
from training.affinity.source import Scores
from training.protocol import Rows


@dataclass(frozen=True, kw_only=True)
class FittedTrending:
    """The same scores for every member, known or not."""

    trend: npt.NDArray[np.float32]
    """float32 (products,)."""

    def scores(self, members: Rows) -> Scores:
        """float32 (members, products): buyers of the week, weighted by how much they exceed the usual week's."""
        return np.tile(self.trend, (len(members), 1))


@dataclass(frozen=True, kw_only=True)
class Trending:
    """Buyers of the last 7 days times log(1 + their ratio to a usual week of the last 91 days)."""

    def fit(self, moment: ShopMoment) -> FittedTrending:
        buyers = moment.facts.buyers_7d
        # One buyer on both sides: a product of a single sale is no trend.
        ratio = (buyers + 1.0) / (moment.facts.buyers_91d * (7 / 91) + 1.0)
        return FittedTrending(trend=(buyers * np.log1p(ratio)).astype(np.float32))
