"""What members bought after a snapshot: the truth that a set's probabilities are learnt from and measured by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.contracts.clock import SECONDS_PER_DAY
from training.propensity.groupings import Groupings, ProductRows
from training.protocol import Ids

Truths = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """Purchases of members from a snapshot on, by product row; arrays are (purchases,)."""

    members: int
    starts: ProductRows
    """int64 (products + 1,): where each product's purchases begin."""
    member_rows: npt.NDArray[np.int32]
    days_after: Floats
    spend: Floats

    def bought(self, products: ProductRows, *, horizon_days: int) -> Truths:
        """bool (members,): at least one purchase of the set within the horizon."""
        found = self._within(products, horizon_days)
        outcome = np.zeros(self.members, dtype=np.bool_)
        outcome[self.member_rows[found]] = True
        return outcome

    def spent(self, products: ProductRows, *, horizon_days: int) -> Floats:
        """float64 (members,): spend on the set within the horizon."""
        found = self._within(products, horizon_days)
        summed = np.bincount(self.member_rows[found], weights=self.spend[found], minlength=self.members)
        return summed.astype(np.float64)

    def _within(self, products: ProductRows, horizon_days: int) -> npt.NDArray[np.int64]:
        counts = self.starts[products + 1] - self.starts[products]
        ends = np.cumsum(counts)
        positions = np.arange(ends[-1] if len(ends) else 0) + np.repeat(self.starts[products] - (ends - counts), counts)
        return np.asarray(positions[self.days_after[positions] < horizon_days], dtype=np.int64)


def read_outcomes(
    purchases: Path, groupings: Groupings, member_ids: Ids, *, at: datetime, longest_days: int
) -> Outcomes:
    """The purchases of `member_ids` in the `longest_days` from `at` on."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        known = pa.table({"member_id": pa.array(member_ids), "member": np.arange(len(member_ids), dtype=np.int32)})
        rows = np.arange(len(groupings.product_ids), dtype=np.int32)
        con.register("known", known)
        con.register("products", pa.table({"product_id": pa.array(groupings.product_ids), "product": rows}))
        found = con.execute(
            f"""
            SELECT product, member, epoch(ordered_at - $at) / {SECONDS_PER_DAY} AS days_after, spend
            FROM read_parquet($file) JOIN known USING (member_id) JOIN products USING (product_id)
            WHERE ordered_at >= $at AND ordered_at < $until ORDER BY product, member, ordered_at
            """,
            {"file": str(purchases), "at": at, "until": at + timedelta(days=longest_days)},
        ).fetchnumpy()
    return Outcomes(
        members=len(member_ids),
        starts=np.searchsorted(found["product"], np.arange(len(rows) + 1)).astype(np.int64),
        member_rows=np.asarray(found["member"], dtype=np.int32),
        days_after=np.asarray(found["days_after"], dtype=np.float64),
        spend=np.asarray(found["spend"], dtype=np.float64),
    )
