"""A release of ten literal products and a member who knows some of them, for recommending without a shop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from literal_release import AS_OF

from features.contracts.clock import days_since_epoch
from features.contracts.ids import MemberId, ProductId, ReleaseId
from features.contracts.scenario_settings import ScenarioSettings
from features.contracts.settings import load_settings
from features.store.packed_member import PackedMember, mark_of
from serving.answers import MemberRef, Recommendation, RecommendationQuery
from serving.recommendations.ranking import Ranker
from serving.recommendations.recommender import Recommender
from training.affinity.als import FittedAls
from training.affinity.blend import UNKNOWN, BlendWeights, Field
from training.affinity.item_item import Neighbours
from training.affinity.model import AffinityModel
from training.protocol import Catalogue
from training.release.attributes import ProductAttributes
from training.release.availability import Availability
from training.release.loaded import LoadedRelease
from training.release.manifest import Manifest, ModelInRelease
from training.release.products import ENCODING, ProductShelf
from training.release.together import Companions

ZONE = ZoneInfo("America/New_York")
NOW = days_since_epoch(AS_OF)

# in order of popularity: product, brand, category, price, buyers, days since the first sale, sales in 91 days
PRODUCTS: list[tuple[str, str | None, str | None, float | None, int, float, int]] = [
    ("milk", "farm", "DAIRY", 1.0, 100, 400, 90),
    ("bread", "mill", "BAKERY", 2.0, 80, 400, 80),
    ("butter", "farm", "DAIRY", 3.0, 60, 400, 70),
    ("tea", "leaf", "DRINKS", 4.0, 50, 400, 60),
    ("cream", "farm", "DAIRY", 5.0, 40, 400, 50),
    ("rolls", "mill", "BAKERY", None, 30, 400, 40),
    ("juice", None, "DRINKS", 7.0, 20, 400, 30),
    ("yoghurt", "farm", "DAIRY", 8.0, 10, 400, 20),
    # outside the catalogue: too new, without a group, and not sold for long
    ("kefir", "farm", "DAIRY", 9.0, 0, 5, 3),
    ("soap", None, None, 1.5, 0, 20, 2),
    ("relic", "mill", "BAKERY", 0.5, 0, 400, 0),
]
IDS = tuple(ProductId(each[0]) for each in PRODUCTS)
CATALOGUE = IDS[:8]

NEIGHBOURS = {"milk": {"bread": 0.5, "butter": 0.4}, "bread": {"milk": 0.5, "rolls": 0.3}, "tea": {"juice": 0.6}}
TOGETHER = {("bread", "butter"): 40, ("tea", "milk"): 10}
"""Orders, of a thousand, that hold both; each product stands in a hundred of them."""

WEIGHTS = BlendWeights(item_item=0.2, als=0.4, popularity=0.05)


def shelf() -> ProductShelf:
    """The products on a shelf."""
    names = ("product_id", "brand", "category", "price", "buyers", "days", "sales")
    rows = pd.DataFrame(PRODUCTS, columns=list(names))
    matrix = np.full((len(rows), len(ENCODING.stored_names)), np.nan, dtype=np.float32)
    for name, values in {
        "product_facts__first_sold_at": NOW - rows["days"],
        "product_facts__price": rows["price"],
        "product_facts__is_private_label": rows["brand"] == "farm",
        "product_demand__sales_91d": rows["sales"],
    }.items():
        matrix[:, ENCODING.stored_names.index(name)] = values
    table = rows[["product_id", "brand", "category", "price"]].assign(
        name=[str(each).title() for each in rows["product_id"]], department="FOOD", subcategory=None
    )
    return ProductShelf(table=table, matrix=matrix)


def release(
    *, availability: Availability | None = None, attributes: Mapping[str, Sequence[Any]] | None = None
) -> LoadedRelease:
    """The release; `attributes` by name, in the order of PRODUCTS."""
    model = ModelInRelease(name="main.product_affinity", number="1", run_id="r", metrics={})
    manifest = Manifest(
        release_id=ReleaseId("r000001"),
        as_of=AS_OF,
        feature_build="b",
        feature_schema="s",
        affinity=model,
        propensity=model,
        products=len(IDS),
        members=1,
        bytes_per_member=1,
        settings={},
        files={},
    )
    return LoadedRelease(
        manifest=manifest,
        products=shelf(),
        affinity=_affinity(),
        attributes=None if attributes is None else ProductAttributes(table=pd.DataFrame(attributes)),
        together=LiteralTogether(),  # type: ignore[arg-type]  # a fake
        availability=availability,
    )


def recommender(release: LoadedRelease, *, ranker: Ranker | None = None, **scenarios: ScenarioSettings) -> Recommender:
    """A recommender of the scenarios given by name."""
    return Recommender(release, scenarios=lambda: scenarios, zone=ZONE, ranker=ranker)


def recommend(
    by: Recommender, packed: PackedMember | None, *, scenario: str = "home", count: int = 3, **query: Any
) -> Recommendation:
    """What is recommended; `query` are further fields of RecommendationQuery."""
    member = MemberRef(member_id="anna") if packed else MemberRef(anonymous_id="somebody")
    asked = RecommendationQuery(member=member, scenario=scenario, count=count, **query)
    return by.recommend(packed, asked, as_of=AS_OF)


def member(
    bought: Mapping[str, tuple[int, float, float]],
    *,
    liked: Mapping[str, float] | None = None,
    also: Sequence[str] = (),
) -> PackedMember:
    """A member who bought products (orders, days since the latest, gap in days), is held to like others (0..1) and
    also bought some that are no candidates."""
    ids = [*bought, *(each for each in liked or {} if each not in bought)]
    values = np.tile(UNKNOWN, (len(ids), 1))
    for row, each in enumerate(ids):
        values[row, Field.ALS] = (liked or {}).get(each, 0.0)
        if each in bought:
            orders, days, gap = bought[each]
            values[row, Field.ORDERS_365D] = values[row, Field.DECAYED_ORDERS] = orders
            values[row, [Field.LAST_ORDERED_DAYS, Field.GAP_DAYS]] = NOW - days, gap
    latest = sorted(bought, key=lambda each: bought[each][1])
    return PackedMember(
        member_id=MemberId("anna"),
        as_of=AS_OF,
        vector=np.zeros(3, dtype=np.float32),
        candidate_ids=tuple(ProductId(each) for each in ids),
        candidate_values=values,
        recent_product_ids=tuple(ProductId(each) for each in latest),
        recent_ordered_days=tuple(NOW - bought[each][1] for each in latest),
        texts=(),
        bought_marks=np.array(sorted(mark_of(each) for each in also), dtype=np.uint32),
    )


ANNA = member(
    {"milk": (12, 8, 7), "bread": (6, 2, 10), "tea": (3, 40, 30), "cream": (1, 90, np.nan)},
    liked={"butter": 0.9, "juice": 0.3, "rolls": 0.05},
    also=["soap"],
)
"""Buys milk weekly (due), bread every ten days (just bought) and tea monthly (overdue); bought cream once, and soap."""


def _affinity() -> AffinityModel:
    rows = np.full((len(CATALOGUE), 2), -1, dtype=np.int32)
    similarities = np.zeros((len(CATALOGUE), 2), dtype=np.float32)
    for product, near in NEIGHBOURS.items():
        at = CATALOGUE.index(ProductId(product))
        for place, (other, value) in enumerate(near.items()):
            rows[at, place], similarities[at, place] = CATALOGUE.index(ProductId(other)), value
    nothing = np.zeros((0, 2), dtype=np.float32)
    return AffinityModel(
        as_of=AS_OF,
        seed=7,
        threads=1,
        settings=load_settings().affinity,
        weights=WEIGHTS,
        catalogue=Catalogue(product_ids=np.array(CATALOGUE), buyers=np.array([each[4] for each in PRODUCTS[:8]])),
        member_ids=np.array([], dtype=np.str_),
        als=FittedAls(member_factors=nothing, product_factors=np.zeros((len(CATALOGUE), 2), dtype=np.float32)),
        neighbours=Neighbours(rows=rows, similarities=similarities),
    )


class LiteralTogether:
    """Companions as TOGETHER says."""

    def of(self, row: int) -> Companions:
        """The companions of a row of the shelf."""
        both = {**TOGETHER, **{(b, a): orders for (a, b), orders in TOGETHER.items()}}
        found = [(IDS.index(ProductId(b)), orders) for (a, b), orders in both.items() if a == IDS[row]]
        orders = np.array([orders for _, orders in found], dtype=np.int32)
        return Companions(
            rows=np.array([row for row, _ in found], dtype=np.int64),
            orders=orders,
            support=(orders / 1000).astype(np.float32),
            confidence=(orders / 100).astype(np.float32),
            lift=(orders / 10).astype(np.float32),
        )
