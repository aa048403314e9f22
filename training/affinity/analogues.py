"""Analogues: products like those a member buys, by content alone, so that one without sales can be scored.

Nothing of the product's own sales is read: its narrowest category, its brand within the category and its price.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from training.affinity.frequency import decayed_matrix
from training.affinity.group_habits import orders_by_group
from training.affinity.moment import Codes, ShopMoment
from training.affinity.source import Scores
from training.protocol import Rows

BRAND = 1.0
"""Weight of an order of the same brand in the category, beside one of the same narrowest category."""


@dataclass(frozen=True, kw_only=True)
class FittedAnalogues:
    """Members' orders by content, and the prices that they pay."""

    by_subcategory: csr_matrix
    """float32 (members, subcategories): decayed orders."""
    by_brand: csr_matrix
    """float32 (members, brands in categories): decayed orders."""
    log_prices_paid: csr_matrix
    """float32 (members, subcategories): decayed orders times the log of the price."""
    subcategory: Codes
    brand_in_category: Codes
    log_price: npt.NDArray[np.float32]
    """float32 (products,): NaN where there is none."""

    def scores(self, members: Rows) -> Scores:
        """float32 (members, products): orders alike in kind and brand, less the further the price lies from theirs."""
        known = members >= 0
        scores = np.zeros((len(members), len(self.subcategory)), dtype=np.float32)
        asked = members[known]
        orders = self.by_subcategory[asked].toarray()
        usual = self.log_prices_paid[asked].toarray() / np.maximum(orders, 1e-6)
        kind = np.maximum(self.subcategory, 0)
        apart = np.nan_to_num(np.abs(self.log_price - usual[:, kind]), nan=1.0)
        of_kind = np.where(self.subcategory >= 0, orders[:, kind], 0.0)
        of_brand = np.where(
            self.brand_in_category >= 0, self.by_brand[asked].toarray()[:, np.maximum(self.brand_in_category, 0)], 0.0
        )
        scores[known] = (of_kind + BRAND * of_brand) * np.exp(-apart)
        return scores


@dataclass(frozen=True, kw_only=True)
class Analogues:
    """By narrowest category, brand within category, and price."""

    def fit(self, moment: ShopMoment) -> FittedAnalogues:
        facts = moment.facts
        log_price = np.log(np.maximum(facts.price, 0.01)).astype(np.float32)
        priced = np.nan_to_num(log_price)
        has_kind = facts.subcategory >= 0
        products = np.flatnonzero(has_kind)
        shape = (len(priced), int(facts.subcategory.max(initial=0)) + 1)
        prices = csr_matrix((priced[has_kind], (products, facts.subcategory[has_kind])), shape=shape)
        return FittedAnalogues(
            by_subcategory=orders_by_group(moment, facts.subcategory),
            by_brand=orders_by_group(moment, facts.brand_in_category),
            log_prices_paid=csr_matrix(decayed_matrix(moment.pairs) @ prices),
            subcategory=facts.subcategory,
            brand_in_category=facts.brand_in_category,
            log_price=log_price,
        )
