"""A member's candidates: the union of every source's best, cut by the blend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.affinity.blend import (
    CANDIDATE_FIELDS,
    BlendWeights,
    CandidateValues,
    Field,
    blend_sources,
    scaled,
    source_scores,
)
from training.affinity.pairs import Pairs
from training.affinity.source import FittedSource
from training.affinity.top import top_mask
from training.protocol import Catalogue, Ids, Rows

TOP_ITEM_ITEM = 150
TOP_ALS = 150
TOP_POPULARITY = 50
"""How many of a source's best enter the union; frequency enters everything bought."""

CHUNK = 256
"""Members whose scores over the whole catalogue are held at once."""

NO_PRODUCT = -1


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """One member's candidates, best first."""

    product_ids: Ids
    values: CandidateValues
    """float32 (candidates, len(CANDIDATE_FIELDS))."""


@dataclass(frozen=True, kw_only=True)
class MemberCandidates:
    """Candidates of several members in rectangles; rows of members with fewer end in empty places."""

    catalogue: Catalogue
    member_ids: Ids
    product_rows: Rows
    """int64 (members, places): ProductRow, NO_PRODUCT where the place is empty."""
    values: CandidateValues
    """float32 (members, places, len(CANDIDATE_FIELDS)); an empty place is like a product that nothing is known of."""

    def __len__(self) -> int:
        return len(self.member_ids)

    def of(self, row: int) -> Candidates:
        """Candidates of the member at a position."""
        count = int((self.product_rows[row] != NO_PRODUCT).sum())
        return Candidates(
            product_ids=self.catalogue.product_ids[self.product_rows[row, :count]], values=self.values[row, :count]
        )


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The fitted sources that a union is drawn from, with the pairs that say what was bought."""

    pairs: Pairs
    item_item: FittedSource
    als: FittedSource
    popularity: FittedSource

    def union_of(self, member_ids: Ids, members: Rows) -> MemberCandidates:
        """Every candidate of a chunk of members, in catalogue order, before the cut.

        `members` are MemberRows of the pairs, -1 for a member who has bought nothing of the catalogue.
        """
        als, item_item = scaled(self.als.scores(members)), scaled(self.item_item.scores(members))
        popularity = scaled(self.popularity.scores(members))
        pair_at = self.pairs.positions(members)
        is_candidate = (
            (pair_at >= 0)
            | (top_mask(als, TOP_ALS) & (als > 0))
            | (top_mask(item_item, TOP_ITEM_ITEM) & (item_item > 0))
            | top_mask(popularity, TOP_POPULARITY)
        )
        rows, products = np.nonzero(is_candidate)
        cells = np.empty((len(rows), len(CANDIDATE_FIELDS)), dtype=np.float32)
        cells[:, Field.ALS] = als[rows, products]
        cells[:, Field.ITEM_ITEM] = item_item[rows, products]
        cells[:, Field.POPULARITY] = popularity[rows, products]
        _put_bought(cells, self.pairs, pair_at[rows, products])
        return _rectangle(self.pairs.catalogue, member_ids, rows, products, cells)


def _put_bought(cells: CandidateValues, pairs: Pairs, at: Rows) -> None:
    cells[:, Field.ORDERS_365D :] = (0.0, 0.0, np.nan, np.nan)
    bought = at >= 0
    for field, column in (
        (Field.ORDERS_365D, pairs.orders_365d),
        (Field.DECAYED_ORDERS, pairs.decayed_orders),
        (Field.LAST_ORDERED_DAYS, pairs.last_ordered_days),
        (Field.GAP_DAYS, pairs.gap_days),
    ):
        cells[bought, field] = column[at[bought]]


def _rectangle(
    catalogue: Catalogue, member_ids: Ids, rows: Rows, products: Rows, cells: CandidateValues
) -> MemberCandidates:
    counts = np.bincount(rows, minlength=len(member_ids))
    places = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    width = int(counts.max(initial=0))
    product_rows = np.full((len(member_ids), width), NO_PRODUCT, dtype=np.int64)
    values = np.zeros((len(member_ids), width, len(CANDIDATE_FIELDS)), dtype=np.float32)
    values[..., [Field.LAST_ORDERED_DAYS, Field.GAP_DAYS]] = np.nan
    product_rows[rows, places] = products
    values[rows, places] = cells
    return MemberCandidates(catalogue=catalogue, member_ids=member_ids, product_rows=product_rows, values=values)


def best_candidates(
    union: MemberCandidates, weights: BlendWeights, *, as_of_days: float, count: int
) -> MemberCandidates:
    """The `count` best of each member's union, best first; equal ones in catalogue order.

    A member's most frequent product is always kept: frequency is scaled by it, and a list cut without it would blend
    into another order than the one it was cut by.
    """
    sources = source_scores(union.values, as_of_days=as_of_days)
    scores = blend_sources(sources, weights).scores
    # An empty place scores 0 and stands last, so that a stable sort leaves it behind every candidate.
    order = np.argsort(-scores, axis=1, kind="stable")
    kept = _with_most_frequent(order, sources[..., 0], count)
    return MemberCandidates(
        catalogue=union.catalogue,
        member_ids=union.member_ids,
        product_rows=np.take_along_axis(union.product_rows, kept, axis=1),
        values=np.take_along_axis(union.values, kept[..., None], axis=1),
    )


def _with_most_frequent(order: Rows, frequency: npt.NDArray[np.float32], count: int) -> Rows:
    kept = order[:, :count].copy()
    if order.shape[1] <= count:
        return kept
    largest = np.argmax(frequency, axis=1)
    has_largest = np.take_along_axis(frequency, kept, axis=1).max(axis=1) >= frequency.max(axis=1)
    kept[~has_largest, -1] = largest[~has_largest]
    return kept


def chunks(member_ids: Ids, pairs: Pairs) -> Iterator[tuple[Ids, Rows]]:
    """The members in chunks of CHUNK: their ids and their MemberRows in the pairs."""
    rows = pairs.rows_of_members(member_ids)
    for start in range(0, len(member_ids), CHUNK):
        yield member_ids[start : start + CHUNK], rows[start : start + CHUNK]
