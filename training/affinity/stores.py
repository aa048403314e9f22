"""Stores: what sells in the stores that a member goes to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.affinity.moment import ShopMoment, Stores
from training.affinity.source import Scores
from training.protocol import Rows


@dataclass(frozen=True, kw_only=True)
class FittedStoreSales:
    """Members' shares of visits by store, and the stores' sales."""

    stores: Stores

    def scores(self, members: Rows) -> Scores:
        """float32 (members, products): orders of the last month in the member's stores, weighted by visits."""
        known = members >= 0
        scores = np.zeros((len(members), self.stores.sales.shape[1]), dtype=np.float32)
        scores[known] = (self.stores.visits[members[known]] @ self.stores.sales).toarray()
        return scores


@dataclass(frozen=True, kw_only=True)
class StoreSales:
    """Sales of the member's stores in the last month."""

    def fit(self, moment: ShopMoment) -> FittedStoreSales:
        return FittedStoreSales(stores=moment.stores)
