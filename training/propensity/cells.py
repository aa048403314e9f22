"""Member x product cells of a snapshot: held in memory to learn from, streamed from the file to score one target.

Cells are read from the snapshot's file rather than through Feast: 50 million of them do not go through a join.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from features.contracts.clock import EPOCH, days_since_epoch, moment_text
from features.contracts.errors import NothingLoaded
from features.groups.catalogue import GROUPS
from features.groups.declaration import HALF_LIFE_DAYS
from features.groups.member_affinity import FAST_HALF_LIFE_DAYS, SLOW_HALF_LIFE_DAYS
from features.snapshots import FeatureBuild
from training.propensity.activity import CellColumns, SetActivity, Union
from training.propensity.groupings import Groupings, ProductRows
from training.protocol import Ids

CELLS_PER_BATCH = 500_000
SETS_KEPT = 300
"""Unions that cells in memory remember; parents are shared by many targets."""


class CellSource(Protocol):
    """Where unions of cells come from."""

    def unions(self, sets: Sequence[ProductRows]) -> list[SetActivity]:
        """The members' activity in each set of product rows."""


@dataclass(frozen=True, kw_only=True)
class Cells:
    """All cells of a snapshot in memory, by product row."""

    members: int
    columns: CellColumns
    starts: ProductRows
    """int64 (products + 1,): where each product's cells begin."""
    _known: dict[bytes, SetActivity] = field(default_factory=dict, repr=False)

    def unions(self, sets: Sequence[ProductRows]) -> list[SetActivity]:
        """The members' activity in each set; a parent that several targets share is merged once."""
        found = []
        for each in sets:
            key = each.tobytes()
            if key not in self._known:
                union = Union(members=self.members)
                union.add(self.of(each))
                if len(self._known) >= SETS_KEPT:
                    self._known.clear()
                self._known[key] = union.activity()
            found.append(self._known[key])
        return found

    def of(self, products: ProductRows) -> CellColumns:
        """The cells of some products, in their order."""
        counts = self.starts[products + 1] - self.starts[products]
        ends = np.cumsum(counts)
        positions = np.arange(ends[-1] if len(ends) else 0) + np.repeat(self.starts[products] - (ends - counts), counts)
        return self.columns.take(positions)

    def without(self, products: ProductRows) -> Cells:
        """The cells as if some products had never been sold."""
        of_product = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        kept = np.flatnonzero(~np.isin(of_product, products))
        starts = np.searchsorted(of_product[kept], np.arange(len(self.starts)))
        return Cells(members=self.members, columns=self.columns.take(kept), starts=starts.astype(np.int64))


@dataclass(frozen=True, kw_only=True)
class CellFile:
    """The cells of a snapshot where they lie; a call reads the file once, and of it the products asked for."""

    file: Path
    groupings: Groupings
    member_ids: Ids
    at: datetime
    threads: int
    step: Callable[[int], None] = lambda _cells: None
    """Told how many cells have been read: the place where a caller stops a reading."""

    def unions(self, sets: Sequence[ProductRows]) -> list[SetActivity]:
        """The members' activity in each set, in one pass over the file."""
        distinct = {each.tobytes(): each for each in sets}
        asked = np.unique(np.concatenate(list(distinct.values())))
        merged = {key: Union(members=len(self.member_ids)) for key in distinct}
        inside = {key: np.isin(np.arange(len(self.groupings.product_ids)), each) for key, each in distinct.items()}
        read = 0
        for product_rows, part in self._parts(asked):
            for key, union in merged.items():
                is_inside = inside[key][product_rows]
                union.add(part if is_inside.all() else part.take(np.flatnonzero(is_inside)))
            read += len(product_rows)
            self.step(read)
        found = {key: union.activity() for key, union in merged.items()}
        return [found[each.tobytes()] for each in sets]

    def _parts(self, products: ProductRows) -> Iterator[tuple[ProductRows, CellColumns]]:
        with duckdb.connect(config={"threads": self.threads}) as con:
            yield from _batches(con, self.file, self.groupings, self.member_ids, at=self.at, products=products)


