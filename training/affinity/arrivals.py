"""New arrivals: products first sold of late, in the categories that a member buys from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from training.affinity.group_habits import orders_by_group
from training.affinity.moment import Codes, ShopMoment
from training.affinity.source import Scores
from training.protocol import Rows

NEW_DAYS = 56
"""A product first sold within these days is an arrival; a catalogue product has ten buyers by then."""
EVERYBODY = 0.05
"""Weight of an arrival for a member who never bought from its category."""


@dataclass(frozen=True, kw_only=True)
class FittedArrivals:
    """The arrivals, and how much each member buys from their categories."""

    orders: csr_matrix
    """float32 (members, categories): decayed orders."""
    category: Codes
    arrival: npt.NDArray[np.float32]
    """float32 (products,): buyers of the last 28 days of a new product, 0 for the others."""

    def scores(self, members: Rows) -> Scores:
        """float32 (members, products): late buyers of an arrival times the member's share of orders in its category."""
        known = members >= 0
        weights = np.full((len(members), len(self.arrival)), EVERYBODY, dtype=np.float32)
        orders = self.orders[members[known]].toarray()
        shares = orders / np.maximum(orders.sum(axis=1, keepdims=True), 1e-6)
        weights[known] += np.where(self.category >= 0, shares[:, np.maximum(self.category, 0)], 0.0)
        return weights * self.arrival


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """Products on sale for NEW_DAYS at most."""

    def fit(self, moment: ShopMoment) -> FittedArrivals:
        facts = moment.facts
        is_new = facts.days_on_sale <= NEW_DAYS
        return FittedArrivals(
            orders=orders_by_group(moment, facts.category),
            category=facts.category,
            arrival=np.where(is_new, facts.buyers_28d, 0.0).astype(np.float32),
        )
