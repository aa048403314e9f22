"""Turns stored features into the numbers that models read, once for training and for requests.

Encoded: a moment becomes days since the epoch, a number stays. Derived: what depends on `as_of` (ages, ratios) is
computed from the encoded columns. Training and requests call the same two functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts.clock import EPOCH, SECONDS_PER_DAY
from features.groups.declaration import FeatureGroup, FeatureType, Floats

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """The order of encoded features over several groups, and the numbers derived from them."""

    groups: tuple[FeatureGroup, ...]

    @property
    def stored_names(self) -> tuple[str, ...]:
        """`group__feature` of every encoded column, in order."""
        return tuple(f"{group.name}__{name}" for group in self.groups for name in group.numeric)

    @property
    def model_names(self) -> tuple[str, ...]:
        """Columns of `model_matrix`: stored numbers (moments left out) and then what is derived from them."""
        return (*(self.stored_names[i] for i in self._kept), *self._derived_names)

    def encode(self, rows: pd.DataFrame) -> Vectors:
        """float32 (rows, len(stored_names)); a missing value is NaN. Columns are named `group__feature`."""
        columns = [encode_column(rows[name]) for name in self.stored_names]
        return np.stack(columns, axis=1).astype(np.float32) if columns else np.empty((len(rows), 0), np.float32)

    def model_matrix(self, vectors: Vectors, as_of_days: Floats) -> Vectors:
        """float32 (rows, len(model_names)) at each row's `as_of`, given as days since the epoch."""
        wide = vectors.astype(np.float64)
        derived: list[Floats] = []
        start = 0
        for group in self.groups:
            columns = {name: wide[:, start + i] for i, name in enumerate(group.numeric)}
            derived.extend(each.compute(columns, as_of_days) for each in group.derived)
            start += len(group.numeric)
        parts = [wide[:, list(self._kept)], *(column[:, None] for column in derived)]
        return np.concatenate(parts, axis=1).astype(np.float32)

    @property
    def _kept(self) -> tuple[int, ...]:
        moments = {
            f"{group.name}__{feature.name}"
            for group in self.groups
            for feature in group.features
            if feature.type is FeatureType.MOMENT
        }
        return tuple(i for i, name in enumerate(self.stored_names) if name not in moments)

    @property
    def _derived_names(self) -> tuple[str, ...]:
        return tuple(f"{group.name}__{each.name}" for group in self.groups for each in group.derived)


def encode_column(values: pd.Series) -> Floats:
    """float64 (rows,): days since the epoch for moments, the number itself otherwise, NaN where missing.

    Raises TypeError for moments without a zone.
    """
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return as_days(values)
    return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def as_days(moments: pd.Series | Sequence[datetime]) -> Floats:
    """float64 (rows,): days since the epoch of each moment, NaN where there is none."""
    series = pd.Series(moments)
    days = (series - pd.Timestamp(EPOCH)).dt.total_seconds() / SECONDS_PER_DAY
    return np.asarray(days, dtype=np.float64)
