"""Literal pairs and a small shop with a year of orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.contracts.settings import Settings, load_settings
from features.groups.declaration import HALF_LIFE_DAYS
from training.affinity.pairs import Pairs, pairs_of
from training.protocol import Catalogue

AS_OF = datetime(2017, 12, 18, 5, 0, tzinfo=UTC)

MakePairs = Callable[..., Pairs]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of the checkout, for a shop of a few members."""
    loaded = load_settings(home=tmp_path, threads=1)
    small = {"min_buyers": 2, "factors": 8, "iterations": 5, "neighbours": 5, "candidates": 20}
    return loaded.model_copy(update={"affinity": loaded.affinity.model_copy(update=small)})


@pytest.fixture
def make_pairs() -> MakePairs:
    """Makes pairs of literal (member, product, orders, days since the latest) and the products' buyers."""

    def make(rows: Sequence[tuple[str, str, float, float]], buyers: dict[str, int]) -> Pairs:
        products = sorted(buyers, key=lambda product: (-buyers[product], product))
        catalogue = Catalogue(product_ids=np.array(products), buyers=np.array([buyers[each] for each in products]))
        frame = pd.DataFrame(rows, columns=["member_id", "product_id", "orders", "days"])
        features = pd.DataFrame(
            {
                "member_id": frame["member_id"].astype(object),
                "product_id": frame["product_id"].astype(object),
                "member_product__orders_365d": frame["orders"],
                "member_product__decayed_orders": frame["orders"],
                "member_product__last_ordered_at": pd.to_datetime(
                    [AS_OF - timedelta(days=days) for days in frame["days"]], utc=True
                ),
                "member_product__gap_days": np.nan,
            }
        )
        return pairs_of(features, catalogue, as_of=AS_OF)

    return make


@pytest.fixture
def checkerboard(make_pairs: MakePairs) -> Pairs:
    """Even members buy even products, odd ones odd products; member m0 has not bought p4 yet, nor m1 p5."""
    rows = [
        (f"m{member}", f"p{product}", 1.0, 1.0)
        for member in range(8)
        for product in range(8)
        if member % 2 == product % 2 and (member, product) not in {(0, 4), (1, 5)}
    ]
    return make_pairs(rows, {f"p{product}": 4 for product in range(8)})


class LiteralHistory:
    """Purchases as a build holds them, and the features of `product_affinity` computed from them by hand."""

    def __init__(self, folder: Path, purchases: pd.DataFrame) -> None:
        self.folder = folder
        self.purchases = purchases
        purchases.to_parquet(folder / "purchases.parquet")

    @property
    def build(self) -> LiteralHistory:
        return self

    def keys_at(self, group: str, moment: datetime) -> pd.DataFrame:
        assert group == "member_product"
        return self._seen(moment)[["member_id", "product_id"]].drop_duplicates()

    def features_at(self, service: str, rows: pd.DataFrame) -> pd.DataFrame:
        assert service == "product_affinity"
        moment = rows["event_timestamp"].iloc[0]
        seen = self._seen(moment)
        last = seen.groupby(["member_id", "product_id"])["ordered_at"].transform("max")
        age = (last - seen["ordered_at"]).dt.total_seconds() / 86_400
        habits = (
            seen.assign(decay=0.5 ** (age / HALF_LIFE_DAYS))
            .groupby(["member_id", "product_id"])
            .agg(
                member_product__orders_365d=("decay", "size"),
                member_product__decayed_orders=("decay", "sum"),
                member_product__last_ordered_at=("ordered_at", "max"),
            )
            .assign(member_product__gap_days=np.nan)
        )
        return rows.merge(habits.reset_index(), on=["member_id", "product_id"], how="left")

    def _seen(self, moment: datetime) -> pd.DataFrame:
        return self.purchases[self.purchases["ordered_at"] < pd.Timestamp(moment)]


@pytest.fixture
def small_history(tmp_path: Path) -> LiteralHistory:
    """Twenty members, thirty products, fifty weeks: each member has five favourites and tries others."""
    rng = np.random.default_rng(3)
    rows = []
    for member in range(20):
        favourites = rng.choice(30, size=5, replace=False)
        for week in range(50):
            day = datetime(2017, 1, 3, tzinfo=UTC) + timedelta(weeks=week, hours=int(rng.integers(100)))
            bought = {*rng.choice(favourites, size=2).tolist(), int(rng.integers(30))}
            rows += [(f"m{member:02}", f"p{product:02}", day) for product in sorted(bought)]
    purchases = pd.DataFrame(rows, columns=["member_id", "product_id", "ordered_at"])
    purchases["ordered_at"] = pd.to_datetime(purchases["ordered_at"], utc=True)
    return LiteralHistory(tmp_path, purchases)
