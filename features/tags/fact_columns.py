"""Facts of members as filters read them: `facts.points` is the latest value as of the moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.contracts.errors import NothingLoaded
from features.contracts.filters.arrow_columns import column_of, taken
from features.contracts.filters.columns import Column
from features.groups.catalogue import GROUPS
from features.snapshots import FeatureBuild

FACT = "facts."
"""What a fact's name stands behind in a filter."""


class FactColumns(Mapping[str, Column]):
    """One row per member in order of `member_ids`.

    A fact is a number where half of its values are or more, the others being missing then, else a text. Which of the
    two is told by the latest snapshot of the build, so that a filter means the same at every moment.
    """

    def __init__(self, build: FeatureBuild, moment: datetime, member_ids: npt.NDArray[np.str_]) -> None:
        self._build = build
        self._moment = moment
        self._ids = member_ids

    def __getitem__(self, name: str) -> Column:
        fact = name.removeprefix(FACT)
        if not name.startswith(FACT) or fact not in self._is_number:
            raise KeyError(name)
        column = "number" if self._is_number[fact] else "value"
        found = _of_fact(self._file(self._moment), fact, column)
        rows = pc.index_in(pa.array(self._ids, type=pa.string()), value_set=found.column("member_id").combine_chunks())
        at = rows.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        return taken(column_of(found.column(column)), at)

    def __contains__(self, name: object) -> bool:
        # a Mapping's own answer would read the column
        return isinstance(name, str) and name.startswith(FACT) and name.removeprefix(FACT) in self._is_number

    def __iter__(self) -> Iterator[str]:
        return (FACT + fact for fact in self._is_number)

    def __len__(self) -> int:
        return len(self._is_number)

    @cached_property
    def _is_number(self) -> dict[str, bool]:
        file = self._file(self._build.as_of)
        if file is None:
            return {}
        counts = pq.read_table(file, columns=["fact", "value", "number"]).group_by("fact")
        table = counts.aggregate([("value", "count"), ("number", "count")]).sort_by("fact")
        told = zip(*(table.column(name).to_pylist() for name in ("fact", "value_count", "number_count")), strict=True)
        return {fact: 0 < values <= 2 * numbers for fact, values, numbers in told}

    def _file(self, moment: datetime) -> Path | None:
        try:
            return self._build.known_snapshot(GROUPS["member_facts"], moment)
        except NothingLoaded:
            return None


def _of_fact(file: Path | None, fact: str, column: str) -> pa.Table:
    if file is None:
        type_ = pa.float64() if column == "number" else pa.string()
        return pa.table({"member_id": pa.array([], pa.string()), column: pa.array([], type_)})
    return pq.read_table(file, columns=["member_id", column], filters=pc.field("fact") == fact)
