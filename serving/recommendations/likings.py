"""How much somebody likes each product, over the rows of the shelf: what whole items are scored through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.contracts.ids import ProductId
from serving.recommendations.ask import Ask
from training.affinity.blend import Field
from training.protocol import Rows

POPULAR = 300
"""Popular products that stand for the liking of somebody unknown."""

Scores = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Likings:
    """Products somebody likes, best first."""

    rows: Rows
    """int64 (products,): rows of the shelf."""
    scores: Scores
    """float32 (products,), 0..1: share of the best one's score."""
    is_bought: Mask
    """bool (products,): the member bought it within a year."""
    is_personal: bool
    """Whether they are the member's own and not everybody's."""

    def over(self, count: int) -> Scores:
        """float32 (count,): the scores over the rows of the shelf, 0 for every other product."""
        dense = np.zeros(count, dtype=np.float32)
        dense[self.rows] = self.scores
        return dense


def likings_of(ask: Ask) -> Likings:
    """The member's candidates by their scores; for somebody unknown what is popular, in the store if that is known."""
    if len(ask.candidates):
        order = np.argsort(-ask.candidates.scores, kind="stable")
        return Likings(
            rows=ask.candidates.rows[order],
            scores=_shares(ask.candidates.scores[order]),
            is_bought=~np.isnan(ask.candidates.values[order, Field.LAST_ORDERED_DAYS]),
            is_personal=True,
        )
    rows, scores = _popular(ask)
    return Likings(
        rows=rows[:POPULAR],
        scores=_shares(scores[:POPULAR]),
        is_bought=np.zeros(len(rows[:POPULAR]), dtype=np.bool_),
        is_personal=False,
    )


def may_come(ask: Ask) -> Mask:
    """bool (shelf rows,): products that pass the filters and are sold, and are not excluded, at hand or just bought."""
    products = ask.release.products
    mask = products.is_sold_lately.copy() if ask.eligible is None else ask.eligible & products.is_sold_lately
    at_hand = (ask.query.product_id,) if ask.query.product_id else ()
    lately: tuple[ProductId, ...] = ()
    if ask.scenario.exclude_bought_days:
        since = ask.as_of_days - ask.scenario.exclude_bought_days
        mask[ask.candidates.rows[ask.candidates.values[:, Field.LAST_ORDERED_DAYS] >= since]] = False
        lately = _bought_since(ask, since)
    for product_id in (*ask.query.exclude, *ask.query.basket, *at_hand, *lately):
        row = products.row_of.get(ProductId(product_id))
        if row is not None:
            mask[row] = False
    return mask


def _bought_since(ask: Ask, since: float) -> tuple[ProductId, ...]:
    """The member's latest purchases at or after `since`, days since EPOCH: some are no candidates."""
    if ask.packed is None:
        return ()
    days = zip(ask.packed.recent_product_ids, ask.packed.recent_ordered_days, strict=True)
    return tuple(product_id for product_id, day in days if day >= since)


def _popular(ask: Ask) -> tuple[Rows, Scores]:
    segments = ask.release.segments
    if segments is not None and len(segments.rows):
        own = segments.for_store(ask.query.store_id) if ask.query.store_id is not None else None
        return (segments.rows, segments.popularity) if own is None else own
    row_of = ask.release.products.row_of
    known = [row_of.get(ProductId(str(each)), -1) for each in ask.release.affinity.catalogue.product_ids[:POPULAR]]
    rows = np.array(known, dtype=np.int64)
    scores = ask.release.affinity.catalogue.buyers[:POPULAR].astype(np.float32)
    return rows[rows >= 0], scores[rows >= 0]


def _shares(scores: Scores) -> Scores:
    """The scores as shares of the largest, 0..1; negative ones are 0."""
    largest = max(float(scores.max(initial=0.0)), 1e-9)
    return (np.maximum(scores, 0) / largest).astype(np.float32)
