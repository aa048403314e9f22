"""What a release knows of stores: which there are, and the members of each, for the stores' worklists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from training.release.profile_sections import GIVEN, REDEEMED

STORES_FILE = "stores.parquet"
MEMBERS_FILE = "store_members.parquet"
JOINED_FILE = "store_joined.parquet"
JOINED_DAYS = 31
"""Days back from the release that its list of those who joined holds."""
ROWS_PER_GROUP = 10_000
"""Rows of a file that are read together: a store's members are a few groups."""

_MEMBERS = f"""
SELECT coalesce(top_store_id, joined_store_id) AS home_store_id, member_id, last_visited_at, gap_days,
       next_expected_at, unused AS unused_campaign_ids
FROM members LEFT JOIN member_mix USING (member_id) LEFT JOIN member_rhythm USING (member_id)
LEFT JOIN (
    SELECT member_id, list(campaign_id ORDER BY campaign_id) AS unused
    FROM ({GIVEN}) ANTI JOIN ({REDEEMED}) USING (member_id, campaign_id) GROUP BY member_id
) USING (member_id)
WHERE coalesce(top_store_id, joined_store_id) IS NOT NULL AND NOT coalesce(is_staff, false)
ORDER BY home_store_id, member_id
"""
_JOINED = f"""
SELECT joined_store_id, member_id, joined_at, joined_via FROM members, now
WHERE joined_store_id IS NOT NULL AND joined_at >= as_of - INTERVAL {JOINED_DAYS} DAY AND NOT coalesce(is_staff, false)
ORDER BY joined_store_id, joined_at DESC, member_id
"""
_STORES = """
WITH home AS (SELECT home_store_id AS store_id, count(*) AS members FROM store_members GROUP BY ALL),
every AS (
    SELECT store_id FROM stores UNION SELECT store_id FROM home UNION SELECT store_id FROM associates
    UNION SELECT joined_store_id FROM members UNION SELECT store_id FROM visits, now WHERE ordered_at < as_of
)
SELECT every.store_id, any_value(name) AS name, any_value(city) AS city, any_value(region) AS region,
       coalesce(any_value(members), 0) AS members
FROM every LEFT JOIN stores USING (store_id) LEFT JOIN home USING (store_id)
WHERE every.store_id IS NOT NULL GROUP BY every.store_id ORDER BY every.store_id
"""


@dataclass(frozen=True, kw_only=True)
class Store:
    """A store, and how many members are at home in it."""

    store_id: str
    name: str | None
    city: str | None
    region: str | None
    members: int


@dataclass(frozen=True)
class Stores:
    """The stores of a release and the members of each, read from its folder when they are asked for."""

    folder: Path

    @cached_property
    def by_id(self) -> Mapping[str, Store]:
        """Every store that the tables name, in order of the id."""
        rows = pq.read_table(self.folder / STORES_FILE).to_pylist()
        return {row["store_id"]: Store(**row) for row in rows}

    def name(self, store_id: str | None) -> str | None:
        """Name of a store, None where it has none."""
        store = self.by_id.get(store_id) if store_id is not None else None
        return None if store is None else store.name

    def members(self, store_id: str) -> pa.Table:
        """Members at home in the store, ordered by id.

        home_store_id, member_id, last_visited_at, gap_days, next_expected_at, unused_campaign_ids (running campaigns
        that gave the member coupons of which none was used).
        """
        return _rows_of(self.folder / MEMBERS_FILE, "home_store_id", store_id)

    def joined(self, store_id: str) -> pa.Table:
        """Who joined in the store within JOINED_DAYS before the release, newest first: member_id, joined_at, _via."""
        return _rows_of(self.folder / JOINED_FILE, "joined_store_id", store_id)


def write_stores(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Writes the stores and their members into a release folder; `con` is one of `open_profile_tables`."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE store_members AS {_MEMBERS}")
    for file, sql in ((MEMBERS_FILE, "SELECT * FROM store_members"), (JOINED_FILE, _JOINED), (STORES_FILE, _STORES)):
        rows = con.execute(sql).to_arrow_reader(ROWS_PER_GROUP)
        with pq.ParquetWriter(folder / file, rows.schema, compression="zstd") as writer:
            for batch in rows:
                writer.write_batch(batch, row_group_size=ROWS_PER_GROUP)


def load_stores(folder: Path) -> Stores | None:
    """The stores of a release folder, None where a release has none."""
    return Stores(folder) if (folder / STORES_FILE).is_file() else None


def _rows_of(path: Path, column: str, store_id: str) -> pa.Table:
    with pq.ParquetFile(path) as file:
        place = file.schema_arrow.get_field_index(column)
        groups = [
            group
            for group in range(file.metadata.num_row_groups)
            if _may_hold(file.metadata.row_group(group).column(place).statistics, store_id)
        ]
        found = file.read_row_groups(groups)
    return found.filter(pc.equal(found[column], store_id))


def _may_hold(statistics: pq.Statistics | None, store_id: str) -> bool:
    # Parquet orders texts by their bytes in UTF-8, which is the order of their characters.
    return statistics is None or not statistics.has_min_max or statistics.min <= store_id <= statistics.max
