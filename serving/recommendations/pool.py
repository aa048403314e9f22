"""The products that a scenario chooses from, with all that the rules and the reasons need to know of each."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from features.contracts.filters.columns import Mask
from features.contracts.ids import ProductId
from serving.recommendations.ask import Ask, ScoredProducts
from serving.recommendations.assortment import Assortment
from serving.recommendations.complements import Complements, complements_of
from serving.recommendations.ranking import Ranker, Scores, of_the_moment
from training.affinity.blend import CandidateValues, Field
from training.protocol import Rows

POPULAR = 300
"""Products that somebody unknown is offered a choice of."""

LIKING_WEIGHT = np.float32(0.1)
"""What a member's liking counts beside a product's strength as a complement, which is a chance."""

MIN_SCORE = 1e-9

NOBODY = -1


class Origin(IntEnum):
    """How a product came into the pool."""

    STORED = 0
    """From the member's stored list."""
    TOGETHER = 1
    """From the same baskets as a given product."""
    SIMILAR = 2
    """From the members who buy a given product."""
    GROUP = 3
    """From the group of the product looked at."""
    SEGMENT = 4
    """From people like somebody unknown."""
    POPULAR = 5
    ASKED = 6
    """From the list that the request supplied."""
    VIEWED = 7
    """It goes with a product just looked at."""


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Products, each once; arrays have one entry per product."""

    rows: Rows
    """int64: rows of the shelf."""
    scores: Scores
    """float32, 0 or above."""
    values: CandidateValues
    origins: npt.NDArray[np.int8]
    anchors: Rows
    """int64: row of the given product that it goes with, NOBODY without one."""
    is_bought: Mask
    """bool: the member bought it within the last year."""

    def __len__(self) -> int:
        return len(self.rows)

    def at(self, kept: Rows | Mask) -> Pool:
        """The pool of some of its products."""
        return Pool(
            rows=self.rows[kept],
            scores=self.scores[kept],
            values=self.values[kept],
            origins=self.origins[kept],
            anchors=self.anchors[kept],
            is_bought=self.is_bought[kept],
        )

    def with_scores(self, scores: Scores) -> Pool:
        """The pool with other scores."""
        return dataclasses.replace(self, scores=scores)

    def joined(self, other: Pool) -> Pool:
        """Both pools; they share no product."""
        return Pool(
            rows=np.concatenate([self.rows, other.rows]),
            scores=np.concatenate([self.scores, other.scores]),
            values=np.concatenate([self.values, other.values]),
            origins=np.concatenate([self.origins, other.origins]),
            anchors=np.concatenate([self.anchors, other.anchors]),
            is_bought=np.concatenate([self.is_bought, other.is_bought]),
        )


def stored_pool(candidates: ScoredProducts) -> Pool:
    """The member's stored candidates."""
    return Pool(
        rows=candidates.rows,
        scores=candidates.scores,
        values=candidates.values,
        origins=np.full(len(candidates), Origin.STORED, dtype=np.int8),
        anchors=np.full(len(candidates), NOBODY, dtype=np.int64),
        is_bought=~np.isnan(candidates.values[:, Field.LAST_ORDERED_DAYS]),
    )


def scored_pool(rows: Rows, scores: Scores, origin: Origin, *, ask: Ask, assortment: Assortment) -> Pool:
    """Products with scores of their own; what is known of the member and them is known all the same."""
    values = of_the_moment(rows)
    place = places_of(rows, ask.candidates.rows)
    values[place >= 0] = ask.candidates.values[place[place >= 0]]
    is_bought = ~np.isnan(values[:, Field.LAST_ORDERED_DAYS])
    if ask.packed is not None and len(ask.packed.bought_marks):
        is_bought |= np.isin(assortment.marks[rows], ask.packed.bought_marks)
    return Pool(
        rows=rows,
        scores=scores,
        values=values,
        origins=np.full(len(rows), origin, dtype=np.int8),
        anchors=np.full(len(rows), NOBODY, dtype=np.int64),
        is_bought=is_bought,
    )


class StoreSegments(Protocol):
    """What somebody unknown is likely to buy."""

    def for_store(self, store_id: str) -> tuple[Rows, Scores] | None:
        """Rows of the shelf and scores, the best first; None for a store that little is known of."""


