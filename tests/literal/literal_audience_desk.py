"""A desk over the literal shop of audiences: a release of six products, and a model that knows six probabilities."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from literal_audience_shop import AT, MEMBERS

from features.contracts.clock import days_since_epoch
from features.contracts.ids import ReleaseId
from serving.audiences.desk import Desk
from serving.audiences.shop_at import ShopAt
from training.propensity.forecast import ForecastModel
from training.propensity.scored import Kind, ScoredMembers
from training.propensity.scorer import Progress
from training.propensity.target import EventTarget, LapseTarget, LaunchDescription, Target
from training.protocol import Rows
from training.release.manifest import Manifest, ModelInRelease
from training.release.products import ENCODING, ProductShelf

NAMES = ("set__days_since", "member_value__spend_91d")


@dataclass(frozen=True)
class Words:
    """A feature in words."""

    en: str
    zh: str
    unit: str = "number"


@dataclass
class LiteralScorer:
    """Gives six members the same probabilities whatever the target is, and remembers what it was asked for."""

    forecast: ForecastModel = field(default_factory=lambda: ForecastModel(laws={}))
    asked: list[Target] = field(default_factory=list)

    def score(self, target: Target, *, horizon_days: int, progress: Progress) -> ScoredMembers:
        progress(0, 1, "scoring")
        self.asked.append(target)
        kinds: dict[type, Kind] = {LaunchDescription: "launch", EventTarget: "event", LapseTarget: "lapse"}
        today = days_since_epoch(AT)
        return ScoredMembers(
            target=target,
            kind=kinds.get(type(target), "products"),
            horizon_days=horizon_days,
            member_ids=np.array(MEMBERS),
            probabilities=np.array([0.5, 0.75, 0.25, 0.5, 0.125, 0.0625]),
            revenue_if_bought=np.array([4.0, 8.0, 4.0, 4.0, 16.0, 4.0]),
            last_bought_days=np.array([today - 3, *[np.nan] * 5], dtype=np.float32),
            last_visit_days=np.array([today - days for days in (5, 8, 200, 80, 90, 20)], dtype=np.float32),
            feature_names=NAMES,
            matrix=np.array([[5, 1], [8, 2], [99, 3], [80, 4], [90, 5], [20, 6]], dtype=np.float32),
        )

    def contributions(self, scored: ScoredMembers, rows: Rows) -> np.ndarray:
        """A tenth of each feature."""
        return scored.matrix[rows] / 10


def literal_desk(shop: ShopAt, folder: Path) -> Desk:
    """A desk whose release stands in `folder`; m2, m3 and m4 can be reached by every channel."""
    folder.mkdir(parents=True, exist_ok=True)
    products = pd.DataFrame(
        {
            "product_id": ["p2", "p1", "p4"],
            "name": ["Gouda", "Brie", "Merlot"],
            "brand": ["Alp", "Alp", "Hills"],
            "department": ["FOOD", "FOOD", "DRINKS"],
            "category": ["CHEESE", "CHEESE", "WINE"],
            "subcategory": ["HARD CHEESE", "SOFT CHEESE", "RED WINE"],
            "price": [8.0, 4.0, 12.0],
        }
    )
    ProductShelf(products, np.ones((3, len(ENCODING.stored_names)), dtype=np.float32)).save(folder)
    model = ModelInRelease(name="main.purchase_propensity", number="3", run_id="r", metrics={})
    return Desk(
        release=Manifest(
            release_id=ReleaseId("r000001"),
            as_of=AT,
            feature_build="b1",
            feature_schema="f1",
            affinity=model,
            propensity=model,
            products=3,
            members=6,
            bytes_per_member=1,
            settings={},
            files={},
        ),
        release_folder=folder,
        shop=shop,
        history=None,  # type: ignore[arg-type]  # read for coupons alone, and the release has none
        scorer=LiteralScorer(),
        words=lambda name: Words(en=name, zh=name),
        reachable=lambda _settings, _channel: np.array(["m2", "m3", "m4", "m9"]),
    )
