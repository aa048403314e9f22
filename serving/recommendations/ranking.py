"""Scores of a member's candidates: by the release's ranker, or by the blend where a release has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from features.store.packed_member import PackedMember
from serving.recommendations.ask import NO_PRODUCTS, ScoredProducts
from serving.recommendations.assortment import Assortment
from training.affinity.blend import UNKNOWN, BlendWeights, CandidateValues, blend
from training.protocol import Rows
from training.ranker.model import Ranker as LearntRanker
from training.ranker.model import open_ranker
from training.release.loaded import LoadedRelease

Scores = npt.NDArray[np.float32]


class Ranker(Protocol):
    """Orders candidates; the same function in evaluation, in a batch and in a request."""

    def scores(self, member: PackedMember, product_rows: Rows, values: CandidateValues, *, as_of_days: float) -> Scores:
        """float32 (products,), 0 or above, higher is better. `product_rows` are rows of the release's shelf."""


@dataclass(frozen=True, kw_only=True)
class BlendRanker:
    """The weighted sum of the sources that also cut the member's list."""

    weights: BlendWeights

    def scores(
        self,
        member: PackedMember,  # noqa: ARG002 - a ranker may look at the member
        product_rows: Rows,  # noqa: ARG002 - and at the products
        values: CandidateValues,
        *,
        as_of_days: float,
    ) -> Scores:
        return blend(values, self.weights, as_of_days).scores


@dataclass(frozen=True, kw_only=True)
class RankerOfRelease:
    """The learnt ranker, and the blend for members who have bought nothing: it learnt from buyers alone."""

    learnt: LearntRanker
    of_newcomers: BlendRanker

    def scores(self, member: PackedMember, product_rows: Rows, values: CandidateValues, *, as_of_days: float) -> Scores:
        ranker: Ranker = self.learnt if member.recent_product_ids else self.of_newcomers
        return ranker.scores(member, product_rows, values, as_of_days=as_of_days)


def ranker_of(release: LoadedRelease, *, compiled: bool) -> Ranker:
    """The ranker that a release's members are ordered by."""
    blended = BlendRanker(weights=release.affinity.weights)
    if release.ranker is None:
        return blended
    learnt = open_ranker(release.ranker, release.products, compiled=compiled)
    return RankerOfRelease(learnt=learnt, of_newcomers=blended)


def stored_candidates(packed: PackedMember, assortment: Assortment) -> tuple[Rows, CandidateValues]:
    """Rows of the shelf and values of the member's stored candidates, less those that the shelf does not know."""
    if not packed.candidate_ids:
        return NO_PRODUCTS.rows, NO_PRODUCTS.values
    rows = assortment.rows_of(packed.candidate_ids)
    known = rows >= 0
    if known.all():
        return rows, packed.candidate_values
    return rows[known], packed.candidate_values[known]


def of_the_moment(rows: Rows) -> CandidateValues:
    """Values of products that the member's list lacks: nothing is known of the member and them."""
    return np.tile(UNKNOWN, (len(rows), 1))


def scored(
    packed: PackedMember, rows: Rows, values: CandidateValues, ranker: Ranker, *, as_of_days: float
) -> ScoredProducts:
    """The products with the ranker's scores for the member."""
    if not len(rows):
        return NO_PRODUCTS
    scores = ranker.scores(packed, rows, values, as_of_days=as_of_days)
    return ScoredProducts(rows=rows, scores=scores, values=values)
