"""What can be asked of members: attributes of their records and features of their purchases, read when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.contracts.clock import days_since_epoch
from features.contracts.filters.columns import Column, NumberColumn
from features.groups.catalogue import GROUPS
from features.groups.declaration import Derived, FeatureGroup, FeatureType, Floats
from serving.audiences.arrow_columns import column_of, json_column, numbers_of, taken
from serving.audiences.shop_at import ShopAt
from training.protocol import Ids, Rows

ATTRIBUTES = (
    "tier",
    "gender",
    "city",
    "birth_year",
    "is_paid_member",
    "is_staff",
    "joined_via",
    "joined_store_id",
)
"""Columns of the members that say who somebody is."""

FEATURES = ("member_value", "member_rhythm", "member_mix")
"""Groups whose features can be asked for, each by its own name; moments by the days since."""

_KEYS = "SELECT DISTINCT unnest(json_keys(attributes)) AS name FROM read_parquet($file) WHERE attributes IS NOT NULL"
_VALUES = "SELECT CAST(json_extract(attributes, $path) AS VARCHAR) AS value FROM read_parquet($file)"
"""In the order of the file's rows."""


class MemberColumns(Mapping[str, Column]):
    """One row per member in order of `member_ids`; a column is read once, when it is first asked for.

    The contract's columns win over features of the same name, and those over the shop's own attributes.
    """

    def __init__(self, shop: ShopAt, member_ids: Ids) -> None:
        self._shop = shop
        self.member_ids = member_ids
        self._read: dict[str, Column] = {}
        self._rows: dict[str, Rows] = {}

    def __getitem__(self, name: str) -> Column:
        if name not in self._read:
            self._read[name] = self._column(name)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        yield from dict.fromkeys((*self._own, *self._features, *self.given_attributes))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @cached_property
    def given_attributes(self) -> tuple[str, ...]:
        """Names of the shop's own attributes of members."""
        file = self._shop.table("members")
        if file is None:
            return ()
        names = self._shop.rows(_KEYS, file=file).column("name").to_pylist()
        return tuple(sorted(name for name in names if '"' not in name and "\\" not in name))

    @cached_property
    def _own(self) -> tuple[str, ...]:
        return ATTRIBUTES if self._shop.table("members") else ()

    @cached_property
    def _features(self) -> dict[str, FeatureGroup]:
        named: dict[str, FeatureGroup] = {}
        for group in (GROUPS[name] for name in FEATURES):
            stored = [each.name for each in group.features if each.type is not FeatureType.MOMENT]
            for name in (*stored, *(each.name for each in group.derived)):
                named.setdefault(name, group)
        return named

    @cached_property
    def _ids(self) -> pa.Array:
        return pa.array(self.member_ids, type=pa.string())

    def _column(self, name: str) -> Column:
        if name in self._own:
            return self._stored("members", name)
        if name in self._features:
            group = self._features[name]
            derived = {each.name: each for each in group.derived}
            return self._derived(group, derived[name]) if name in derived else self._stored(group.name, name)
        if name in self.given_attributes:
            file = self._shop.table("members")
            found = self._shop.rows(_VALUES, file=file, path=f'$."{name}"')
            return taken(json_column(found.column("value")), self._rows_of("members"))
        raise KeyError(name)

    def _stored(self, source: str, name: str) -> Column:
        return taken(column_of(self._values(source, name)), self._rows_of(source))

    def _values(self, source: str, name: str) -> pa.ChunkedArray:
        file = self._shop.table("members") if source == "members" else self._shop.snapshot(source)
        return pq.read_table(file, columns=[name]).column(name)

    def _derived(self, group: FeatureGroup, derived: Derived) -> Column:
        columns = _Numbers(self, group.name)
        count = pq.read_metadata(self._shop.snapshot(group.name)).num_rows
        as_of = np.full(count, days_since_epoch(self._shop.moment))
        numbers = NumberColumn(numbers=np.asarray(derived.compute(columns, as_of), dtype=np.float64))
        return taken(numbers, self._rows_of(group.name))

    def stored_numbers(self, source: str, name: str) -> Floats:
        """float64 (rows of the file,): a stored feature, moments as days since EPOCH."""
        return numbers_of(self._values(source, name))

    def _rows_of(self, source: str) -> Rows:
        """int64 (members,): row of each member in a file, -1 where it has none."""
        if source not in self._rows:
            file_ids = self._values(source, "member_id").combine_chunks()
            found = pc.index_in(self._ids, value_set=file_ids).fill_null(-1)
            self._rows[source] = found.to_numpy(zero_copy_only=False).astype(np.int64)
        return self._rows[source]


class _Numbers(Mapping[str, Floats]):
    """The stored numbers of a group, each read when a derived feature asks for it."""

    def __init__(self, columns: MemberColumns, group: str) -> None:
        self._columns = columns
        self._group = group

    def __getitem__(self, name: str) -> Floats:
        return self._columns.stored_numbers(self._group, name)

    def __iter__(self) -> Iterator[str]:
        yield from GROUPS[self._group].numeric

    def __len__(self) -> int:
        return len(GROUPS[self._group].numeric)
