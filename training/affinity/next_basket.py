"""Next basket: products that share an order with what the member took home on the latest visits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from training.affinity.item_item import nearest
from training.affinity.moment import ShopMoment
from training.affinity.source import Scores
from training.protocol import Rows


@dataclass(frozen=True, kw_only=True)
class FittedNextBasket:
    """Which products share an order, and the members' latest baskets."""

    shared: csr_matrix
    """float32 (products, products): cosine over orders, none of a product with itself."""
    latest: csr_matrix
    """float32 (members, products)."""

    def scores(self, members: Rows) -> Scores:
        """float32 (members, products): how often each shares an order with the latest baskets' products, summed."""
        known = members >= 0
        scores = np.zeros((len(members), self.latest.shape[1]), dtype=np.float32)
        scores[known] = (self.latest[members[known]] @ self.shared).toarray()
        return scores


@dataclass(frozen=True, kw_only=True)
class NextBasket:
    """Cosine over orders, the `neighbours` nearest products of each product kept."""

    neighbours: int = 60
    threads: int

    def fit(self, moment: ShopMoment) -> FittedNextBasket:
        shared = nearest(moment.baskets.orders, self.neighbours + 1, threads=self.threads).matrix()
        shared.setdiag(0.0)
        shared.eliminate_zeros()
        return FittedNextBasket(shared=shared, latest=moment.baskets.latest)
