"""What can be asked of members: attributes, features, facts and tags, each read when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.contracts.filters.arrow_columns import column_of, json_column, taken
from features.contracts.filters.columns import Column
from features.tags.feature_columns import FeatureColumns
from features.tags.stored import member_tags
from serving.audiences.category_shares import CategoryBuyers, category_buyers
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

TAGS = "tags"
"""Name of the column of the members' tags."""

_KEYS = "SELECT DISTINCT unnest(json_keys(attributes)) AS name FROM read_parquet($file) WHERE attributes IS NOT NULL"
_VALUES = "SELECT CAST(json_extract(attributes, $path) AS VARCHAR) AS value FROM read_parquet($file)"
"""In the order of the file's rows."""


class MemberColumns(Mapping[str, Column]):
    """One row per member in order of `member_ids`; a column is read once, when it is first asked for.

    The contract's columns win over tags, features and facts of the same name, and those over the shop's own attributes.
    """

    def __init__(self, shop: ShopAt, member_ids: Ids) -> None:
        self._shop = shop
        self.member_ids = member_ids
        self._read: dict[str, Column] = {}
        self._features = FeatureColumns(shop.build, shop.moment, member_ids)

    def __getitem__(self, name: str) -> Column:
        if name not in self._read:
            self._read[name] = self._column(name)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        tags = (TAGS,) if self._shop.settings.tags else ()
        yield from dict.fromkeys((*self._own, *tags, *self._features, *self.given_attributes))

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
    def category_buyers(self) -> CategoryBuyers:
        """Who of the members bought from which category lately."""
        return category_buyers(self._shop, self.member_ids)

    @cached_property
    def _own(self) -> tuple[str, ...]:
        return ATTRIBUTES if self._shop.table("members") else ()

    @cached_property
    def _row_of_record(self) -> Rows:
        """int64 (members,): row of each member in the table of members, -1 where it has none."""
        file_ids = pq.read_table(self._shop.table("members"), columns=["member_id"]).column("member_id")
        return self._rows_among(file_ids)

    def _column(self, name: str) -> Column:
        file = self._shop.table("members")
        if name in self._own:
            return taken(column_of(pq.read_table(file, columns=[name]).column(name)), self._row_of_record)
        if name == TAGS and self._shop.settings.tags:
            found = member_tags(self._shop.settings, self._shop.build, at=self._shop.moment)
            return taken(column_of(found.column("tags")), self._rows_among(found.column("member_id")))
        if name in self._features:
            return self._features[name]
        if name in self.given_attributes:
            values = self._shop.rows(_VALUES, file=file, path=f'$."{name}"').column("value")
            return taken(json_column(values), self._row_of_record)
        raise KeyError(name)

    def _rows_among(self, ids: pa.ChunkedArray) -> Rows:
        found = pc.index_in(pa.array(self.member_ids, type=pa.string()), value_set=ids.combine_chunks()).fill_null(-1)
        rows: Rows = found.to_numpy(zero_copy_only=False).astype(np.int64)
        return rows
