"""What each model asks of a shop at least, and what answers where the shop has less: decided here, told in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import duckdb

from features.contracts.settings import AffinitySettings, Settings

ModelPart = Literal["product affinity", "ranker", "purchase propensity", "forecasts", "launches"]

LEAST_PRODUCTS = 20
"""Products that there must be to choose from: two lists of ten. Below, fewer buyers make a product one of them."""
LEAST_BOUGHT = 300
"""Candidates bought in all weeks of the ranker together, below which an order cannot be learnt."""
LEAST_MEMBERS = 50
"""Active members at the latest snapshot that propensity learns from, below which the rule answers."""
LEAST_BUYERS = 5
"""Buyers within the horizon that somebody's target must have there: nothing can be measured on fewer."""

INSTEAD: dict[ModelPart, str] = {
    "product affinity": "products that fewer members bought are recommended too",
    "ranker": "the blend of sources orders instead",
    "purchase propensity": "the frequency rule answers: how often a member bought, drawn to the shop's mean",
    "forecasts": "intervals are those believed before anything was seen, and wide",
    "launches": "a new product is answered for by what was sold like it",
}
"""What answers where a model asks for more than there is."""


@dataclass(frozen=True, kw_only=True)
class Fallback:
    """A simpler thing answers in the place of a model."""

    part: ModelPart
    why: str

    @property
    def sentence(self) -> str:
        """Which model, what it found too little of, and what answers."""
        return f"{self.part}: {self.why}; {INSTEAD[self.part]}"


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """Settings as a shop can bear them."""

    settings: Settings
    fallbacks: tuple[Fallback, ...]


def fitted_to(settings: Settings, purchases: Path, *, as_of: datetime) -> Fitted:
    """The settings with `affinity.min_buyers` lowered as far as it takes for LEAST_PRODUCTS to choose from.

    Where the shop has no more products than that, as far as it takes for all of them. A shop with enough products keeps
    what is set.
    """
    asked = settings.affinity
    buyers = _buyers_of_products(purchases, asked, as_of=as_of)
    enough = sum(count >= asked.min_buyers for count in buyers)
    if not buyers or enough >= min(LEAST_PRODUCTS, len(buyers)):
        return Fitted(settings=settings, fallbacks=())
    lowered = buyers[:LEAST_PRODUCTS][-1]
    kept = sum(count >= lowered for count in buyers)
    why = (
        f"{enough} of {len(buyers)} products sold lately {'has' if enough == 1 else 'have'} {asked.min_buyers} buyers, "
        f"{kept} {'has' if kept == 1 else 'have'} {lowered}"
    )
    return Fitted(
        settings=settings.model_copy(update={"affinity": asked.model_copy(update={"min_buyers": lowered})}),
        fallbacks=(Fallback(part="product affinity", why=why),),
    )


def _buyers_of_products(purchases: Path, asked: AffinitySettings, *, as_of: datetime) -> list[int]:
    """Members who ever bought each product that sold lately, most first; those that no member bought are left out."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        found = con.execute(
            """
            SELECT count(DISTINCT member_id) AS buyers FROM read_parquet($purchases) WHERE ordered_at < $at
            GROUP BY product_id
            HAVING count(DISTINCT member_id) > 0 AND count(*) FILTER (ordered_at >= $at - to_days($window)) > 0
            ORDER BY buyers DESC
            """,
            {"purchases": str(purchases), "at": as_of, "window": asked.sold_within_days},
        ).fetchall()
    return [int(row[0]) for row in found]
