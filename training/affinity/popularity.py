"""Popularity: how many members bought the product lately."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.affinity.moment import ShopMoment
from training.affinity.source import Scores
from training.protocol import Catalogue, Rows


@dataclass(frozen=True, kw_only=True)
class FittedPopularity:
    """The same scores for every member, known or not."""

    catalogue: Catalogue

    def scores(self, members: Rows) -> Scores:
        """float32 (members, products): distinct buyers within the catalogue's window."""
        return np.tile(self.catalogue.buyers.astype(np.float32), (len(members), 1))


@dataclass(frozen=True, kw_only=True)
class Popularity:
    """Distinct buyers within the catalogue's window, `affinity.sold_within_days`."""

    def fit(self, moment: ShopMoment) -> FittedPopularity:
        return FittedPopularity(catalogue=moment.pairs.catalogue)
