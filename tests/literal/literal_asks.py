"""Requests on a shelf of six products, for the scenarios that answer with whole items."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from features.contracts.clock import days_since_epoch
from features.contracts.scenario_settings import ScenarioKind, ScenarioSettings
from serving.answers import MemberRef, RecommendationQuery
from serving.recommendations.ask import NO_PRODUCTS, Ask, ScoredProducts
from training.affinity.blend import CANDIDATE_FIELDS, Field
from training.protocol import Catalogue
from training.release.contents import Contents
from training.release.loaded import LoadedRelease
from training.release.products import ENCODING, ProductShelf
from training.release.segments import Segments
from training.release.together import Together

AS_OF = datetime(2017, 12, 4, 5, tzinfo=UTC)
ZONE = ZoneInfo("America/New_York")

SHELF = ("bread", "butter", "jam", "cheese", "wine", "gone")
BREAD, BUTTER, JAM, CHEESE, WINE, GONE = range(6)


def shelf() -> ProductShelf:
    """Six products: wine has no price, and nobody bought the last one for a quarter of a year."""
    table = pd.DataFrame(
        {
            "product_id": list(SHELF),
            "name": [each.capitalize() for each in SHELF],
            "category": ["BAKERY", "DAIRY", "SPREADS", "DAIRY", "DRINKS", "DRINKS"],
            "subcategory": ["LOAVES", "BUTTER", "JAM", "CHEESE", "WINE", "WINE"],
            "price": [2.0, 1.5, 3.25, 4.0, np.nan, 1.0],
        }
    )
    matrix = np.full((6, len(ENCODING.stored_names)), np.nan, dtype=np.float32)
    matrix[:, ENCODING.stored_names.index("product_demand__sales_91d")] = [9, 9, 9, 9, 9, 0]
    return ProductShelf(table=table, matrix=matrix)


def together(
    pairs: dict[tuple[int, int], tuple[int, float]], trios: dict[tuple[int, int, int], tuple[int, float]]
) -> Together:
    """Companions and trios of (orders, lift) in 1,000 orders, in order of their first product."""
    rows = sorted(pairs.items(), key=lambda each: (each[0][0], -each[1][1]))
    threes = sorted(trios.items(), key=lambda each: (each[0][0], -each[1][1]))

    def starts(firsts: Sequence[int]) -> np.ndarray[Any, np.dtype[np.int64]]:
        counts = np.bincount(np.array(firsts, dtype=np.int64), minlength=len(SHELF))
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    return Together(
        all_orders=1_000,
        orders_of=np.full(len(SHELF), 100, dtype=np.int32),
        starts=starts([key[0] for key, _ in rows]),
        rows=np.array([key[1] for key, _ in rows], dtype=np.int32),
        orders=np.array([orders for _, (orders, _) in rows], dtype=np.int32),
        lift=np.array([lift for _, (_, lift) in rows], dtype=np.float32),
        trio_starts=starts([key[0] for key, _ in threes]),
        trio_rows=np.array([key[1:] for key, _ in threes], dtype=np.int32).reshape(len(threes), 2),
        trio_orders=np.array([orders for _, (orders, _) in threes], dtype=np.int32),
        trio_lift=np.array([lift for _, (_, lift) in threes], dtype=np.float32),
    )


def release(
    *, together: Together | None = None, contents: Contents | None = None, segments: Segments | None = None
) -> LoadedRelease:
    """A release of the shelf with these parts; its catalogue is the shelf, bread bought most."""
    catalogue = Catalogue(product_ids=np.array(SHELF, dtype=np.str_), buyers=np.arange(60, 0, -10))
    nothing: Any = None  # no scenario of whole items looks at the manifest
    affinity: Any = type("Affinity", (), {"catalogue": catalogue})()  # nor at the model beside its catalogue
    return LoadedRelease(
        manifest=nothing,
        products=shelf(),
        affinity=affinity,
        together=together,
        contents=contents,
        segments=segments,
    )


def candidates(scores: dict[int, float], *, bought: Sequence[int] = (), days_ago: float = 30.0) -> ScoredProducts:
    """A member's scored candidates; those `bought` were last ordered so many days before AS_OF."""
    values = np.zeros((len(scores), len(CANDIDATE_FIELDS)), dtype=np.float32)
    values[:, Field.LAST_ORDERED_DAYS] = [
        days_since_epoch(AS_OF) - days_ago if row in bought else np.nan for row in scores
    ]
    return ScoredProducts(
        rows=np.array(list(scores), dtype=np.int64),
        scores=np.array(list(scores.values()), dtype=np.float32),
        values=values,
    )


def ask(
    made: LoadedRelease,
    kind: ScenarioKind,
    *,
    own: ScoredProducts = NO_PRODUCTS,
    eligible: Sequence[int] | None = None,
    scenario: dict[str, object] | None = None,
    count: int = 10,
    **query: object,
) -> Ask:
    """A request of one scenario at AS_OF; `eligible` names the rows that pass the filters."""
    mask = None
    if eligible is not None:
        mask = np.isin(np.arange(len(SHELF)), list(eligible))
    asked: Any = {"member": MemberRef(member_id="anna"), "scenario": kind, "count": count, **query}
    return Ask(
        query=RecommendationQuery(**asked),
        scenario=ScenarioSettings.model_validate({"kind": kind, **(scenario or {})}),
        as_of=AS_OF,
        zone=ZONE,
        release=made,
        candidates=own,
        eligible=mask,
    )
