"""What may be sold: products that are active, and where they are in stock, over the rows of a release's shelf."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts.clock import days_since_epoch
from training.protocol import Ids, Rows, rows_of
from training.release.product_states import latest_states, latest_stock

AVAILABILITY_FILE = "availability.npz"

MOST_MASKS = 64
"""Stores whose masks are kept in memory at once."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Availability:
    """What is known of activity and stock; a product of which nothing is known may be sold everywhere."""

    is_active: Mask
    """bool (products,): launched, and not taken off sale."""
    can_be_delivered: Mask
    """bool (products,): in stock as the product's state says, or in some store that counts it."""
    launched_days: npt.NDArray[np.float32]
    """float32 (products,): first day of sale as its state says, in days since EPOCH; NaN where it says none."""
    is_counted: Mask
    """bool (products,): some store counts it; a store that counts others and not this one has none of it."""
    store_ids: Ids
    """Stores that count their stock, in order of their id."""
    store_starts: Rows
    """int64 (stores + 1,): `store_rows` of a store stand from its start to the next one's."""
    store_rows: Rows
    """Rows of products of which a store has some."""
    _masks: dict[str, Mask] = field(default_factory=dict, compare=False, repr=False)

    def in_stock(self, store_id: str | None = None) -> Mask:
        """bool (products,): in stock in a store; without a store, or in one that counts nothing, to be delivered.

        The array is shared: do not write to it.
        """
        if store_id is None or not len(self.store_ids):
            return self.can_be_delivered
        mask = self._masks.get(store_id)
        return self._mask(store_id) if mask is None else mask

    def _mask(self, store_id: str) -> Mask:
        place = int(np.searchsorted(self.store_ids, store_id))
        if place == len(self.store_ids) or self.store_ids[place] != store_id:
            return self.can_be_delivered
        mask = self.can_be_delivered & ~self.is_counted
        mask[self.store_rows[self.store_starts[place] : self.store_starts[place + 1]]] = True
        if len(self._masks) >= MOST_MASKS:
            self._masks.clear()
        self._masks[store_id] = mask
        return mask

    def save(self, folder: Path) -> None:
        """Writes it into a release folder."""
        np.savez(
            folder / AVAILABILITY_FILE,
            is_active=self.is_active,
            can_be_delivered=self.can_be_delivered,
            launched_days=self.launched_days,
            is_counted=self.is_counted,
            store_ids=self.store_ids,
            store_starts=self.store_starts,
            store_rows=self.store_rows,
        )


def load_availability(folder: Path) -> Availability | None:
    """What was saved in a release folder, None where a release has none."""
    file = folder / AVAILABILITY_FILE
    if not file.is_file():
        return None
    with np.load(file, allow_pickle=False) as arrays:
        return Availability(
            is_active=arrays["is_active"],
            can_be_delivered=arrays["can_be_delivered"],
            launched_days=arrays["launched_days"],
            is_counted=arrays["is_counted"],
            store_ids=arrays["store_ids"],
            store_starts=arrays["store_starts"],
            store_rows=arrays["store_rows"],
        )


def build_availability(tables_folder: Path, product_ids: Ids, *, as_of: datetime, zone: ZoneInfo) -> Availability:
    """The availability of products in the order of `product_ids`, as known at `as_of`.

    A product is launched from its first day of sale on, counted in the shops' `zone`.
    """
    states = latest_states(tables_folder, as_of=as_of)
    stock = latest_stock(tables_folder, as_of=as_of)
    rows = rows_of(states["product_id"].to_numpy(dtype=np.str_), product_ids)
    states, rows = states[rows >= 0], rows[rows >= 0]
    launched = np.full(len(product_ids), np.nan, dtype=np.float32)
    launched[rows] = [_days(day, zone) for day in states["launched_on"]]
    is_active = np.ones(len(product_ids), dtype=np.bool_)
    is_active[rows] = states["is_active"].fillna(value=True).to_numpy(dtype=np.bool_)
    is_active &= ~(launched > days_since_epoch(as_of))
    said = np.ones(len(product_ids), dtype=np.bool_)
    said[rows] = states["in_stock"].fillna(value=True).to_numpy(dtype=np.bool_)
    return _with_stock(stock, product_ids, is_active=is_active, said=said, launched=launched)


def _with_stock(
    stock: pd.DataFrame, product_ids: Ids, *, is_active: Mask, said: Mask, launched: npt.NDArray[np.float32]
) -> Availability:
    rows = rows_of(stock["product_id"].to_numpy(dtype=np.str_), product_ids)
    store_ids, stores = np.unique(stock["store_id"].to_numpy(dtype=np.str_), return_inverse=True)
    has_some = (rows >= 0) & (stock["on_hand"].to_numpy(dtype=np.float64) > 0)
    is_counted = np.zeros(len(product_ids), dtype=np.bool_)
    is_counted[rows[rows >= 0]] = True
    is_somewhere = np.zeros(len(product_ids), dtype=np.bool_)
    is_somewhere[rows[has_some]] = True
    order = np.argsort(stores[has_some], kind="stable")
    counts = np.bincount(stores[has_some], minlength=len(store_ids))
    return Availability(
        is_active=is_active,
        can_be_delivered=said & (~is_counted | is_somewhere),
        launched_days=launched,
        is_counted=is_counted,
        store_ids=store_ids,
        store_starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        store_rows=rows[has_some][order],
    )


def _days(day: object, zone: ZoneInfo) -> float:
    if pd.isna(day):  # type: ignore[call-overload]  # pandas' stubs know no plain object
        return float("nan")
    return days_since_epoch(pd.Timestamp(day).tz_localize(zone).to_pydatetime())  # type: ignore[arg-type]  # a date
