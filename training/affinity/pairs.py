"""What the affinity model learns from: one row per member and catalogue product that the member has bought."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix

from features.contracts.clock import days_since_epoch
from features.encoding import as_days
from training.protocol import Catalogue, Ids, Rows, rows_of

Values = npt.NDArray[np.float32]

GROUP = "member_product"
SERVICE = "product_affinity"
PAIR_FEATURES = (
    "orders_365d",
    "decayed_orders",
    "last_ordered_at",
    "gap_days",
    "orders_91d",
    "fast_decayed_orders",
    "slow_decayed_orders",
    "gap_deviation_days",
    "visits_since_first",
    "visits_since_last",
    "spend_365d",
)
"""Features of the group that a pair holds."""


class FeatureHistory(Protocol):
    """What training asks of `features.store.history.History`, so that a test can hand in literal rows."""

    def keys_at(self, group: str, moment: datetime) -> pd.DataFrame:
        """The keys that a group has rows for at a moment."""

    def features_at(self, service: str, rows: pd.DataFrame) -> pd.DataFrame:
        """`rows` with the features of a service, each as of its own `event_timestamp`."""


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Members and the catalogue products they have bought, as known at `as_of_days`; one entry per pair.

    Sorted by member row and then product row. Values are stored as a request will read them: float32, moments and
    gaps, nothing that ages.
    """

    catalogue: Catalogue
    as_of_days: float
    """The moment as of which the features hold, in days since EPOCH."""
    member_ids: Ids
    """Members by MemberRow, in order of their id."""
    member_rows: Rows
    product_rows: Rows
    orders_365d: Values
    decayed_orders: Values
    """As of the pair's latest order."""
    last_ordered_days: Values
    """Days since EPOCH of the pair's latest order."""
    gap_days: Values
    """Median days between the member's orders of the product; NaN while there is one."""
    orders_91d: Values
    fast_decayed_orders: Values
    """As of the pair's latest order, like the slow ones."""
    slow_decayed_orders: Values
    gap_deviation_days: Values
    """NaN below three orders."""
    visits_since_first: Values
    visits_since_last: Values
    spend_365d: Values

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.member_ids), len(self.catalogue)

    def rows_of_members(self, member_ids: Ids) -> Rows:
        """MemberRow of each id, -1 for a member who has bought nothing of the catalogue."""
        return rows_of(member_ids, self.member_ids)

    def positions(self, members: Rows) -> Rows:
        """int64 (members, products): position of each pair in the arrays, -1 where nothing was bought."""
        at = np.full((len(members), len(self.catalogue)), -1, dtype=np.int64)
        starts = np.searchsorted(self.member_rows, members)
        counts = np.where(members < 0, 0, np.searchsorted(self.member_rows, members, side="right") - starts)
        rows = np.repeat(np.arange(len(members)), counts)
        pairs = np.arange(len(rows)) + np.repeat(starts - (np.cumsum(counts) - counts), counts)
        at[rows, self.product_rows[pairs]] = pairs
        return at

    def matrix(self, values: Values) -> csr_matrix:
        """float32 (members, products) with the pairs' `values`."""
        return csr_matrix((values, (self.member_rows, self.product_rows)), shape=self.shape, dtype=np.float32)


def pairs_of(rows: pd.DataFrame, catalogue: Catalogue, *, as_of: datetime) -> Pairs:
    """The pairs of feature rows; products outside the catalogue are left out.

    `rows` has member_id, product_id and the features of the service `product_affinity`.
    """
    products = catalogue.rows_of(rows["product_id"].to_numpy(dtype=np.str_))
    kept = rows[products >= 0]
    products = products[products >= 0]
    member_ids, members = np.unique(kept["member_id"].to_numpy(dtype=np.str_), return_inverse=True)
    order = np.lexsort((products, members))

    def column(name: str) -> Values:
        values = kept[f"{GROUP}__{name}"]
        numbers = as_days(values) if isinstance(values.dtype, pd.DatetimeTZDtype) else values.to_numpy(np.float64)
        return numbers[order].astype(np.float32)

    return Pairs(
        catalogue=catalogue,
        as_of_days=days_since_epoch(as_of),
        member_ids=member_ids,
        member_rows=members[order].astype(np.int64),
        product_rows=products[order],
        orders_365d=column("orders_365d"),
        decayed_orders=column("decayed_orders"),
        last_ordered_days=column("last_ordered_at"),
        gap_days=column("gap_days"),
        orders_91d=column("orders_91d"),
        fast_decayed_orders=column("fast_decayed_orders"),
        slow_decayed_orders=column("slow_decayed_orders"),
        gap_deviation_days=column("gap_deviation_days"),
        visits_since_first=column("visits_since_first"),
        visits_since_last=column("visits_since_last"),
        spend_365d=column("spend_365d"),
    )


def read_pairs(history: FeatureHistory, catalogue: Catalogue, *, at: datetime) -> Pairs:
    """The pairs known at one of the build's moments, through the feature store's history. Raises NothingLoaded."""
    keys = history.keys_at(GROUP, at)
    keys = keys[catalogue.rows_of(keys["product_id"].to_numpy(dtype=np.str_)) >= 0]
    rows = history.features_at(SERVICE, keys.assign(event_timestamp=pd.Timestamp(at)))
    return pairs_of(rows, catalogue, as_of=at)