def cells_file(build: FeatureBuild, at: datetime) -> Path:
    """File of the cells as known at `at`. Raises NothingLoaded when the build has none."""
    file = build.snapshot(GROUPS["member_product"], at)
    if not file.is_file():
        raise NothingLoaded(
            f"features: no cells of members and products at {at:%Y-%m-%d %H:%M}; run "
            f"`faces features --as-of {moment_text(at)}`"
        )
    return file


def read_cells(build: FeatureBuild, groupings: Groupings, member_ids: Ids, *, at: datetime, threads: int) -> Cells:
    """Every cell of `member_ids` at one of the build's moments, in memory. Raises NothingLoaded."""
    with duckdb.connect(config={"threads": threads}) as con:
        file = cells_file(build, at)
        parts = list(_batches(con, file, groupings, member_ids, at=at, products=None))
    rows = np.concatenate([rows for rows, _ in parts]) if parts else np.empty(0, dtype=np.int64)
    return cells_of(
        rows, concatenated([part for _, part in parts]), products=len(groupings.product_ids), members=len(member_ids)
    )


def cells_of(product_rows: ProductRows, columns: CellColumns, *, products: int, members: int) -> Cells:
    """Cells in memory from columns in any order and the product row of each."""
    order = np.lexsort((columns.member_rows, product_rows))
    starts = np.searchsorted(product_rows[order], np.arange(products + 1))
    return Cells(members=members, columns=columns.take(order), starts=starts.astype(np.int64))


def concatenated(parts: Sequence[CellColumns]) -> CellColumns:
    """One after the other."""
    if not parts:
        none = np.empty(0)
        return _columns(np.empty(0, np.int32), none, none, *([none] * 7), np.empty(0, np.int64))
    names = CellColumns.__dataclass_fields__
    return CellColumns(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _columns(*arrays: np.ndarray) -> CellColumns:
    return CellColumns(**dict(zip(CellColumns.__dataclass_fields__, arrays, strict=True)))


def _batches(
    con: duckdb.DuckDBPyConnection,
    file: Path,
    groupings: Groupings,
    member_ids: Ids,
    *,
    at: datetime,
    products: ProductRows | None,
) -> Iterator[tuple[ProductRows, CellColumns]]:
    con.execute("SET TimeZone = 'UTC'")
    rows = np.arange(len(groupings.product_ids)) if products is None else products
    con.register(
        "wanted", pa.table({"product_id": pa.array(groupings.product_ids[rows]), "product": rows.astype(np.int32)})
    )
    con.register(
        "known", pa.table({"member_id": pa.array(member_ids), "member": np.arange(len(member_ids), dtype=np.int32)})
    )
    reader = con.execute(
        """
        SELECT product, member, epoch_us(first_ordered_at), epoch_us(last_ordered_at),
               orders_28d, orders_91d, orders_365d, coalesce(spend_365d, 0),
               fast_decayed_orders, decayed_orders, slow_decayed_orders, week_bits
        FROM read_parquet($file) JOIN wanted USING (product_id) JOIN known USING (member_id)
        """,
        {"file": str(file)},
    ).to_arrow_reader(CELLS_PER_BATCH)
    as_of = days_since_epoch(at)
    for batch in reader:
        yield _columns_of(batch, as_of)


def _columns_of(batch: pa.RecordBatch, as_of: float) -> tuple[ProductRows, CellColumns]:
    arrays = [column.to_numpy(zero_copy_only=False) for column in batch.columns]
    product, member, first, last, *numbers, fast, middle, slow, bits = arrays
    since = as_of - _days(last)
    decayed = [
        orders * 0.5 ** (since / half_life)
        for orders, half_life in ((fast, FAST_HALF_LIFE_DAYS), (middle, HALF_LIFE_DAYS), (slow, SLOW_HALF_LIFE_DAYS))
    ]
    columns = _columns(member, _days(first), _days(last), *(n.astype(np.float64) for n in numbers), *decayed, bits)
    return product.astype(np.int64), columns


def _days(epoch_us: np.ndarray) -> np.ndarray:
    return epoch_us / 86_400e6 - EPOCH_DAYS


EPOCH_DAYS = (EPOCH - pd.Timestamp(0, tz="UTC").to_pydatetime()).days
"""Days from 1970 to EPOCH."""
