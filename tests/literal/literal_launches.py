"""A shop of snackers and washers, to whom a snack and a soap are launched every other week."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from features.contracts.settings import Settings, load_settings
from features.prepared import GROUPINGS_FILE, PURCHASES_FILE, VISITS_FILE
from features.snapshots import FeatureBuild

FIRST = datetime(2020, 1, 6, 12, tzinfo=UTC)
WEEKS = 30
MEMBERS = 60
"""The first half snacks, the second half washes."""
STAPLES = 6
"""Products of each kind that are sold from the beginning."""
FIRST_LAUNCH_WEEK, LAST_LAUNCH_WEEK = 8, 25


def launch_settings(home: Path, **overrides: object) -> Settings:
    """Settings under which so small a shop has launches."""
    launches = {
        "min_buyers": 5,
        "least_launches": 4,
        "most_launches": 100,
        "simulated": 10,
        "most_rows": 100_000,
        "negative_share": 0.5,
        "rounds": 20,
        "learning_rate": 0.1,
        "leaves": 4,
        "min_rows_in_leaf": 20,
        "feature_share": 0.8,
    }
    settings = load_settings(home=home, timezone="UTC", threads=1, launches={**launches, **overrides})
    return settings.model_copy(
        update={"features": settings.features.model_copy(update={"week_anchor": FIRST.replace(hour=0)})}
    )


def write_launching_shop(folder: Path, *, later: bool = True) -> FeatureBuild:
    """A build of the shop; without `later` nothing is sold from week 20 on."""
    folder.mkdir(parents=True, exist_ok=True)
    purchases = purchases_of_shop()
    if not later:
        purchases = purchases[purchases["ordered_at"] < FIRST + timedelta(weeks=20)]
    purchases.to_parquet(folder / PURCHASES_FILE)
    visits = purchases.groupby(["member_id", "order_id"], as_index=False).agg(
        ordered_at=("ordered_at", "min"), spend=("spend", "sum")
    )
    visits.to_parquet(folder / VISITS_FILE)
    groupings_of_shop().to_parquet(folder / GROUPINGS_FILE)
    return FeatureBuild(
        version="1", folder=folder, tables_version="1", as_of=FIRST + timedelta(weeks=WEEKS), moments=()
    )


def groupings_of_shop() -> pd.DataFrame:
    """One row per product, sorted by id."""
    rows = [
        {
            "product_id": product,
            "department": "ALL",
            "category": "SNACKS" if product.startswith("snack") else "SOAPS",
            "subcategory": "CRISPS" if product.startswith("snack") else "BARS",
            "brand": "Maker 1",
            "is_private_label": False,
        }
        for product in sorted({*_staples("snack"), *_staples("soap"), *_launches("snack"), *_launches("soap")})
    ]
    return pd.DataFrame(rows)


def purchases_of_shop() -> pd.DataFrame:
    """Every week each member buys two staples of their kind and, half the time, the newest product of it."""
    random = np.random.default_rng(1)
    rows = []
    for week in range(WEEKS):
        for member in range(MEMBERS):
            kind = "snack" if member < MEMBERS // 2 else "soap"
            at = FIRST + timedelta(weeks=week, minutes=member)
            bought = list(random.choice(_staples(kind), 2, replace=False))
            newest = [name for name in _launches(kind) if int(name[-2:]) <= week][-1:]
            if newest and random.random() < 0.5:
                bought += newest
            rows += [
                {
                    "member_id": f"m{member:02d}",
                    "product_id": product,
                    "order_id": f"o{week:02d}{member:02d}",
                    "ordered_at": pd.Timestamp(at),
                    "spend": 2.0,
                    "list_spend": 2.0,
                    "quantity": 1.0,
                }
                for product in bought
            ]
    return pd.DataFrame(rows)


def _staples(kind: str) -> list[str]:
    return [f"{kind}-staple-{number}" for number in range(STAPLES)]


def _launches(kind: str) -> list[str]:
    return [f"{kind}-launch-{week:02d}" for week in range(FIRST_LAUNCH_WEEK, LAST_LAUNCH_WEEK + 1, 2)]
