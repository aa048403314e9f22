"""A member's candidates: the union of every source's best, cut by the ranker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from training.affinity.blend import UNKNOWN, CandidateValues, Field, scaled
from training.affinity.group_habits import GroupHabits, habits_by_group
from training.affinity.moment import ShopMoment
from training.affinity.pairs import Pairs
from training.affinity.source import FittedSource, Scores
from training.affinity.top import top_mask
from training.protocol import Catalogue, Ids, Rows

QUOTAS = {
    "neighbours": 120,
    "item_item": 100,
    "als": 80,
    "favourite_category": 60,
    "popularity": 50,
    "next_basket": 40,
    "favourite_brand": 40,
    "stores": 40,
    "trending": 30,
    "analogues": 20,
    "arrivals": 15,
}
"""How many of a source's best enter the union; everything that the member bought enters it too."""

STORED = (
    "als",
    "item_item",
    "popularity",
    "neighbours",
    "next_basket",
    "favourite_category",
    "favourite_brand",
    "stores",
)
"""Sources whose scores are stored with a candidate."""

GROUP_FIELDS = (
    (Field.SUBCATEGORY_ORDERS, Field.SUBCATEGORY_LAST_DAYS),
    (Field.CATEGORY_ORDERS, Field.CATEGORY_LAST_DAYS),
    (Field.BRAND_ORDERS, Field.BRAND_LAST_DAYS),
)
"""Where a member's habits in the product's subcategory, category and brand within the category are stored."""

CHUNK = 256
"""Members whose scores over the whole catalogue are held at once."""

NO_PRODUCT = -1

NEW_SHARE = 0.4
"""Least share of a member's places for products never bought: discovery needs them, and the rest rarely ranks high."""


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
    """The fitted sources that a union is drawn from, with the moment that they were fitted on."""

    moment: ShopMoment
    fitted: Mapping[str, FittedSource]

    @property
    def pairs(self) -> Pairs:
        """What was bought."""
        return self.moment.pairs

    def union_of(self, member_ids: Ids, members: Rows) -> MemberCandidates:
        """Every candidate of a chunk of members, in catalogue order, before the cut.

        `members` are MemberRows of the pairs, -1 for a member who has bought nothing of the catalogue.
        """
        pair_at = self.pairs.positions(members)
        is_candidate = pair_at >= 0
        stored: dict[str, Scores] = {}
        for name, quota in QUOTAS.items():
            scores = self.fitted[name].scores(members)
            if name in STORED:
                scores = stored[name] = scaled(scores)
            # A popular product is better than an empty place; of the others, nothing known is no candidate.
            is_candidate |= top_mask(scores, quota) & ((scores > 0) | (name == "popularity"))
        rows, products = np.nonzero(is_candidate)
        cells = np.tile(UNKNOWN, (len(rows), 1))
        for name, scores in stored.items():
            cells[:, Field[name.upper()]] = scores[rows, products]
        _put_bought(cells, self.pairs, pair_at[rows, products])
        self._put_groups(cells, members[rows], products)
        self._put_promotions(cells, members, rows, products)
        return _rectangle(self.pairs.catalogue, member_ids, rows, products, cells)

    def _put_groups(self, cells: CandidateValues, members: Rows, products: Rows) -> None:
        for habits, (orders_field, last_field) in zip(self._habits, GROUP_FIELDS, strict=True):
            groups = habits.groups[products]
            cells[:, orders_field] = _looked_up(habits.orders, members, groups)
            last = _looked_up(habits.last_ordered_days, members, groups)
            cells[:, last_field] = np.where(last > 0, last, np.nan)

    def _put_promotions(self, cells: CandidateValues, members: Rows, rows: Rows, products: Rows) -> None:
        promotions = self.moment.promotions
        if promotions is None:
            return
        visits = self.moment.stores.visits[np.maximum(members, 0)].multiply((members >= 0)[:, None])
        for field, display in ((Field.MAILER, False), (Field.DISPLAY, True)):
            shown = promotions.shown_to(csr_matrix(visits), self.pairs.catalogue.product_ids, display=display)
            cells[:, field] = _looked_up(shown, rows, products)

    @cached_property
    def _habits(self) -> tuple[GroupHabits, ...]:
        facts = self.moment.facts
        return tuple(
            habits_by_group(self.moment, groups)
            for groups in (facts.subcategory, facts.category, facts.brand_in_category)
        )


