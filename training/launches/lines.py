"""Order lines of members in memory: the shop as it stood at any moment, not at snapshots alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.sparse import csr_matrix

from features.contracts.clock import EPOCH, SECONDS_PER_DAY
from features.groups.declaration import HALF_LIFE_DAYS
from features.groups.member_affinity import FAST_HALF_LIFE_DAYS, SLOW_HALF_LIFE_DAYS, WEEK_BITS
from training.propensity.activity import CellColumns, SetActivity, Union
from training.propensity.groupings import Groupings, ProductRows
from training.propensity.taste import grouped
from training.protocol import Ids

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]

YEAR_DAYS = 365
NOTHING: ProductRows = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Order lines by product and then by time; arrays are (lines,)."""

    member_ids: Ids
    """The members whose lines these are, in order of their id."""
    starts: ProductRows
    """int64 (products + 1,): where each product's lines begin."""
    member_rows: npt.NDArray[np.int32]
    days: Floats
    """Days since EPOCH of the order."""
    spend: Floats
    list_price: Floats
    """Price of a piece before discounts; NaN where unknown."""

    @cached_property
    def first_seen_days(self) -> Floats:
        """float64 (members,): each member's first order."""
        first = np.full(len(self.member_ids), np.inf)
        np.minimum.at(first, self.member_rows, self.days)
        return first

    @cached_property
    def product_rows(self) -> ProductRows:
        """int64 (lines,): the product of each line."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    @cached_property
    def first_sold_days(self) -> Floats:
        """float64 (products,): first line of each product, infinite where there is none."""
        first = np.full(len(self.starts) - 1, np.inf)
        sold = np.flatnonzero(np.diff(self.starts))
        # Lines of a product stand in order of their time.
        first[sold] = self.days[self.starts[sold]]
        return first

    @cached_property
    def previous_days(self) -> Floats:
        """float64 (lines,): the member's purchase of the product before, minus infinity where there was none."""
        order = np.lexsort((self.days, self.member_rows, self.product_rows))
        members, products = self.member_rows[order], self.product_rows[order]
        again = np.flatnonzero((members[1:] == members[:-1]) & (products[1:] == products[:-1])) + 1
        previous = np.full(len(order), -np.inf)
        previous[order[again]] = self.days[order[again - 1]]
        return previous

    def buyers(self, *, from_days: float, until_days: float) -> Floats:
        """float64 (products,): distinct members who bought each product from one moment on and before another."""
        inside = (self.days >= from_days) & (self.days < until_days)
        # A buyer is counted at the first purchase within the time.
        first = inside & (self.previous_days < from_days)
        return np.bincount(self.product_rows[first], minlength=len(self.starts) - 1).astype(np.float64)

    def of(self, product: int) -> slice:
        """Where a product's lines stand."""
        return slice(int(self.starts[product]), int(self.starts[product + 1]))

    def bought(self, product: int, *, at_days: float, horizon_days: int) -> Truths:
        """bool (members,): a purchase of the product within the horizon."""
        outcome = np.zeros(len(self.member_ids), dtype=np.bool_)
        lines = self.of(product)
        days = self.days[lines]
        outcome[self.member_rows[lines][(days >= at_days) & (days < at_days + horizon_days)]] = True
        return outcome

    def spent(self, product: int, *, at_days: float, horizon_days: int) -> Floats:
        """float64 (members,): spend on the product within the horizon."""
        lines = self.of(product)
        days = self.days[lines]
        within = (days >= at_days) & (days < at_days + horizon_days)
        summed = np.bincount(
            self.member_rows[lines][within], weights=self.spend[lines][within], minlength=len(self.member_ids)
        )
        return summed.astype(np.float64)

    def orders_by_group(self, groupings: Groupings, *, at_days: float) -> csr_matrix:
        """float64 (members, groups): what taste is told from, as of a moment (`training.propensity.taste`)."""
        known = np.flatnonzero((self.days < at_days) & (self.days >= at_days - YEAR_DAYS))
        shape = (len(self.member_ids), len(self.starts) - 1)
        weights = 0.5 ** ((at_days - self.days[known]) / SLOW_HALF_LIFE_DAYS)
        return grouped(
            csr_matrix((weights, (self.member_rows[known], self.product_rows[known])), shape=shape), groupings
        )


