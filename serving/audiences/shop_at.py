"""The shop's tables and snapshots as known at the moment of an audience."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.contracts.settings import Settings
from features.groups.catalogue import GROUPS
from features.snapshots import FeatureBuild
from features.sources.casting import literal_path
from features.tables.session import open_session
from training.protocol import Ids

MEMORY = "800MB"
"""DuckDB's share of a build; what does not fit is spilled."""
NO_FRAMES: Mapping[str, pd.DataFrame] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class ShopAt:
    """One moment of a shop; what happened at it or later is not seen."""

    settings: Settings
    build: FeatureBuild
    moment: datetime

    @cached_property
    def tables_folder(self) -> Path:
        """The tables that the features were built from."""
        return self.settings.paths.tables / self.build.tables_version

    def table(self, name: str) -> Path | None:
        """File of a table, None where it was not handed over."""
        file = self.tables_folder / f"{name}.parquet"
        return file if file.is_file() else None

    def snapshot(self, group: str) -> Path:
        """File of a group's rows: the snapshot at the moment, else the latest before it. Raises NothingLoaded."""
        return self.build.known_snapshot(GROUPS[group], self.moment)

    def count_of(self, name: str) -> int:
        """Rows of a table, 0 where it was not handed over."""
        file = self.table(name)
        return 0 if file is None else int(pq.read_metadata(file).num_rows)

    def since(self, days: float) -> datetime:
        """The moment so many days before."""
        return self.moment - timedelta(days=days)

    def rows(self, sql: str, frames: Mapping[str, pd.DataFrame] = NO_FRAMES, **parameters: object) -> pa.Table:
        """What a query over Parquet files finds.

        `parameters` are its $names, a Path among them is a file; `frames` are the tables that it names.
        """
        return self._found(sql, frames, parameters)

    def ids(self, sql: str, **parameters: object) -> Ids:
        """str (rows,): the first column of what a query finds."""
        return np.asarray(self._found(sql, NO_FRAMES, parameters).column(0).to_numpy(), dtype=np.str_)

    def _found(self, sql: str, frames: Mapping[str, pd.DataFrame], parameters: Mapping[str, object]) -> pa.Table:
        given = {name: literal_path(value) if isinstance(value, Path) else value for name, value in parameters.items()}
        with contextlib.closing(open_session(self.settings, zone="UTC", memory=MEMORY)) as con:
            for name, frame in frames.items():
                con.register(name, frame)
            return con.execute(sql, given).to_arrow_table()
