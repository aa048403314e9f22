"""Features of members as filters read them: each column is read from its snapshot when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.contracts.clock import days_since_epoch
from features.contracts.filters.arrow_columns import column_of, numbers_of, taken
from features.contracts.filters.columns import Column, NumberColumn
from features.groups.catalogue import GROUPS
from features.groups.declaration import Derived, FeatureGroup, FeatureType
from features.snapshots import FeatureBuild
from features.tags.fact_columns import FACT, FactColumns
from features.tags.stored_numbers import StoredNumbers

Ids = npt.NDArray[np.str_]
Rows = npt.NDArray[np.int64]

MEMBER_GROUPS = (
    "member_value",
    "member_rhythm",
    "member_mix",
    "member_coupons",
    "member_standing",
    "member_advocacy",
)
"""Groups whose features can be asked for, each by its own name; moments by the days since."""


def groups_by_feature(*names: str) -> dict[str, FeatureGroup]:
    """Every name that can be asked of these groups; of a name that two have, the group named first."""
    named: dict[str, FeatureGroup] = {}
    for group in (GROUPS[name] for name in names):
        stored = [each.name for each in group.features if each.type is not FeatureType.MOMENT]
        for name in (*stored, *(each.name for each in group.derived)):
            named.setdefault(name, group)
    return named


class FeatureColumns(Mapping[str, Column]):
    """One row per member in order of `member_ids`, as known at `moment`; facts under `facts.NAME`.

    A column is read once, when it is first asked for.
    """

    def __init__(self, build: FeatureBuild, moment: datetime, member_ids: Ids) -> None:
        self._build = build
        self._moment = moment
        self._member_ids = member_ids
        self._groups = groups_by_feature(*MEMBER_GROUPS)
        self._rows: dict[str, Rows] = {}
        self._read: dict[str, Column] = {}

    def __getitem__(self, name: str) -> Column:
        if name not in self._read:
            self._read[name] = self._column(name)
        return self._read[name]

    def _column(self, name: str) -> Column:
        if name.startswith(FACT):
            return self._facts[name]
        group = self._groups[name]
        derived = next((each for each in group.derived if each.name == name), None)
        column = column_of(self._values(group, name)) if derived is None else self._derived(group, derived)
        return taken(column, self._rows_of(group))

    def __contains__(self, name: object) -> bool:
        # a Mapping's own answer would read the column
        return name in self._groups or name in self._facts

    def __iter__(self) -> Iterator[str]:
        yield from self._groups
        yield from self._facts

    def __len__(self) -> int:
        return len(self._groups) + len(self._facts)

    @cached_property
    def _facts(self) -> FactColumns:
        return FactColumns(self._build, self._moment, self._member_ids)

    def _values(self, group: FeatureGroup, name: str) -> pa.ChunkedArray:
        return pq.read_table(self._build.known_snapshot(group, self._moment), columns=[name]).column(name)

    def _derived(self, group: FeatureGroup, derived: Derived) -> Column:
        stored = StoredNumbers(lambda name: numbers_of(self._values(group, name)), group)
        count = pq.read_metadata(self._build.known_snapshot(group, self._moment)).num_rows
        as_of = np.full(count, days_since_epoch(self._moment))
        return NumberColumn(numbers=np.asarray(derived.compute(stored, as_of), dtype=np.float64))

    def _rows_of(self, group: FeatureGroup) -> Rows:
        """int64 (members,): row of each member in the group's file, -1 where it has none."""
        if group.name not in self._rows:
            file_ids = self._values(group, "member_id").combine_chunks()
            found = pc.index_in(pa.array(self._member_ids, type=pa.string()), value_set=file_ids).fill_null(-1)
            self._rows[group.name] = found.to_numpy(zero_copy_only=False).astype(np.int64)
        return self._rows[group.name]
