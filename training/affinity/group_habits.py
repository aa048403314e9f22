"""What members do with a group of products: a subcategory, a category, a brand within its category."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from training.affinity.frequency import decayed_matrix
from training.affinity.moment import Codes, ShopMoment


@dataclass(frozen=True, kw_only=True)
class GroupHabits:
    """Members' orders by group."""

    groups: Codes
    """int64 (products,): the product's group, -1 without one."""
    orders: csr_matrix
    """float32 (members, groups): decayed orders of the group's products."""
    last_ordered_days: csr_matrix
    """float32 (members, groups): days since EPOCH of the latest order of any of them."""


def habits_by_group(moment: ShopMoment, groups: Codes) -> GroupHabits:
    """The habits in every group."""
    return GroupHabits(groups=groups, orders=orders_by_group(moment, groups), last_ordered_days=_latest(moment, groups))


def orders_by_group(moment: ShopMoment, groups: Codes) -> csr_matrix:
    """float32 (members, groups): decayed orders of each member by the products' group."""
    has_group = groups >= 0
    products = np.flatnonzero(has_group)
    shape = (len(groups), _count(groups))
    of_group = csr_matrix((np.ones(len(products), dtype=np.float32), (products, groups[has_group])), shape=shape)
    return csr_matrix(decayed_matrix(moment.pairs) @ of_group)


def _latest(moment: ShopMoment, groups: Codes) -> csr_matrix:
    pairs = moment.pairs
    of_pair = groups[pairs.product_rows]
    known = of_pair >= 0
    members, of_pair, last = pairs.member_rows[known], of_pair[known], pairs.last_ordered_days[known]
    order = np.lexsort((last, of_pair, members))
    members, of_pair, last = members[order], of_pair[order], last[order]
    # Sorted by moment within a cell, the latest stands where the next row is another cell's.
    is_latest = np.ones(len(last), dtype=np.bool_)
    is_latest[:-1] = (np.diff(members) != 0) | (np.diff(of_pair) != 0)
    cells = (members[is_latest], of_pair[is_latest])
    return csr_matrix((last[is_latest], cells), shape=(pairs.shape[0], _count(groups)))


def _count(groups: Codes) -> int:
    return int(groups.max(initial=0)) + 1
