"""Rows as `set_matrix` makes them: who bought lately buys again, the others hardly; more days bring more."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from training.propensity.learning_rows import SnapshotRows
from training.propensity.set_features import FEATURE_NAMES, HORIZON_COLUMN

AT = datetime(2017, 11, 6, 5, tzinfo=UTC)


def propensity_rows(count: int, *, seed: int, horizon_days: int | None = None) -> SnapshotRows:
    """`count` labelled rows; the days since the latest purchase of the set and the horizon alone decide."""
    rng = np.random.default_rng(seed)
    matrix = rng.random((count, len(FEATURE_NAMES))).round(3).astype(np.float32)
    since = rng.integers(0, 120, count).astype(np.float32)
    since[rng.random(count) < 0.2] = np.nan
    matrix[:, FEATURE_NAMES.index("set__days_since")] = since
    horizons = rng.choice([7, 14, 28, 56], count) if horizon_days is None else np.full(count, horizon_days)
    matrix[:, HORIZON_COLUMN] = np.log(horizons)
    rate = np.where(np.isnan(since), 0.01, 0.9 * np.exp(-np.nan_to_num(since) / 20))
    return SnapshotRows(
        at=AT,
        matrix=matrix,
        happened=rng.random(count) < 1 - (1 - rate) ** (horizons / 28),
        weights=np.ones(count),
        horizons=horizons.astype(np.int64),
    )
