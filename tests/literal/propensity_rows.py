"""Rows as the feature service `purchase_propensity` gives them: who bought lately buys again, the others hardly."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from features.encoding import as_days
from features.groups.declaration import FeatureType
from training.propensity.model import ENCODING
from training.propensity.rows import LABEL

AT = datetime(2017, 11, 6, 5, tzinfo=UTC)


def propensity_rows(count: int, *, seed: int) -> pd.DataFrame:
    """`count` labelled rows of four categories; the days since the latest order alone decide, the rest is noise."""
    rng = np.random.default_rng(seed)
    columns: dict[str, object] = {
        "member_id": [f"m{n:05}" for n in range(count)],
        "category": [f"C{n % 4}" for n in range(count)],
        "event_timestamp": pd.Timestamp(AT),
    }
    for group in ENCODING.groups:
        for feature in group.features:
            name = f"{group.name}__{feature.name}"
            if feature.type is FeatureType.MOMENT:
                days = pd.to_timedelta(rng.integers(0, 120, count), unit="D")
                columns[name] = (pd.Timestamp(AT) - days).astype("datetime64[us, UTC]")
            elif feature.type is FeatureType.TEXT:
                columns[name] = "text"
            else:
                columns[name] = rng.random(count).round(3)
    rows = pd.DataFrame(columns)
    never = rng.random(count) < 0.2
    rows.loc[never, "member_category__last_ordered_at"] = pd.NaT
    days = as_days(rows["event_timestamp"]) - as_days(rows["member_category__last_ordered_at"])
    chance = np.where(np.isnan(days), 0.01, 0.6 * np.exp(-np.nan_to_num(days) / 20))
    rows[LABEL] = rng.random(count) < chance
    return rows
