"""The rows of a table that count: of every batch in use, without the files that a later one holds anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from features.sources.casting import literal_path, name, quoted
from features.tables.raw import EVENTS_ADAPTER, RawBatch

PART_SHIFT = 40
"""A row's number is its place in its part; the part's number stands in the bits above."""


@dataclass(frozen=True, kw_only=True)
class TablePart:
    """One batch's rows of one table."""

    batch: RawBatch
    file: Path
    replaced_files: tuple[str, ...]
    """Source files that a later batch holds anew: their rows do not count."""


@dataclass(frozen=True, kw_only=True)
class RawTable:
    """The rows of a table as one relation of the connection.

    `relation` has `row` (unique), `source_file`, `source_row` and `columns`, whose types are as handed over (text
    where batches differ).
    """

    relation: str
    columns: frozenset[str]
    parts: tuple[TablePart, ...]


PART_OF_ROW = f"(row >> {PART_SHIFT})"
"""SQL of the place of a row's part among the parts; of two rows of one key the later part's counts."""


def parts_of(batches: Sequence[RawBatch]) -> dict[str, tuple[TablePart, ...]]:
    """Table to its parts, of batches in the order in which they came: those that give way come first."""
    parts: dict[str, list[TablePart]] = {}
    for place, batch in enumerate(batches):
        later = batches[place + 1 :]
        if any(other.is_whole and other.adapter == batch.adapter for other in later):
            continue
        for table in batch.tables:
            anew = {file for other in later for file in other.readings.get(table, {})}
            here = batch.readings.get(table, {})
            replaced = tuple(sorted(anew & set(here)))
            if not here or set(here) - anew:
                part = TablePart(batch=batch, file=batch.file(table), replaced_files=replaced)
                parts.setdefault(table, []).append(part)
    return {table: tuple(sorted(found, key=lambda part: _rank(part, table))) for table, found in parts.items()}


def _rank(part: TablePart, table: str) -> tuple[bool, bool, str]:
    """What was handed over wins over what was gathered or recorded; among equals the newest wins."""
    return (table not in part.batch.derived, part.batch.adapter != EVENTS_ADAPTER, part.batch.number)


def is_derived(parts: Iterable[TablePart], table: str) -> bool:
    """Whether all that is known of a table was gathered from another one."""
    return all(table in part.batch.derived for part in parts)


def open_parts(con: duckdb.DuckDBPyConnection, table: str, parts: tuple[TablePart, ...]) -> RawTable:
    """The rows of a table; the relation is a view of the connection."""
    types = [_types(con, part) for part in parts]
    columns = list(dict.fromkeys(column for part in types for column in part))
    scans = []
    for place, (part, here) in enumerate(zip(parts, types, strict=True)):
        shown = [_column(column, here, [other[column] for other in types if column in other]) for column in columns]
        row = f"file_row_number + {place << PART_SHIFT}" if place else "file_row_number"
        scan = f"SELECT {', '.join([f'{row} AS row', *shown])} FROM {_scan(part)}"
        if part.replaced_files:
            scan += f" WHERE source_file NOT IN ({', '.join(map(quoted, part.replaced_files))})"
        scans.append(scan)
    con.execute(f"CREATE VIEW raw_{table} AS {' UNION ALL '.join(scans)}")
    return RawTable(relation=f"raw_{table}", columns=frozenset(columns) - {"source_file", "source_row"}, parts=parts)


def _scan(part: TablePart) -> str:
    return f"read_parquet({quoted(literal_path(part.file))}, file_row_number=true)"


def _types(con: duckdb.DuckDBPyConnection, part: TablePart) -> dict[str, str]:
    described = con.execute(f"DESCRIBE FROM {_scan(part)}").fetchall()
    return {str(row[0]): str(row[1]) for row in described if row[0] != "file_row_number"}


def _column(column: str, here: dict[str, str], every: list[str]) -> str:
    is_of_one_type = len(set(every)) == 1
    if column not in here:
        return f"CAST(NULL AS {every[0] if is_of_one_type else 'VARCHAR'}) AS {name(column)}"
    return name(column) if is_of_one_type else f"CAST({name(column)} AS VARCHAR) AS {name(column)}"
