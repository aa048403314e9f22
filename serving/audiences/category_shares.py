"""How many of an audience, and of its population, bought from each category lately."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from serving.audiences.sample import spread
from serving.audiences.shop_at import ShopAt
from training.protocol import Ids, Rows

MOST_MEMBERS = 20_000
"""Members of each side that are looked at: enough for a share to one part in three hundred."""

_BUYERS = """
SELECT category, count(*) FILTER (in_audience) AS audience, count(*) FILTER (in_population) AS population
FROM read_parquet($file) JOIN asked USING (member_id) WHERE orders_91d > 0 GROUP BY category ORDER BY category
"""

Floats = npt.NDArray[np.float64]


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
    is_sampled: bool
    """Whether not everybody was looked at."""


def category_shares(shop: ShopAt, member_ids: Ids, *, chosen: Rows, population: Rows) -> CategoryShares:
    """The shares of the chosen members and of the population, both as positions in `member_ids`."""
    of_audience, of_population = spread(chosen, MOST_MEMBERS), spread(population, MOST_MEMBERS)
    both = np.union1d(of_audience, of_population)
    asked = pd.DataFrame(
        {
            "member_id": member_ids[both].astype(object),
            "in_audience": np.isin(both, of_audience),
            "in_population": np.isin(both, of_population),
        }
    )
    found = shop.rows(_BUYERS, {"asked": asked}, file=shop.snapshot("member_category"))
    return CategoryShares(
        categories=tuple(str(name) for name in found.column("category").to_pylist()),
        audience=found.column("audience").to_numpy() / max(1, len(of_audience)),
        population=found.column("population").to_numpy() / max(1, len(of_population)),
        audience_members=len(of_audience),
        population_members=len(of_population),
        is_sampled=len(of_audience) < len(chosen) or len(of_population) < len(population),
    )
