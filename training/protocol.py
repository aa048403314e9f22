"""The recommendation protocol: which products can be recommended at a moment, to whom, and what was right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix

from features.contracts.clock import WEEK
from features.contracts.settings import AffinitySettings

HORIZON = WEEK
"""What a member buys within this time after a cut-off is what recommending at the cut-off had to find."""

Ids = npt.NDArray[np.str_]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The products that can be recommended, most popular first and then by product id.

    The order is the tie rule: a ProductRow is a position in it, so of two equal scores the smaller row wins.
    """

    product_ids: Ids
    buyers: npt.NDArray[np.int64]
    """Popularity: distinct members who bought the product in the last `sold_within_days`."""

    def __len__(self) -> int:
        return len(self.product_ids)

    def rows_of(self, product_ids: Ids) -> Rows:
        """ProductRow of each id, -1 for a product outside the catalogue."""
        return rows_of(product_ids, self.product_ids)


@dataclass(frozen=True, kw_only=True)
class Holdout:
    """The members that a cut-off is evaluated on, and what each of them bought."""

    member_ids: Ids
    truth: csr_matrix
    """bool (members, products): bought within HORIZON after the cut-off. Every member bought something."""


def rows_of(ids: Ids, known: Ids) -> Rows:
    """Position of each id among the `known` ones, -1 where it is unknown."""
    return pd.Index(known, dtype=object).get_indexer(pd.Index(ids, dtype=object)).astype(np.int64)


def catalogue_at(purchases: Path, *, at: datetime, settings: AffinitySettings) -> Catalogue:
    """Products bought by at least `min_buyers` members before `at` and sold in the `sold_within_days` before it.

    `purchases` is a Parquet file of schema PURCHASES. Anonymous sales count as sold, not as a buyer.
    """
    recent = "ordered_at >= $at - to_days($window)"
    found = _query(
        f"""
        SELECT product_id, count(DISTINCT member_id) FILTER ({recent}) AS buyers
        FROM read_parquet($purchases)
        WHERE ordered_at < $at
        GROUP BY product_id
        HAVING count(DISTINCT member_id) >= $min_buyers AND count(*) FILTER ({recent}) > 0
        ORDER BY buyers DESC, product_id
        """,
        purchases=str(purchases),
        at=at,
        window=settings.sold_within_days,
        min_buyers=settings.min_buyers,
    )
    return Catalogue(
        product_ids=found["product_id"].to_numpy(dtype=np.str_), buyers=found["buyers"].to_numpy(dtype=np.int64)
    )


def holdout_at(purchases: Path, catalogue: Catalogue, *, at: datetime, settings: AffinitySettings) -> Holdout:
    """Members active in the `active_within_days` before `at` who buy of the catalogue in the HORIZON after it.

    Members are in order of their id.
    """
    bought = _query(
        """
        SELECT DISTINCT member_id, product_id
        FROM read_parquet($purchases)
        WHERE ordered_at >= $at AND ordered_at < $until AND member_id IN (
            SELECT member_id FROM read_parquet($purchases)
            WHERE ordered_at < $at AND ordered_at >= $at - to_days($active)
        )
        """,
        purchases=str(purchases),
        at=at,
        until=at + HORIZON,
        active=settings.active_within_days,
    )
    products = catalogue.rows_of(bought["product_id"].to_numpy(dtype=np.str_))
    in_catalogue = products >= 0
    member_ids, members = np.unique(bought["member_id"].to_numpy(dtype=np.str_)[in_catalogue], return_inverse=True)
    cells = (np.ones(len(members), dtype=np.bool_), (members, products[in_catalogue]))
    return Holdout(member_ids=member_ids, truth=csr_matrix(cells, shape=(len(member_ids), len(catalogue))))


def first_day_at(purchases: Path, catalogue: Catalogue, holdout: Holdout, *, at: datetime) -> csr_matrix:
    """bool (members, products): of the holdout's truth, what each member bought on the first day with a purchase.

    Days are those of 24 hours from the cut-off, which lies at the shops' midnight.
    """
    bought = _query(
        """
        SELECT DISTINCT member_id, product_id FROM (
            SELECT member_id, product_id, day, min(day) OVER (PARTITION BY member_id) AS first_day FROM (
                SELECT member_id, product_id, floor(date_diff('second', $at, ordered_at) / 86400.0) AS day
                FROM read_parquet($purchases)
                WHERE ordered_at >= $at AND ordered_at < $until AND member_id IS NOT NULL
            ) SEMI JOIN (SELECT unnest($products) AS product_id) USING (product_id)
        ) WHERE day = first_day
        """,
        purchases=str(purchases),
        at=at,
        until=at + HORIZON,
        products=[str(product) for product in catalogue.product_ids],
    )
    members = rows_of(bought["member_id"].to_numpy(dtype=np.str_), holdout.member_ids)
    products = catalogue.rows_of(bought["product_id"].to_numpy(dtype=np.str_))
    kept = (members >= 0) & (products >= 0)
    cells = (np.ones(int(kept.sum()), dtype=np.bool_), (members[kept], products[kept]))
    return csr_matrix(cells, shape=holdout.truth.shape)


def _query(sql: str, **parameters: object) -> pd.DataFrame:
    with duckdb.connect() as con:
        # In another zone DuckDB's days are calendar days, an hour off where the clocks change.
        con.execute("SET TimeZone = 'UTC'")
        return con.execute(sql, parameters).df()
