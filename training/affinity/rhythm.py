"""Replenishment rhythm: what a member buys again and again and is due to buy now.

Source: Bhagat et al. 2018, "Buy It Again: Modeling Repeat Purchase Recommendations".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from training.affinity.frequency import decayed_to
from training.affinity.moment import ShopMoment
from training.affinity.source import Scores
from training.protocol import Rows

NEVER_DUE = 0.3
"""Weight of a product long before or after it is due; 1 is due now."""
SPREAD = 0.7
"""Spread of the due time, in logarithms of the gap: bought again between half and twice the usual gap."""


@dataclass(frozen=True, kw_only=True)
class FittedRhythm:
    """Each member's decayed orders, weighted by how nearly they are due."""

    due: csr_matrix
    """float32 (members, products)."""

    def scores(self, members: Rows) -> Scores:
        """float32 (members, products): decayed orders times how nearly the product is due."""
        known = members >= 0
        scores = np.zeros((len(members), self.due.shape[1]), dtype=np.float32)
        scores[known] = self.due[members[known]].toarray()
        return scores


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """The member's own gap where there are two orders, else the product's usual gap."""

    def fit(self, moment: ShopMoment) -> FittedRhythm:
        pairs = moment.pairs
        usual = np.nan_to_num(moment.facts.gap_days, nan=91.0)[pairs.product_rows]
        gap = np.maximum(np.where(np.isnan(pairs.gap_days), usual, pairs.gap_days), 1.0)
        passed = np.maximum(pairs.as_of_days - pairs.last_ordered_days, 0.25)
        nearness = np.exp(-0.5 * (np.log(passed / gap) / SPREAD) ** 2)
        orders = decayed_to(pairs.decayed_orders, pairs.last_ordered_days, as_of_days=pairs.as_of_days)
        return FittedRhythm(due=pairs.matrix((orders * (NEVER_DUE + (1.0 - NEVER_DUE) * nearness)).astype(np.float32)))
