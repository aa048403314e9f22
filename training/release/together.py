"""Bought together: the companions of each product of a release's shelf."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts.settings import Settings
from training.protocol import Ids, Rows
from training.release.together_counts import EVIDENCE, Evidence, count_together

TOGETHER_FILE = "together.npz"

Counts = npt.NDArray[np.int32]
Shares = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Companions:
    """Products bought with one product, the surest lift first."""

    rows: Rows
    """int64 (companions,): rows of the shelf."""
    orders: Counts
    """Orders that hold both."""
    support: Shares
    """Share of all orders that hold both."""
    confidence: Shares
    """Share of the product's orders that hold the companion."""
    lift: Shares
    """How many times more often they share an order than by chance, > 1."""


@dataclass(frozen=True, kw_only=True)
class Trios:
    """Pairs of products bought with one product, all three in one order; those that say most first."""

    rows: Counts
    """int32 (trios, 2): rows of the shelf."""
    orders: Counts
    """Orders that hold all three."""
    support: Shares
    lift: Shares
    """How many times more often the three share an order than if each came by chance, > 1."""


@dataclass(frozen=True, kw_only=True)
class Together:
    """Companions and trios of every product of a shelf, one stretch of the flat arrays for each row."""

    all_orders: int
    orders_of: Counts
    """int32 (products,): orders with the product; 0 for one that stands in too few to tell."""
    starts: Rows
    """int64 (products + 1,): the companions of a row stand from starts[row] to starts[row + 1]."""
    rows: Counts
    orders: Counts
    lift: Shares
    trio_starts: Rows
    trio_rows: Counts
    """int32 (trios, 2)."""
    trio_orders: Counts
    trio_lift: Shares

    def of(self, row: int) -> Companions:
        """The companions of the product in a row of the shelf; none where it is seldom bought."""
        own = slice(int(self.starts[row]), int(self.starts[row + 1]))
        orders = self.orders[own]
        return Companions(
            rows=self.rows[own].astype(np.int64),
            orders=orders,
            support=self._support(orders),
            confidence=(orders / max(1, int(self.orders_of[row]))).astype(np.float32),
            lift=self.lift[own],
        )

    def trios_of(self, row: int) -> Trios:
        """The trios of the product in a row of the shelf."""
        own = slice(int(self.trio_starts[row]), int(self.trio_starts[row + 1]))
        orders = self.trio_orders[own]
        return Trios(rows=self.trio_rows[own], orders=orders, support=self._support(orders), lift=self.trio_lift[own])

    def lift_of(self, row: int, other: int) -> float | None:
        """Lift of two products, None when the second is no companion of the first."""
        own = slice(int(self.starts[row]), int(self.starts[row + 1]))
        at = np.flatnonzero(self.rows[own] == other)
        return float(self.lift[own][at[0]]) if len(at) else None

    def save(self, folder: Path) -> None:
        """Writes the companions into a release folder."""
        np.savez(
            folder / TOGETHER_FILE,
            all_orders=np.int64(self.all_orders),
            orders_of=self.orders_of,
            starts=self.starts,
            rows=self.rows,
            orders=self.orders,
            lift=self.lift,
            trio_starts=self.trio_starts,
            trio_rows=self.trio_rows,
            trio_orders=self.trio_orders,
            trio_lift=self.trio_lift,
        )

    def _support(self, orders: Counts) -> Shares:
        return (orders / max(1, self.all_orders)).astype(np.float32)


def load_together(folder: Path) -> Together | None:
    """The companions saved in a release folder, None where a release has none."""
    file = folder / TOGETHER_FILE
    if not file.is_file():
        return None
    with np.load(file, allow_pickle=False) as arrays:
        return Together(
            all_orders=int(arrays["all_orders"]),
            orders_of=arrays["orders_of"],
            starts=arrays["starts"],
            rows=arrays["rows"],
            orders=arrays["orders"],
            lift=arrays["lift"],
            trio_starts=arrays["trio_starts"],
            trio_rows=arrays["trio_rows"],
            trio_orders=arrays["trio_orders"],
            trio_lift=arrays["trio_lift"],
        )


def build_together(
    settings: Settings, purchases: Path, product_ids: Ids, *, as_of: datetime, evidence: Evidence = EVIDENCE
) -> Together:
    """Companions as known at `as_of`, for products in the order of `product_ids`.

    `purchases` is a Parquet file of schema PURCHASES; sales without a member count too.
    """
    counted = count_together(settings, purchases, product_ids, as_of=as_of, evidence=evidence)
    pairs, trios = counted.pairs, counted.trios
    return Together(
        all_orders=counted.all_orders,
        orders_of=counted.orders_of,
        starts=_starts(pairs["product"], len(product_ids)),
        rows=pairs["companion"].to_numpy(dtype=np.int32),
        orders=pairs["orders"].to_numpy(dtype=np.int32),
        lift=pairs["lift"].to_numpy(dtype=np.float32),
        trio_starts=_starts(trios["product"], len(product_ids)),
        trio_rows=trios[["companion", "other"]].to_numpy(dtype=np.int32),
        trio_orders=trios["orders"].to_numpy(dtype=np.int32),
        trio_lift=trios["lift"].to_numpy(dtype=np.float32),
    )


def _starts(products: pd.Series, count: int) -> Rows:
    """int64 (count + 1,): where the stretch of each product starts in rows sorted by it."""
    own = np.bincount(products.to_numpy(dtype=np.int64), minlength=count)
    return np.concatenate([[0], np.cumsum(own)]).astype(np.int64)
