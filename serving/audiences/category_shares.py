"""How many of an audience, and of its population, bought from each category lately."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from serving.audiences.shop_at import ShopAt
from training.protocol import Ids, Rows

_BUYERS = """
SELECT place, row FROM read_parquet($file)
JOIN members USING (member_id) JOIN categories USING (category) WHERE orders_91d > 0
"""
_CATEGORIES = "SELECT DISTINCT category FROM read_parquet($file) WHERE orders_91d > 0 ORDER BY category"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class CategoryBuyers:
    """Members with a purchase within 91 days, category by category."""

    categories: tuple[str, ...]
    """Sorted; each has somebody."""
    starts: Rows
    """int64 (categories,): where each category's members begin."""
    members: npt.NDArray[np.int32]
    """int32: positions of members, those of the first category first."""

    def counts(self, among: npt.NDArray[np.bool_]) -> Rows:
        """int64 (categories,): buyers among the members that bool (members,) is true of."""
        if not len(self.categories):
            return np.zeros(0, dtype=np.int64)
        counted: Rows = np.add.reduceat(among[self.members], self.starts, dtype=np.int64)
        return counted


@dataclass(frozen=True, kw_only=True)
class CategoryShares:
    """Shares of members with a purchase within 91 days, by category."""

    categories: tuple[str, ...]
    audience: Floats
    """float64 (categories,)."""
    population: Floats
    audience_members: int
    """Members that the audience's shares are taken over."""
    population_members: int


def category_buyers(shop: ShopAt, member_ids: Ids) -> CategoryBuyers:
    """Who of the members bought from each category; of somebody else nothing is known."""
    file = shop.snapshot("member_category")
    names = [str(name) for name in shop.rows(_CATEGORIES, file=file).column("category").to_pylist()]
    frames = {
        "members": pd.DataFrame(
            {"member_id": member_ids.astype(object), "row": np.arange(len(member_ids), dtype="i4")}
        ),
        "categories": pd.DataFrame(
            {"category": pd.Series(names, dtype=object), "place": np.arange(len(names), dtype="i4")}
        ),
    }
    found = shop.rows(_BUYERS, frames, file=file)
    places = found.column("place").to_numpy()
    order = np.argsort(places, kind="stable")
    held, starts = np.unique(places[order], return_index=True)
    return CategoryBuyers(
        categories=tuple(names[place] for place in held.tolist()),
        starts=starts.astype(np.int64),
        members=found.column("row").to_numpy()[order].astype(np.int32),
    )


def category_shares(buyers: CategoryBuyers, *, count: int, chosen: Rows, population: Rows) -> CategoryShares:
    """The shares of the chosen members and of the population, both as positions among `count` members."""
    of_audience, of_population = np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_)
    of_audience[chosen], of_population[population] = True, True
    return CategoryShares(
        categories=buyers.categories,
        audience=buyers.counts(of_audience) / max(1, len(chosen)),
        population=buyers.counts(of_population) / max(1, len(population)),
        audience_members=len(chosen),
        population_members=len(population),
    )
