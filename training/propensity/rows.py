"""Which member-category pairs the propensity model sees at a cut-off, and whether they came true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
import numpy as np
import pandas as pd

from features.contracts.settings import PropensitySettings
from features.prepared import CATEGORY_ORDERS_FILE, VISITS_FILE
from features.snapshots import FeatureBuild
from features.store.history import EVENT_TIMESTAMP

LABEL = "is_bought"


@dataclass(frozen=True, kw_only=True)
class PairSource:
    """Reads the goods log of a feature build; every query is bounded by a moment."""

    build: FeatureBuild
    settings: PropensitySettings

    def pairs_at(self, moment: datetime, *, min_buyers: int | None = None) -> pd.DataFrame:
        """Every active member with every category of enough buyers, as known at `moment`.

        Columns member_id, category, event_timestamp (= moment), sorted by the first two.
        """
        rows = _query(
            """
            WITH members AS (
                SELECT DISTINCT member_id FROM read_parquet($visits)
                WHERE ordered_at < $moment AND ordered_at >= $active_from
            ), categories AS (
                SELECT category FROM read_parquet($orders) WHERE ordered_at < $moment AND ordered_at >= $year_from
                GROUP BY category HAVING count(DISTINCT member_id) >= $min_buyers
            )
            SELECT member_id, category FROM members CROSS JOIN categories ORDER BY member_id, category
            """,
            {
                "visits": str(self.build.folder / VISITS_FILE),
                "orders": str(self.build.folder / CATEGORY_ORDERS_FILE),
                "moment": moment,
                "active_from": moment - timedelta(days=self.settings.active_within_days),
                "year_from": moment - timedelta(days=365),
                "min_buyers": self.settings.min_buyers if min_buyers is None else min_buyers,
            },
        )
        return rows.assign(**{EVENT_TIMESTAMP: pd.Timestamp(moment)})

    def pairs_of_category(self, category: str, moment: datetime) -> pd.DataFrame:
        """Every active member with one category, however few bought it; empty when nobody did before `moment`.

        Columns as in `pairs_at`.
        """
        rows = _query(
            """
            SELECT DISTINCT member_id, $category AS category FROM read_parquet($visits)
            WHERE ordered_at < $moment AND ordered_at >= $active_from AND EXISTS (
                SELECT 1 FROM read_parquet($orders) WHERE category = $category AND ordered_at < $moment
            ) ORDER BY member_id
            """,
            {
                "visits": str(self.build.folder / VISITS_FILE),
                "orders": str(self.build.folder / CATEGORY_ORDERS_FILE),
                "category": category,
                "moment": moment,
                "active_from": moment - timedelta(days=self.settings.active_within_days),
            },
        )
        return rows.assign(**{EVENT_TIMESTAMP: pd.Timestamp(moment)})

    def sampled_late(self, moment: datetime, *, latest: datetime, seed: int) -> pd.DataFrame:
        """A sample of `pairs_at(moment)`, each row dated up to `max_lag_days` later.

        The service reads features that are some days old, so training does too. No row is dated after `latest`.
        """
        pairs = self.pairs_at(moment)
        random = np.random.default_rng([seed, int(moment.timestamp())])
        if len(pairs) > self.settings.rows_per_snapshot:
            chosen = np.sort(random.choice(len(pairs), self.settings.rows_per_snapshot, replace=False))
            pairs = pairs.iloc[chosen].reset_index(drop=True)
        lag = pd.to_timedelta(random.integers(0, self.settings.max_lag_days + 1, len(pairs)), unit="D")
        dated = pairs[EVENT_TIMESTAMP] + lag
        last = pd.Timestamp(max(latest, moment))
        dated = dated.where(dated <= last, last)
        return pairs.assign(**{EVENT_TIMESTAMP: dated})

    def with_labels(self, rows: pd.DataFrame) -> pd.DataFrame:
        """`rows` with `is_bought`: an order of the category within the horizon from the row's own moment on."""
        bought = _query(
            f"""
            SELECT asked.row_number, count(orders.order_id) > 0 AS {LABEL}
            FROM asked LEFT JOIN read_parquet($orders) AS orders
              ON orders.member_id = asked.member_id AND orders.category = asked.category
             AND orders.ordered_at >= asked.{EVENT_TIMESTAMP}
             AND orders.ordered_at < asked.{EVENT_TIMESTAMP} + to_days($horizon)
            GROUP BY asked.row_number ORDER BY asked.row_number
            """,
            {"orders": str(self.build.folder / CATEGORY_ORDERS_FILE), "horizon": self.settings.horizon_days},
            asked=rows.reset_index(names="row_number"),
        )
        return rows.assign(**{LABEL: bought[LABEL].to_numpy(dtype=bool)})


def _query(sql: str, parameters: Mapping[str, object], **frames: pd.DataFrame) -> pd.DataFrame:
    with duckdb.connect() as con:
        # In another zone DuckDB's days are calendar days, an hour off where the clocks change.
        con.execute("SET TimeZone = 'UTC'")
        for name, frame in frames.items():
            con.register(name, frame)
        return con.execute(sql, parameters).df()
