"""Validated tables on disk: versions, the pointer to the one in use, and opening them for reading."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import ibis

from features.contracts.atomic import PARTIAL, read_json, write_json
from features.contracts.clock import moment_text, parse_moment
from features.contracts.errors import NothingLoaded
from features.contracts.paths import ShopPaths
from features.contracts.settings import Settings
from features.contracts.tables import CONTRACTS, MEMBER_RECORDS, ColumnType
from features.identity.state import MERGE_COLUMNS
from features.sources.casting import literal_path
from features.tables.identity import member_columns
from features.tables.session import READ_MEMORY, open_session

VERSION_FILE = "version.json"
POINTER = "current"


@dataclass(frozen=True, kw_only=True)
class TablesVersion:
    """One version of the validated tables."""

    version: str
    folder: Path
    latest_at: datetime
    """A second after the last order line: everything lies before it."""
    counts: Mapping[str, int]
    """Table to rows; a table that was not handed over is absent."""

    def file(self, table: str) -> Path:
        return self.folder / f"{table}.parquet"


def current_tables(paths: ShopPaths) -> TablesVersion:
    """The version in use. Raises NothingLoaded when there is none."""
    pointer = read_json(paths.tables / POINTER)
    if pointer is None:
        raise NothingLoaded(f"tables: nothing is loaded in {paths.root}; run `faces load` first")
    folder = paths.tables / pointer["version"]
    told = read_json(folder / VERSION_FILE)
    if told is None:
        raise NothingLoaded(
            f"tables: version {pointer['version']} is missing in {paths.tables}; run `faces load` first"
        )
    return TablesVersion(
        version=pointer["version"],
        folder=folder,
        latest_at=parse_moment(told["latest_at"]),
        counts=told["counts"],
    )


def folder_in_use(paths: ShopPaths) -> Path | None:
    """Folder of the version in use; None when nothing is loaded."""
    try:
        return current_tables(paths).folder
    except NothingLoaded:
        return None


def connect(settings: Settings) -> ibis.BaseBackend:
    """A DuckDB backend in memory, its session in UTC, with the settings' threads."""
    return ibis.duckdb.from_connection(open_session(settings, zone="UTC", memory=READ_MEMORY))


def open_tables(version: TablesVersion, con: ibis.BaseBackend) -> dict[str, ibis.Table]:
    """Every contract table, `members` and who is who; one that was not handed over is empty."""
    return {
        table: _read(version.file(table), con) if version.file(table).is_file() else _empty(table, columns, con)
        for table, columns in stored_columns().items()
    }


def stored_columns() -> dict[str, dict[str, ColumnType]]:
    """Table to its stored columns and their types."""
    tables = {
        contract.name: {column.name: column.type for column in contract.columns} for contract in CONTRACTS.values()
    }
    records = tables[MEMBER_RECORDS.name]
    tables["members"] = {column: records.get(column, ColumnType.TEXT) for column in member_columns()}
    tables["member_ids"] = dict.fromkeys(("source", "source_id", "member_id"), ColumnType.TEXT)
    tables["member_aliases"] = dict.fromkeys(("old_member_id", "member_id"), ColumnType.TEXT)
    tables["member_merges"] = {name: ColumnType(type_) for name, type_ in MERGE_COLUMNS.items()}
    return tables


def next_version(paths: ShopPaths, *, fingerprint: str) -> str:
    """Name of the next version: its number and a piece of what identifies its making."""
    numbers = [int(folder.name[:6]) for folder in _versions(paths)]
    return f"{max(numbers, default=0) + 1:06d}-{fingerprint[:8]}"


def write_version_file(
    folder: Path, *, latest_at: datetime, counts: Mapping[str, int], told: Mapping[str, object]
) -> None:
    """Completes a version's folder with what describes it; `told` is added for the reader of the file."""
    write_json(folder / VERSION_FILE, {**told, "latest_at": moment_text(latest_at), "counts": dict(counts)})


def move_pointer(paths: ShopPaths, version: str) -> None:
    """Puts a version into use; the one before it stays for its readers, older ones are removed."""
    before = read_json(paths.tables / POINTER)
    write_json(paths.tables / POINTER, {"version": version})
    kept = {version, before["version"] if before else version}
    for folder in _versions(paths):
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def remove_pointer(paths: ShopPaths) -> None:
    """Takes every version out of use: nothing is loaded any more."""
    (paths.tables / POINTER).unlink(missing_ok=True)


def _versions(paths: ShopPaths) -> list[Path]:
    if not paths.tables.is_dir():
        return []
    return [
        folder
        for folder in sorted(paths.tables.iterdir())
        if folder.is_dir() and not folder.name.startswith(PARTIAL) and folder.name[:6].isdecimal()
    ]


def _read(file: Path, con: ibis.BaseBackend) -> ibis.Table:
    return con.read_parquet(literal_path(file))


def _empty(table: str, columns: Mapping[str, ColumnType], con: ibis.BaseBackend) -> ibis.Table:
    nothing = ", ".join(f"CAST(NULL AS {type_.value}) AS {column}" for column, type_ in columns.items())
    # a view, as ibis 12 asks for the schema of a query by a call that DuckDB 1.5 warns about
    con.raw_sql(f"CREATE OR REPLACE TEMP VIEW not_handed_over_{table} AS SELECT {nothing} WHERE false")
    return con.table(f"not_handed_over_{table}")