@dataclass(frozen=True, kw_only=True)
class PoolBuilder:
    """Builds the pools of a release."""

    assortment: Assortment
    ranker: Ranker
    segments: StoreSegments | None = None

    def of_kind(self, ask: Ask) -> Pool:
        """What the scenario chooses from, before any rule."""
        if ask.query.item_ids is not None:
            return self.of_asked(ask)
        own = self._own(ask)
        if ask.scenario.kind == "cart" and ask.query.basket:
            anchors = self.assortment.rows_of(ask.query.basket)
            found = complements_of(anchors, ask.release, self.assortment)
            return self._with_complements(ask, own, found, also_own=True)
        if ask.scenario.kind == "product":
            return self._beside_product(ask, own)
        return own

    def of_asked(self, ask: Ask) -> Pool:
        """The products that the request supplied, those of them that the shelf knows."""
        ids = dict.fromkeys(ask.query.item_ids or ())
        row_of = self.assortment.products.row_of
        rows = np.array([row_of[ProductId(each)] for each in ids if each in row_of], dtype=np.int64)
        own = stored_pool(ask.candidates)
        place = places_of(rows, own.rows)
        return own.at(place[place >= 0]).joined(self.of_the_moment(ask, rows[place < 0], Origin.ASKED))

    def popular(self, ask: Ask, rows: Rows, *, below: float = 1.0) -> Pool:
        """Products by their popularity, which is at most `below`."""
        scores = self.assortment.popularity[rows] * np.float32(below)
        return scored_pool(rows, scores, Origin.POPULAR, ask=ask, assortment=self.assortment)

    def _own(self, ask: Ask) -> Pool:
        if ask.packed is not None and len(ask.candidates):
            return stored_pool(ask.candidates)
        store_id = ask.query.store_id
        found = None if self.segments is None or store_id is None else self.segments.for_store(store_id)
        if found is not None:
            rows, scores = found
            return scored_pool(rows, scores, Origin.SEGMENT, ask=ask, assortment=self.assortment)
        return self.popular(ask, self.assortment.on_sale[:POPULAR])

    def of_the_moment(self, ask: Ask, rows: Rows, origin: Origin) -> Pool:
        """Products that the member's list lacks, scored for the member; for somebody unknown by their popularity."""
        scores = self.assortment.popularity[rows]
        if ask.packed is not None and len(ask.candidates) and len(rows):
            scores = self.ranker.scores(ask.packed, rows, of_the_moment(rows), as_of_days=ask.as_of_days)
        return scored_pool(rows, scores, origin, ask=ask, assortment=self.assortment)

    def _with_complements(self, ask: Ask, own: Pool, found: Complements, *, also_own: bool) -> Pool:
        place = places_of(found.rows, own.rows)
        lacking = place < 0
        pool = own.joined(self.of_the_moment(ask, found.rows[lacking], Origin.TOGETHER))
        place[lacking] = np.arange(len(own), len(pool))
        strength = np.zeros(len(pool), dtype=np.float32)
        strength[place] = found.strength
        origins, anchors = pool.origins.copy(), pool.anchors.copy()
        origins[place] = np.where(found.is_together, Origin.TOGETHER, Origin.SIMILAR)
        anchors[place] = found.anchors
        pool = dataclasses.replace(pool, origins=origins, anchors=anchors, scores=_completing(pool.scores, strength))
        return pool if also_own else pool.at(place)

    def _beside_product(self, ask: Ask, own: Pool) -> Pool:
        looked_at = self.assortment.rows_of((ask.query.product_id,) if ask.query.product_id else ())
        found = complements_of(looked_at, ask.release, self.assortment)
        pool = self._with_complements(ask, own, found, also_own=False)
        if not (looked_at >= 0).any():
            return own
        group = self.assortment.same_group(int(looked_at[0]))
        group = group[places_of(group, pool.rows) < 0]
        # below whatever goes with the product: a group says little
        below = float(pool.scores.min(initial=1.0))
        others = self.popular(ask, group, below=below)
        return pool.joined(
            dataclasses.replace(
                others,
                origins=np.full(len(group), Origin.GROUP, dtype=np.int8),
                anchors=np.full(len(group), looked_at[0], dtype=np.int64),
            )
        )


def _completing(scores: Scores, strength: Scores) -> Scores:
    """What a member likes and what goes with the given products, in one score."""
    liking = scores / max(float(scores.max(initial=0.0)), MIN_SCORE)
    completing: Scores = strength * (np.float32(0.5) + liking) + LIKING_WEIGHT * liking
    return completing


def places_of(rows: Rows, among: Rows) -> Rows:
    """int64 (rows,): position of each row among others, -1 where it is not there."""
    if not len(among):
        return np.full(len(rows), NOBODY, dtype=np.int64)
    order = np.argsort(among, kind="stable")
    near = np.minimum(np.searchsorted(among, rows, sorter=order), len(among) - 1)
    found = order[near]
    return np.where(among[found] == rows, found, NOBODY)
