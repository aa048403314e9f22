"""Personal frequency: how often the member bought the product, older orders counting less."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from features.groups.declaration import HALF_LIFE_DAYS
from training.affinity.moment import ShopMoment
from training.affinity.pairs import Pairs, Values
from training.affinity.source import Scores
from training.protocol import Rows


def decayed_to(
    decayed_orders: Values,
    last_ordered_days: Values,
    *,
    as_of_days: float,
    half_life_days: float = HALF_LIFE_DAYS,
) -> Values:
    """float32, of the inputs' shape: orders as they count at `as_of_days`; zero where there was none.

    `decayed_orders` stands as of the latest order, so the value holds at any later moment.
    """
    # In float64 whatever the shape: one member and a thousand give the same float32.
    last = np.ascontiguousarray(last_ordered_days, dtype=np.float64)
    counted = np.ascontiguousarray(decayed_orders, dtype=np.float64) * 0.5 ** ((as_of_days - last) / half_life_days)
    return np.nan_to_num(counted, nan=0.0).astype(np.float32)


def decayed_matrix(pairs: Pairs) -> csr_matrix:
    """float32 (members, products): decayed orders at the pairs' `as_of_days`."""
    return pairs.matrix(decayed_to(pairs.decayed_orders, pairs.last_ordered_days, as_of_days=pairs.as_of_days))


@dataclass(frozen=True, kw_only=True)
class FittedFrequency:
    """Each member's decayed orders."""

    orders: csr_matrix
    """float32 (members, products)."""

    def scores(self, members: Rows) -> Scores:
        """float32 (members, products): decayed orders at the pairs' `as_of_days`."""
        known = members >= 0
        scores = np.zeros((len(members), self.orders.shape[1]), dtype=np.float32)
        scores[known] = self.orders[members[known]].toarray()
        return scores


@dataclass(frozen=True, kw_only=True)
class Frequency:
    """Decayed orders of the product by the member."""

    def fit(self, moment: ShopMoment) -> FittedFrequency:
        return FittedFrequency(orders=decayed_matrix(moment.pairs))
