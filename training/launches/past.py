"""Past launches: products that came to the shelves while the shop was watched, and how many bought them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.contracts.clock import EPOCH, SECONDS_PER_DAY, days_since_epoch
from training.propensity.groupings import Groupings, ProductRows
from training.propensity.moment import ACTIVE_DAYS

Floats = npt.NDArray[np.float64]

BASE_HORIZON = 28
"""Days after a launch in which its buyers are counted; other horizons are told from this one."""
WATCHED_DAYS = 35
"""What is first seen this soon after the shop's first purchase may have been sold before it."""


@dataclass(frozen=True, kw_only=True)
class PastLaunches:
    """Products first sold after the shop was watched for a while, in order of their launch; arrays are (launches,)."""

    product_rows: ProductRows
    at_days: Floats
    """Midnight of the shop's day of the first sale, days since EPOCH."""
    buyers: npt.NDArray[np.int64]
    """Members seen before the launch who bought within BASE_HORIZON."""
    share: Floats
    """`buyers` among the members who had a purchase in the 91 days before the launch."""

    def known_at(self, days: float) -> PastLaunches:
        """Those whose buyers were counted by a moment."""
        return self.take(self.at_days + BASE_HORIZON <= days)

    def without(self, product: int) -> PastLaunches:
        """All but one product's."""
        return self.take(self.product_rows != product)

    def take(self, chosen: npt.NDArray[np.bool_]) -> PastLaunches:
        """The launches that are chosen, bool (launches,)."""
        return PastLaunches(
            product_rows=self.product_rows[chosen],
            at_days=self.at_days[chosen],
            buyers=self.buyers[chosen],
            share=self.share[chosen],
        )

    def between(self, first: datetime, until: datetime, *, min_buyers: int) -> PastLaunches:
        """Launches from `first` on and before `until` with so many buyers."""
        first_days, until_days = days_since_epoch(first), days_since_epoch(until)
        return self.take((self.at_days >= first_days) & (self.at_days < until_days) & (self.buyers >= min_buyers))


def find_launches(purchases: Path, groupings: Groupings, *, as_of: datetime, timezone: str) -> PastLaunches:
    """Every launch that is known `as_of`, of which nothing later is seen; `timezone` says when a day begins."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        rows = np.arange(len(groupings.product_ids), dtype=np.int32)
        con.register("products", pa.table({"product_id": pa.array(groupings.product_ids), "product": rows}))
        asked = {"file": str(purchases), "as_of": as_of, "zone": timezone}
        found = con.execute(_LAUNCHES, asked).fetchnumpy()
        changes = con.execute(_ACTIVE, asked).fetchnumpy()
    at_days = (np.asarray(found["second"], dtype=np.float64) - EPOCH.timestamp()) / SECONDS_PER_DAY
    buyers = np.asarray(found["buyers"], dtype=np.int64)
    active = np.concatenate([[0.0], np.cumsum(changes["change"], dtype=np.float64)])
    active_before = active[np.searchsorted(changes["second"], found["second"], side="right")]
    return PastLaunches(
        product_rows=np.asarray(found["product"], dtype=np.int64),
        at_days=at_days,
        buyers=buyers,
        share=buyers / np.maximum(active_before, 1.0),
    )


_LAUNCHES = f"""
    WITH lines AS (
        SELECT product, member_id, ordered_at FROM read_parquet($file) JOIN products USING (product_id)
        WHERE ordered_at < $as_of
    ), launches AS (
        SELECT product, timezone($zone, date_trunc('day', timezone($zone, min(ordered_at)))) AS launched_at
        FROM lines GROUP BY product
        HAVING min(ordered_at) > (SELECT min(ordered_at) FROM lines) + to_days({WATCHED_DAYS})
    ), seen AS (
        SELECT member_id, min(ordered_at) AS seen_at FROM lines WHERE member_id IS NOT NULL GROUP BY member_id
    )
    SELECT product, epoch(launched_at) AS second, count(DISTINCT member_id) AS buyers
    FROM launches JOIN lines USING (product) JOIN seen USING (member_id)
    WHERE ordered_at < launched_at + to_days({BASE_HORIZON}) AND seen_at < launched_at
    GROUP BY product, launched_at ORDER BY launched_at, product
"""
# A member is active from one order to the next, for ACTIVE_DAYS at most: intervals that never overlap, so that their
# beginnings and ends per day add up to the number of active members at each midnight.
_ACTIVE = f"""
    WITH intervals AS (
        SELECT ordered_at AS begins, least(
            ordered_at + to_days({ACTIVE_DAYS}),
            coalesce(lead(ordered_at) OVER (PARTITION BY member_id ORDER BY ordered_at), 'infinity'::TIMESTAMPTZ)
        ) AS ends
        FROM read_parquet($file) WHERE member_id IS NOT NULL AND ordered_at < $as_of
    ), changes AS (
        SELECT begins AS changed_at, 1 AS change FROM intervals UNION ALL SELECT ends, -1 FROM intervals
    )
    SELECT sum(change) AS change,
           epoch(timezone($zone, date_trunc('day', timezone($zone, changed_at)) + INTERVAL 1 DAY)) AS second
    FROM changes GROUP BY second ORDER BY second
"""
