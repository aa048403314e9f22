"""The tables that profiles and the stores' lists are made of, as of a release's moment, held by one connection."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from features.contracts.settings import Settings
from features.groups.catalogue import GROUPS
from features.prepared import VISITS_FILE
from features.snapshots import FeatureBuild
from features.sources.casting import literal_path
from features.tables.storage import stored_columns
from training.coupons.tables import open_coupon_tables

_TABLES = ("members", "member_ids", "member_records", "associates", "stores", "campaigns")
_GROUPS = ("member_mix", "member_rhythm", "member_category", "member_facts")
_OPTIONAL = {"members": {"name_encrypted": "VARCHAR"}}
"""Columns that tables of before do not have."""


@contextlib.contextmanager
def open_profile_tables(
    settings: Settings, build: FeatureBuild, tags: pa.Table, *, as_of: datetime
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with what `training.coupons.tables` has, the shop's people and stores, and the features at `as_of`.

    A table that was not handed over is empty, and so is a group without a snapshot of the moment. `members` has those
    who were known at `as_of` alone. `tags` has member_id and tags. `now` has one row:
    `as_of`, and the shops' `zone`.
    """
    folder = settings.paths.tables / build.tables_version
    columns = {table: {name: type_.value for name, type_ in each.items()} for table, each in stored_columns().items()}
    with open_coupon_tables(settings, build) as coupon_tables:
        con = coupon_tables.con
        for table in _TABLES:
            view = EVERYBODY if table == "members" else table
            _create_view(con, view, folder / f"{table}.parquet", columns[table] | _OPTIONAL.get(table, {}))
        for name in _GROUPS:
            group = GROUPS[name]
            types = dict.fromkeys(group.keys, "VARCHAR") | {
                feature.name: _TYPES[feature.type.value] for feature in group.features
            }
            _create_view(con, name, build.snapshot(group, as_of), types)
        _create_view(con, "visits", build.folder / VISITS_FILE, _VISITS)
        con.register("given_tags", tags)
        moment = {"as_of": as_of, "zone": settings.timezone}
        con.execute("CREATE TEMP TABLE now AS SELECT $as_of::TIMESTAMPTZ AS as_of, $zone AS zone", moment)
        con.execute(f"CREATE TEMP TABLE known AS {_KNOWN}")
        con.execute(f"CREATE VIEW members AS SELECT * FROM {EVERYBODY} SEMI JOIN known USING (member_id)")
        yield con


EVERYBODY = "every_member"
_KNOWN = f"""
SELECT member_id FROM visits, now WHERE member_id IS NOT NULL AND ordered_at < as_of
UNION SELECT member_id FROM {EVERYBODY}, now WHERE joined_at < as_of
UNION SELECT member_id FROM {EVERYBODY} SEMI JOIN (
    SELECT member_id FROM member_records JOIN member_ids USING (source, source_id)
) USING (member_id) WHERE joined_at IS NULL
"""
"""Who had bought or joined by the moment; of a record that does not say when the person joined, it is taken so."""

_TYPES = {"number": "DOUBLE", "count": "BIGINT", "moment": "TIMESTAMPTZ", "text": "VARCHAR"}
_VISITS = {
    "member_id": "VARCHAR",
    "order_id": "VARCHAR",
    "store_id": "VARCHAR",
    "ordered_at": "TIMESTAMPTZ",
    "spend": "DOUBLE",
}


def _create_view(con: duckdb.DuckDBPyConnection, name: str, file: Path, columns: dict[str, str]) -> None:
    """A view with at least `columns`; those that the file lacks are null."""
    if not file.is_file():
        nothing = ", ".join(f"CAST(NULL AS {type_}) AS {column}" for column, type_ in columns.items())
        con.execute(f"CREATE VIEW {name} AS SELECT {nothing} WHERE false")
        return
    path = literal_path(file).replace("'", "''")
    there = {row[0] for row in con.execute(f"DESCRIBE SELECT * FROM read_parquet('{path}')").fetchall()}
    lacking = "".join(f", CAST(NULL AS {columns[column]}) AS {column}" for column in columns if column not in there)
    con.execute(f"CREATE VIEW {name} AS SELECT *{lacking} FROM read_parquet('{path}')")
