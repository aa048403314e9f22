"""What is stored of a candidate, and the blend: the order of candidates where a shop has no learnt ranker."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from training.affinity.frequency import decayed_to
from training.protocol import Ids, Rows

CandidateValues = npt.NDArray[np.float32]
"""float32 (candidates, len(CANDIDATE_FIELDS)), or the same for many members (members, candidates, fields)."""

CANDIDATE_FIELDS = (
    "als",
    "item_item",
    "popularity",
    "orders_365d",
    "decayed_orders",
    "last_ordered_days",
    "gap_days",
    "neighbours",
    "next_basket",
    "favourite_category",
    "favourite_brand",
    "stores",
    "orders_91d",
    "fast_decayed_orders",
    "slow_decayed_orders",
    "gap_deviation_days",
    "visits_since_first",
    "visits_since_last",
    "spend_365d",
    "subcategory_orders",
    "subcategory_last_days",
    "category_orders",
    "category_last_days",
    "brand_orders",
    "brand_last_days",
    "mailer",
    "display",
)
"""What is stored of a candidate. Scores of sources are scaled to 0..1 by the member's maximum; `..._last_days` and
`last_ordered_days` are days since EPOCH, NaN for what was never bought; gaps are NaN until there is one; `mailer` and
`display` are shares of the member's visits to stores that promote the product in the week."""


class Field(IntEnum):
    """Position of each candidate field."""

    ALS = 0
    ITEM_ITEM = 1
    POPULARITY = 2
    ORDERS_365D = 3
    DECAYED_ORDERS = 4
    LAST_ORDERED_DAYS = 5
    GAP_DAYS = 6
    NEIGHBOURS = 7
    NEXT_BASKET = 8
    FAVOURITE_CATEGORY = 9
    FAVOURITE_BRAND = 10
    STORES = 11
    ORDERS_91D = 12
    FAST_DECAYED_ORDERS = 13
    SLOW_DECAYED_ORDERS = 14
    GAP_DEVIATION_DAYS = 15
    VISITS_SINCE_FIRST = 16
    VISITS_SINCE_LAST = 17
    SPEND_365D = 18
    SUBCATEGORY_ORDERS = 19
    SUBCATEGORY_LAST_DAYS = 20
    CATEGORY_ORDERS = 21
    CATEGORY_LAST_DAYS = 22
    BRAND_ORDERS = 23
    BRAND_LAST_DAYS = 24
    MAILER = 25
    DISPLAY = 26


UNKNOWN = np.array(
    [np.nan if name.endswith("_days") or name.startswith("visits_since") else 0.0 for name in CANDIDATE_FIELDS],
    dtype=np.float32,
)
"""Values of a product that nothing is known of, for a member; of a place that holds none."""


@dataclass(frozen=True, kw_only=True)
class BlendWeights:
    """How much each source counts; frequency is the unit."""

    frequency: float = 1.0
    item_item: float
    als: float
    popularity: float

    @property
    def in_order(self) -> npt.NDArray[np.float32]:
        """float32 (sources,), in the order of SOURCES."""
        return np.array([self.frequency, self.item_item, self.als, self.popularity], dtype=np.float32)


DEFAULT_WEIGHTS = BlendWeights(item_item=0.05, als=0.1, popularity=0.01)
"""Used while a shop has no week to choose weights on."""


@dataclass(frozen=True, kw_only=True)
class Blended:
    """Scores of candidates and what each source put into them."""

    scores: npt.NDArray[np.float32]
    """float32 (candidates,), higher is better."""
    contributions: npt.NDArray[np.float32]
    """float32 (candidates, sources), weighted, in the order of SOURCES; they add up to the scores."""


def source_scores(values: CandidateValues, *, as_of_days: float) -> CandidateValues:
    """float32 (candidates, sources), each 0..1, in the order of SOURCES, at `as_of_days` (days since EPOCH).

    Frequency is scaled by the largest among the candidates; all decay alike, so time alone never changes an order.
    """
    frequency = decayed_to(
        values[..., Field.DECAYED_ORDERS], values[..., Field.LAST_ORDERED_DAYS], as_of_days=as_of_days
    )
    parts = [
        scaled(frequency),
        values[..., Field.ITEM_ITEM],
        values[..., Field.ALS],
        values[..., Field.POPULARITY],
    ]
    return np.stack(parts, axis=-1)


def scaled(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The scores as shares of the largest along the last axis, 0..1; negative ones and rows of nothing are 0."""
    positive = np.maximum(scores, np.float32(0))
    largest = positive.max(axis=-1, keepdims=True, initial=0.0)
    shares: npt.NDArray[np.float32] = np.divide(positive, largest, out=np.zeros_like(positive), where=largest > 0)
    return shares


def blend_sources(sources: CandidateValues, weights: BlendWeights) -> Blended:
    """The blend of `source_scores`: float32, added in the order of SOURCES so that equal candidates stay equal."""
    contributions = sources * weights.in_order
    scores = contributions[..., 0].copy()
    for source in range(1, contributions.shape[-1]):
        scores += contributions[..., source]
    return Blended(scores=scores, contributions=contributions)


def blend(values: CandidateValues, weights: BlendWeights, as_of_days: float) -> Blended:
    """Scores and contributions of one member's candidates at `as_of_days` (days since EPOCH).

    `values` is float32 (candidates, len(CANDIDATE_FIELDS)); with a leading axis of members, so is what comes back.
    """
    return blend_sources(source_scores(values, as_of_days=as_of_days), weights)


def best_first(scores: npt.NDArray[np.float32], popularity: npt.NDArray[np.float32], product_ids: Ids) -> Rows:
    """Positions of one member's candidates by score, highest first; then by popularity, then by product id."""
    return np.lexsort((product_ids, -popularity, -scores))