@dataclass(frozen=True, kw_only=True)
class LinesBefore:
    """A source of unions: the lines of the 365 days before a moment, some products hidden as if never sold."""

    lines: Lines
    at_days: float
    hidden: ProductRows = field(default_factory=lambda: NOTHING)

    def unions(self, sets: Sequence[ProductRows]) -> list[SetActivity]:
        """The members' activity in each set of product rows."""
        is_asked = np.zeros(len(self.lines.starts) - 1, dtype=np.bool_)
        for each in sets:
            is_asked[each] = True
        is_asked[self.hidden] = False
        product_rows, columns = self._columns(np.flatnonzero(is_asked))
        found = []
        for each in sets:
            inside = np.zeros(len(self.lines.starts), dtype=np.bool_)
            inside[each] = True
            union = Union(members=len(self.lines.member_ids))
            union.add(columns.take(np.flatnonzero(inside[product_rows])))
            found.append(union.activity())
        return found

    def _columns(self, products: ProductRows) -> tuple[ProductRows, CellColumns]:
        """The product row of each line and the lines as cells: unions add up, so a line may stand for a cell."""
        counts = self.lines.starts[products + 1] - self.lines.starts[products]
        ends = np.cumsum(counts)
        positions = np.arange(ends[-1] if len(ends) else 0) + np.repeat(
            self.lines.starts[products] - (ends - counts), counts
        )
        days = self.lines.days[positions]
        kept = (days < self.at_days) & (days >= self.at_days - YEAR_DAYS)
        positions, days = positions[kept], days[kept]
        age = self.at_days - days
        return np.repeat(products, counts)[kept], CellColumns(
            member_rows=self.lines.member_rows[positions],
            first_days=days,
            last_days=days,
            orders_28d=(age <= 28).astype(np.float64),
            orders_91d=(age <= 91).astype(np.float64),
            orders_365d=np.ones(len(days)),
            spend_365d=self.lines.spend[positions],
            fast_orders=0.5 ** (age / FAST_HALF_LIFE_DAYS),
            decayed_orders=0.5 ** (age / HALF_LIFE_DAYS),
            slow_orders=0.5 ** (age / SLOW_HALF_LIFE_DAYS),
            week_bits=np.int64(1) << np.minimum(age // 7, WEEK_BITS - 1).astype(np.int64),
        )


def read_lines(purchases: Path, groupings: Groupings, *, until: datetime, most_members: int) -> Lines:
    """The lines before `until` of all members, or of `most_members` whom a hash of their id chooses."""
    with _connection() as con:
        source = {"file": str(purchases), "until": until}
        chosen = con.execute(
            "SELECT member_id FROM (SELECT DISTINCT member_id FROM read_parquet($file) "
            "WHERE member_id IS NOT NULL AND ordered_at < $until) ORDER BY md5(member_id), member_id LIMIT $most",
            {**source, "most": most_members},
        ).fetchnumpy()
        member_ids = np.sort(np.asarray(chosen["member_id"], dtype=np.str_))
        rows = np.arange(len(groupings.product_ids), dtype=np.int32)
        con.register("products", pa.table({"product_id": pa.array(groupings.product_ids), "product": rows}))
        con.register("known", _numbered(member_ids))
        found = con.execute(
            """
            SELECT product, member, epoch(ordered_at) AS second, coalesce(spend, 0) AS spend,
                   coalesce(list_spend / quantity, 'nan'::DOUBLE) AS list_price
            FROM read_parquet($file) JOIN products USING (product_id) JOIN known USING (member_id)
            WHERE ordered_at < $until ORDER BY product, ordered_at, member
            """,
            source,
        ).fetchnumpy()
    return _lines(member_ids, found, products=len(rows))


def read_visit_lines(visits: Path, member_ids: Ids, *, until: datetime) -> Lines:
    """The visits of `member_ids` before `until`, as lines of one product: whatever it was."""
    with _connection() as con:
        con.register("known", _numbered(member_ids))
        found = con.execute(
            """
            SELECT 0 AS product, member, epoch(ordered_at) AS second, coalesce(spend, 0) AS spend,
                   'nan'::DOUBLE AS list_price
            FROM read_parquet($file) JOIN known USING (member_id) WHERE ordered_at < $until ORDER BY ordered_at, member
            """,
            {"file": str(visits), "until": until},
        ).fetchnumpy()
    return _lines(member_ids, found, products=1)


def _lines(member_ids: Ids, found: Mapping[str, npt.ArrayLike], *, products: int) -> Lines:
    return Lines(
        member_ids=member_ids,
        starts=np.searchsorted(found["product"], np.arange(products + 1)).astype(np.int64),
        member_rows=np.asarray(found["member"], dtype=np.int32),
        days=(np.asarray(found["second"], dtype=np.float64) - EPOCH.timestamp()) / SECONDS_PER_DAY,
        spend=np.asarray(found["spend"], dtype=np.float64),
        list_price=np.asarray(found["list_price"], dtype=np.float64),
    )


def _numbered(member_ids: Ids) -> pa.Table:
    return pa.table({"member_id": pa.array(member_ids), "member": np.arange(len(member_ids), dtype=np.int32)})


def _connection() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    return con