def _looked_up(matrix: csr_matrix, rows: Rows, columns: Rows) -> npt.NDArray[np.float32]:
    """float32 (cells,): the matrix at each row and column, 0 where either is negative."""
    if not len(rows) or not all(matrix.shape):
        return np.zeros(len(rows), dtype=np.float32)
    found = np.asarray(matrix[np.maximum(rows, 0), np.maximum(columns, 0)], dtype=np.float32).ravel()
    return np.where((rows >= 0) & (columns >= 0), found, np.float32(0))


def _put_bought(cells: CandidateValues, pairs: Pairs, at: Rows) -> None:
    bought = at >= 0
    for field, column in (
        (Field.ORDERS_365D, pairs.orders_365d),
        (Field.DECAYED_ORDERS, pairs.decayed_orders),
        (Field.LAST_ORDERED_DAYS, pairs.last_ordered_days),
        (Field.GAP_DAYS, pairs.gap_days),
        (Field.ORDERS_91D, pairs.orders_91d),
        (Field.FAST_DECAYED_ORDERS, pairs.fast_decayed_orders),
        (Field.SLOW_DECAYED_ORDERS, pairs.slow_decayed_orders),
        (Field.GAP_DEVIATION_DAYS, pairs.gap_deviation_days),
        (Field.VISITS_SINCE_FIRST, pairs.visits_since_first),
        (Field.VISITS_SINCE_LAST, pairs.visits_since_last),
        (Field.SPEND_365D, pairs.spend_365d),
    ):
        cells[bought, field] = column[at[bought]]


def _rectangle(
    catalogue: Catalogue, member_ids: Ids, rows: Rows, products: Rows, cells: CandidateValues
) -> MemberCandidates:
    counts = np.bincount(rows, minlength=len(member_ids))
    places = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    width = int(counts.max(initial=0))
    product_rows = np.full((len(member_ids), width), NO_PRODUCT, dtype=np.int64)
    values = np.tile(UNKNOWN, (len(member_ids), width, 1))
    product_rows[rows, places] = products
    values[rows, places] = cells
    return MemberCandidates(catalogue=catalogue, member_ids=member_ids, product_rows=product_rows, values=values)


def best_candidates(union: MemberCandidates, scores: Scores, *, count: int) -> MemberCandidates:
    """The `count` best of each member's union by float32 scores (members, places), best first.

    Equal ones stand in catalogue order. NEW_SHARE of the places go to products never bought while there are so many.
    """
    is_empty = union.product_rows == NO_PRODUCT
    # A stable sort keeps catalogue order among equals, and puts empty places behind every candidate.
    order = np.argsort(np.where(is_empty, np.inf, -scores), axis=1, kind="stable")
    if order.shape[1] > count:
        order = _with_new(union, order, count)
    return MemberCandidates(
        catalogue=union.catalogue,
        member_ids=union.member_ids,
        product_rows=np.take_along_axis(union.product_rows, order, axis=1),
        values=np.take_along_axis(union.values, order[..., None], axis=1),
    )


def _with_new(union: MemberCandidates, order: Rows, count: int) -> Rows:
    rows = np.take_along_axis(union.product_rows, order, axis=1)
    last = np.take_along_axis(union.values[..., Field.LAST_ORDERED_DAYS], order, axis=1)
    is_new = np.isnan(last) & (rows != NO_PRODUCT)
    is_bought = ~np.isnan(last)
    most_bought = count - np.minimum(is_new.sum(axis=1), int(count * NEW_SHARE))
    kept = np.where(is_bought, is_bought.cumsum(axis=1) <= most_bought[:, None], is_new)
    # The kept ones keep their order and come first; then whatever there is.
    places = np.argsort(~kept, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(order, places, axis=1)


def chunks(member_ids: Ids, pairs: Pairs) -> Iterator[tuple[Ids, Rows]]:
    """The members in chunks of CHUNK: their ids and their MemberRows in the pairs."""
    rows = pairs.rows_of_members(member_ids)
    for start in range(0, len(member_ids), CHUNK):
        yield member_ids[start : start + CHUNK], rows[start : start + CHUNK]
