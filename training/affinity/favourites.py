"""Favourites: what sells best just now of the groups that a member buys from most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from training.affinity.group_habits import orders_by_group
from training.affinity.moment import CatalogueFacts, Codes, ShopMoment
from training.affinity.source import Scores
from training.protocol import Rows

Grouping = Literal["subcategory", "brand_in_category"]


@dataclass(frozen=True, kw_only=True)
class FittedFavourites:
    """Members' orders by group, and each product's part in its group's sales."""

    orders: csr_matrix
    """float32 (members, groups): decayed orders of the group's products."""
    groups: Codes
    """int64 (products,): the product's group, -1 without one."""
    shares: npt.NDArray[np.float32]
    """float32 (products,): the product's share of its group's present sales; 0 without a group."""

    def scores(self, members: Rows) -> Scores:
        """float32 (members, products): decayed orders of the group times the product's share of it."""
        known = members >= 0
        scores = np.zeros((len(members), len(self.groups)), dtype=np.float32)
        scores[known] = self.orders[members[known]].toarray()[:, np.maximum(self.groups, 0)] * self.shares
        return scores


@dataclass(frozen=True, kw_only=True)
class Favourites:
    """By the product's narrowest category, or by brand within category."""

    by: Grouping

    def fit(self, moment: ShopMoment) -> FittedFavourites:
        groups = moment.facts.subcategory if self.by == "subcategory" else moment.facts.brand_in_category
        sales = present_sales(moment.facts)
        wholes = np.bincount(groups[groups >= 0], weights=sales[groups >= 0], minlength=int(groups.max(initial=0)) + 1)
        shares = sales / np.maximum(wholes[np.maximum(groups, 0)], 1.0)
        return FittedFavourites(
            orders=orders_by_group(moment, groups),
            groups=groups,
            shares=np.where(groups >= 0, shares, 0.0).astype(np.float32),
        )


def present_sales(facts: CatalogueFacts) -> npt.NDArray[np.float32]:
    """float32 (products,): orders of the last week, and a part of the month's buyers so that few do not decide."""
    return facts.sales_7d + np.float32(0.3) * facts.buyers_28d
