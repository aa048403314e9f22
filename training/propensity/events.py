"""What members did apart from buying this or that: visits, joinings, redeemed coupons, as activity and as outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.contracts.clock import SECONDS_PER_DAY, days_since_epoch
from features.groups.declaration import HALF_LIFE_DAYS
from features.groups.member_affinity import FAST_HALF_LIFE_DAYS, SLOW_HALF_LIFE_DAYS
from features.prepared import VISITS_FILE
from training.propensity.activity import SetActivity
from training.propensity.target import EventType
from training.protocol import Ids

Truths = npt.NDArray[np.bool_]
YEAR_DAYS = 365


@dataclass(frozen=True, kw_only=True)
class EventLog:
    """Where a shop's events stand."""

    build_folder: Path
    tables_folder: Path
    threads: int

    def active_members(self, *, at: datetime) -> Ids:
        """Everybody with a purchase in the 365 days before `at`, in order of their id."""
        with self._connection() as con:
            found = con.execute(
                "SELECT DISTINCT member_id FROM read_parquet($file) WHERE ordered_at < $at AND ordered_at >= $start "
                "ORDER BY member_id",
                {"file": str(self.build_folder / VISITS_FILE), "at": at, "start": at - timedelta(days=YEAR_DAYS)},
            ).fetchnumpy()
        # Texts of one length each: a comparison with another array then needs no objects.
        return np.asarray(found["member_id"], dtype=np.str_)

    def activity(self, event: EventType, member_ids: Ids, *, at: datetime) -> SetActivity:
        """What each member did of the event in the 365 days before `at`."""
        decayed = ", ".join(
            f"coalesce(sum(0.5 ** (age / {half_life})), 0) AS {name}"
            for name, half_life in (
                ("fast_orders", FAST_HALF_LIFE_DAYS),
                ("decayed_orders", HALF_LIFE_DAYS),
                ("slow_orders", SLOW_HALF_LIFE_DAYS),
            )
        )
        found = self._per_member(
            event,
            member_ids,
            f"""
            SELECT member, max(age) AS oldest, min(age) AS newest,
                   count(*) FILTER (age <= 28) AS orders_28d, count(*) FILTER (age <= 91) AS orders_91d,
                   count(*) AS orders_365d, sum(spend) AS spend_365d, {decayed},
                   bit_or(1::BIGINT << least(floor(age / 7)::INTEGER, 52)) AS week_bits
            FROM (SELECT member, spend, epoch($at - happened_at) / {SECONDS_PER_DAY} AS age FROM events
                  WHERE happened_at < $at AND happened_at >= $at - to_days({YEAR_DAYS}))
            GROUP BY member ORDER BY member
            """,
            at=at,
        )
        as_of = days_since_epoch(at)
        return SetActivity(
            first_days=as_of - _spread(found, "oldest", len(member_ids), np.nan),
            last_days=as_of - _spread(found, "newest", len(member_ids), np.nan),
            week_bits=_spread(found, "week_bits", len(member_ids), 0).astype(np.int64),
            **{
                name: _spread(found, name, len(member_ids), 0.0)
                for name in (
                    *("orders_28d", "orders_91d", "orders_365d", "spend_365d"),
                    *("fast_orders", "decayed_orders", "slow_orders"),
                )
            },
        )

    def happened(self, event: EventType, member_ids: Ids, *, at: datetime, horizon_days: int) -> Truths:
        """bool (members,): whether the event happened within the horizon from `at` on."""
        found = self._per_member(
            event,
            member_ids,
            "SELECT DISTINCT member FROM events WHERE happened_at >= $at AND happened_at < $at + to_days($horizon)",
            at=at,
            horizon=horizon_days,
        )
        outcome = np.zeros(len(member_ids), dtype=np.bool_)
        outcome[found["member"]] = True
        return outcome

    def _per_member(
        self, event: EventType, member_ids: Ids, sql: str, **parameters: object
    ) -> Mapping[str, npt.NDArray[np.float64]]:
        with self._connection() as con:
            rows = np.arange(len(member_ids), dtype=np.int32)
            con.register("known", pa.table({"member_id": pa.array(member_ids), "member": rows}))
            source = {
                EventType.VISIT: (self.build_folder / VISITS_FILE, "ordered_at", "spend"),
                EventType.JOIN: (self.tables_folder / "members.parquet", "joined_at", "0.0"),
                EventType.COUPON_REDEEMED: (self.tables_folder / "coupon_redemptions.parquet", "redeemed_at", "0.0"),
            }
            file, moment, spend = source[event]
            # A table that was never handed over has no file: nothing of the kind happened.
            events = (
                f"(SELECT member, {moment} AS happened_at, {spend}::DOUBLE AS spend FROM read_parquet('{file}') "
                f"JOIN known USING (member_id) WHERE {moment} IS NOT NULL)"
                if file.is_file()
                else "(SELECT 0 AS member, TIMESTAMPTZ '1970-01-01' AS happened_at, 0.0 AS spend LIMIT 0)"
            )
            found = con.execute(f"WITH events AS {events} {sql}", parameters).fetchnumpy()
        return {name: np.asarray(values) for name, values in found.items()}

    def _connection(self) -> duckdb.DuckDBPyConnection:
        con = duckdb.connect(config={"threads": self.threads})
        con.execute("SET TimeZone = 'UTC'")
        return con


def _spread(
    found: Mapping[str, npt.NDArray[np.float64]], name: str, members: int, missing: float
) -> npt.NDArray[np.float64]:
    values = np.full(members, missing)
    values[found["member"].astype(np.int64)] = found[name]
    return values
