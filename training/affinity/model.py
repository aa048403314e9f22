"""The affinity model: factors, neighbours, popularity and blend weights of one moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from features.contracts.clock import days_since_epoch
from features.contracts.ids import ProductId
from features.contracts.settings import AffinitySettings, Settings
from training.affinity.als import Als, FittedAls
from training.affinity.blend import CANDIDATE_FIELDS, DEFAULT_WEIGHTS, BlendWeights
from training.affinity.candidates import (
    NO_PRODUCT,
    MemberCandidates,
    Sources,
    best_candidates,
    chunks,
)
from training.affinity.frequency import decayed_matrix
from training.affinity.item_item import FittedItemItem, ItemItem, Neighbours
from training.affinity.pairs import Pairs
from training.affinity.popularity import FittedPopularity
from training.protocol import Catalogue, Ids, rows_of


@dataclass(frozen=True, kw_only=True)
class SimilarProduct:
    """A product bought by the same members as another."""

    product_id: ProductId
    similarity: float
    """Cosine over members' decayed orders, 0..1."""


@dataclass(frozen=True, kw_only=True)
class AffinityModel:
    """What was learnt from every pair before `as_of`."""

    as_of: datetime
    seed: int
    settings: AffinitySettings
    weights: BlendWeights
    catalogue: Catalogue
    member_ids: Ids
    """Members by MemberRow: those with a purchase in the catalogue, in order of their id."""
    als: FittedAls
    neighbours: Neighbours

    @property
    def as_of_days(self) -> float:
        """`as_of` in days since EPOCH."""
        return days_since_epoch(self.as_of)

    def sources(self, pairs: Pairs) -> Sources:
        """The fitted sources over `pairs` of the model's own catalogue, which may be of other members."""
        return Sources(
            pairs=pairs,
            als=self._als_of(pairs.member_ids),
            item_item=FittedItemItem(neighbours=self.neighbours, orders=decayed_matrix(pairs)),
            popularity=FittedPopularity(catalogue=self.catalogue),
        )

    def candidates(
        self, pairs: Pairs, member_ids: Ids, *, progress: Callable[[int, int], None] = lambda _done, _all: None
    ) -> MemberCandidates:
        """The `settings.candidates` best candidates of each member, best first, unknown members included.

        `pairs` are those of the model's catalogue. Memory is that of a chunk of members over the whole catalogue, and
        of the result.
        """
        sources = self.sources(pairs)
        count = self.settings.candidates
        product_rows = np.full((len(member_ids), count), NO_PRODUCT, dtype=np.int64)
        values = np.zeros((len(member_ids), count, len(CANDIDATE_FIELDS)), dtype=np.float32)
        done = 0
        for ids, rows in chunks(member_ids, pairs):
            union = sources.union_of(ids, rows)
            best = best_candidates(union, self.weights, as_of_days=pairs.as_of_days, count=count)
            width = best.product_rows.shape[1]
            product_rows[done : done + len(ids), :width] = best.product_rows
            values[done : done + len(ids), :width] = best.values
            done += len(ids)
            progress(done, len(member_ids))
        return MemberCandidates(
            catalogue=self.catalogue, member_ids=member_ids, product_rows=product_rows, values=values
        )

    def similar(self, product_id: ProductId, count: int) -> list[SimilarProduct]:
        """The `count` products most similar to one, most similar first; empty for a product outside the catalogue."""
        row = int(self.catalogue.rows_of(np.array([product_id], dtype=np.str_))[0])
        if row < 0:
            return []
        near = zip(self.neighbours.rows[row], self.neighbours.similarities[row], strict=True)
        others = [(other, value) for other, value in near if other != row and other != NO_PRODUCT and value > 0]
        return [
            SimilarProduct(product_id=ProductId(str(self.catalogue.product_ids[other])), similarity=float(value))
            for other, value in others[:count]
        ]

    def _als_of(self, member_ids: Ids) -> FittedAls:
        """The members' factors in another order of members; one that the model has not seen gets zeros."""
        rows = rows_of(member_ids, self.member_ids)
        factors = np.zeros((len(rows), self.als.product_factors.shape[1]), dtype=np.float32)
        factors[rows >= 0] = self.als.member_factors[rows[rows >= 0]]
        return FittedAls(member_factors=factors, product_factors=self.als.product_factors)


def fit_affinity(
    pairs: Pairs, settings: Settings, *, as_of: datetime, weights: BlendWeights = DEFAULT_WEIGHTS
) -> AffinityModel:
    """The model of `pairs` as known at `as_of`; the same seed and pairs give the same model, whatever the threads."""
    affinity = settings.affinity
    als = Als(
        factors=affinity.factors,
        regularization=affinity.regularization,
        iterations=affinity.iterations,
        alpha=affinity.alpha,
        seed=settings.seed,
        threads=settings.threads,
    )
    item_item = ItemItem(neighbours=affinity.neighbours, threads=settings.threads)
    return AffinityModel(
        as_of=as_of,
        seed=settings.seed,
        settings=affinity,
        weights=weights,
        catalogue=pairs.catalogue,
        member_ids=pairs.member_ids,
        als=als.fit(pairs),
        neighbours=item_item.fit(pairs).neighbours,
    )
