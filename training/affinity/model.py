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
from training.affinity.analogues import Analogues
from training.affinity.arrivals import Arrivals
from training.affinity.blend import DEFAULT_WEIGHTS, UNKNOWN, BlendWeights
from training.affinity.candidates import NO_PRODUCT, MemberCandidates, Sources, best_candidates, chunks
from training.affinity.favourites import Favourites
from training.affinity.frequency import Frequency, decayed_matrix
from training.affinity.item_item import FittedItemItem, ItemItem
from training.affinity.item_item import Neighbours as ProductNeighbours
from training.affinity.moment import ShopMoment
from training.affinity.neighbours import Neighbours
from training.affinity.next_basket import NextBasket
from training.affinity.popularity import FittedPopularity
from training.affinity.rhythm import Rhythm
from training.affinity.source import FittedSource, Scores, Source
from training.affinity.stores import StoreSales
from training.affinity.trending import Trending
from training.protocol import Catalogue, Ids, rows_of

Rank = Callable[[MemberCandidates, int], Scores]
"""Scores a union: float32 (members, places), higher is better. The number is the position of its first member."""


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
    threads: int
    settings: AffinitySettings
    weights: BlendWeights
    catalogue: Catalogue
    member_ids: Ids
    """Members by MemberRow: those with a purchase in the catalogue, in order of their id."""
    als: FittedAls
    neighbours: ProductNeighbours

    @property
    def as_of_days(self) -> float:
        """`as_of` in days since EPOCH."""
        return days_since_epoch(self.as_of)

    def sources(self, moment: ShopMoment) -> Sources:
        """The sources fitted on `moment`, which is of the model's own catalogue and may be of other members.

        Factors and neighbours of products are the model's; the rest is read off the moment, nothing of it is learnt.
        """
        return Sources(
            moment=moment,
            fitted={
                **fit_light_sources(moment, threads=self.threads, seed=self.seed),
                "als": self._als_of(moment.pairs.member_ids),
                "item_item": FittedItemItem(neighbours=self.neighbours, orders=decayed_matrix(moment.pairs)),
                "popularity": FittedPopularity(catalogue=self.catalogue),
            },
        )

    def candidates(
        self,
        sources: Sources,
        member_ids: Ids,
        *,
        rank: Rank,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> MemberCandidates:
        """The `settings.candidates` best candidates of each member, best first, unknown members included.

        `rank(union, start)` scores a union of members that begins at position `start` of `member_ids`. Memory is that
        of a chunk of members over the whole catalogue, and of the result.
        """
        count = self.settings.candidates
        product_rows = np.full((len(member_ids), count), NO_PRODUCT, dtype=np.int64)
        values = np.tile(UNKNOWN, (len(member_ids), count, 1))
        done = 0
        for ids, rows in chunks(member_ids, sources.pairs):
            union = sources.union_of(ids, rows)
            best = best_candidates(union, rank(union, done), count=count)
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
    moment: ShopMoment, settings: Settings, *, as_of: datetime, weights: BlendWeights = DEFAULT_WEIGHTS
) -> AffinityModel:
    """The model of `moment`, known at `as_of`; the same seed and moment give the same model, whatever the threads."""
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
        threads=settings.threads,
        settings=affinity,
        weights=weights,
        catalogue=moment.pairs.catalogue,
        member_ids=moment.pairs.member_ids,
        als=als.fit(moment),
        neighbours=item_item.fit(moment).neighbours,
    )


def fit_light_sources(moment: ShopMoment, *, threads: int, seed: int) -> dict[str, FittedSource]:
    """The sources that need no training, by name."""
    light: dict[str, Source] = {
        "frequency": Frequency(),
        "rhythm": Rhythm(),
        "neighbours": Neighbours(seed=seed),
        "next_basket": NextBasket(threads=threads),
        "favourite_category": Favourites(by="subcategory"),
        "favourite_brand": Favourites(by="brand_in_category"),
        "stores": StoreSales(),
        "trending": Trending(),
        "arrivals": Arrivals(),
        "analogues": Analogues(),
    }
    return {name: source.fit(moment) for name, source in light.items()}
