"""Reads features as they were known at past moments: point-in-time joins through Feast."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np
import pandas as pd
from feast import FeatureStore

from features.contracts.errors import NothingLoaded
from features.contracts.settings import Settings
from features.groups.catalogue import GROUPS
from features.snapshots import FeatureBuild
from features.store.connection import open_history_store, registered_services

EVENT_TIMESTAMP = "event_timestamp"
"""Column of entity rows: the moment as of which features are asked for, UTC."""

_ROW = "row_number"


@dataclass(frozen=True, kw_only=True)
class History:
    """Features of one build at past moments."""

    build: FeatureBuild
    store: FeatureStore

    def features_at(self, service: str, rows: pd.DataFrame) -> pd.DataFrame:
        """`rows` with the features of a feature service, each as of its own `event_timestamp`.

        `rows` has the service's keys and `event_timestamp`. Features are named `group__feature`; a key that was not
        known at the moment has nulls. Rows keep their order.
        """
        asked = rows.assign(**{_ROW: np.arange(len(rows))})
        found = self.store.get_historical_features(
            entity_df=asked, features=registered_services()[service], full_feature_names=True
        ).to_df()
        return found.sort_values(_ROW, ignore_index=True).drop(columns=_ROW)

    def keys_at(self, group: str, moment: datetime) -> pd.DataFrame:
        """The keys that a group has rows for at one of the build's moments. Raises NothingLoaded."""
        file = self.build.snapshot(GROUPS[group], moment)
        if not file.is_file():
            raise NothingLoaded(f"features: no snapshot of {group} at {moment:%Y-%m-%d %H:%M}; run `faces features`")
        keys = ", ".join(GROUPS[group].keys)
        with duckdb.connect() as con:
            return con.execute(f"SELECT {keys} FROM read_parquet($file) ORDER BY {keys}", {"file": str(file)}).df()


def open_history(settings: Settings, build: FeatureBuild) -> History:
    """History of a feature build."""
    return History(build=build, store=open_history_store(settings, build.folder))
