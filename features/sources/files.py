"""Files of a data set as SQL relations that know, for each row, where it came from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from features.contracts.errors import MissingColumn, Refused
from features.sources.casting import literal_path, name, quoted
from features.sources.csv_text import CsvReading, csv_text

PARQUET = ".parquet"
CSV = ".csv"
ROW_ORIGIN = ("source_file", "source_row")
"""Columns that say where a row came from."""


@dataclass(frozen=True, kw_only=True)
class SourceFiles:
    """The files that hold one table: `scan` yields their columns, `source_file` and `source_row`."""

    label: str
    files: tuple[Path, ...]
    types: dict[str, str]
    """Column to its DuckDB type, in the files' order."""
    scan: str

    def demand(self, columns: Iterable[str]) -> None:
        """Raises MissingColumn unless every column is there."""
        lacking = [column for column in columns if column not in self.types]
        if lacking:
            raise MissingColumn(
                f"{self.label}: no column {', '.join(lacking)} (found: {', '.join(self.types)}); "
                "rename or add it in the file"
            )

    def type_of(self, column: str) -> str:
        return self.types[column]


def find_files(
    folder: Path, table: str, *, suffixes: tuple[str, ...], patterns: tuple[str, ...] = ()
) -> tuple[Path, ...]:
    """The files of a table: those whose names match the patterns, or where none are declared `<table>.parquet`,
    `<table>.csv` and whatever stands in `<table>/`; empty when there are none. What is no Parquet is read as CSV.
    """
    wanted = patterns or tuple(f"{table}{end}" for suffix in suffixes for end in (suffix, f"/*{suffix}"))
    return tuple(sorted({file for pattern in wanted for file in folder.glob(pattern) if file.is_file()}))


def open_files(
    con: duckdb.DuckDBPyConnection, folder: Path, table: str, *, suffixes: tuple[str, ...] = (PARQUET,)
) -> SourceFiles | None:
    """The files of one table, None when there are none. Raises Refused when one cannot be read."""
    files = find_files(folder, table, suffixes=suffixes)
    return open_these(con, folder, table, files) if files else None


def open_these(
    con: duckdb.DuckDBPyConnection, folder: Path, table: str, files: tuple[Path, ...], reading: CsvReading | None = None
) -> SourceFiles:
    """The given files of one table. Raises Refused when one cannot be read."""
    label = files[0].relative_to(folder).as_posix() if len(files) == 1 else f"{table}/ ({len(files)} files)"
    parquet = tuple(file for file in files if file.suffix.lower() == PARQUET)
    scans = [_scan_parquet(folder, parquet)] if parquet else []
    # one scan per file: DuckDB numbers no CSV rows itself, and a number counted over several files would be wrong
    scans += [_scan_csv(folder, file, reading or CsvReading()) for file in files if file not in parquet]
    scan = " UNION ALL BY NAME ".join(scans)
    try:
        described = con.execute(f"DESCRIBE {scan}").fetchall()
    except duckdb.Error as error:
        raise unreadable(label, error) from error
    types = {str(row[0]): str(row[1]) for row in described if row[0] not in ROW_ORIGIN}
    return SourceFiles(label=label, files=files, types=types, scan=f"({scan})")


def unreadable(label: str, error: Exception) -> Refused:
    """The refusal for a damaged file, in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = next((line for line in lines if "CSV Error" in line), lines[0] if lines else type(error).__name__)
    return Refused(f"{label}: cannot be read ({telling}); hand over an undamaged file")


def _scan_parquet(folder: Path, files: tuple[Path, ...]) -> str:
    listed = ", ".join(quoted(literal_path(file)) for file in files)
    inside = f"substr(filename, {len(str(folder)) + 2})"
    options = "filename=true, file_row_number=true, union_by_name=true, hive_partitioning=false"
    return (
        f"SELECT * EXCLUDE (filename, file_row_number), {inside} AS source_file, file_row_number + 1 AS source_row "
        f"FROM read_parquet([{listed}], {options})"
    )


def _scan_csv(folder: Path, file: Path, reading: CsvReading) -> str:
    """Every column as text. Nothing is guessed: DuckDB's sniffer skips leading rows that it takes for no data."""
    label = file.relative_to(folder).as_posix()
    text = csv_text(file, reading, label=label)
    columns = ", ".join(f"{quoted(_not_an_origin(column))}: 'VARCHAR'" for column in text.header)
    # a line that ends early lacks its last values, and is rejected if these are required
    form = f"header=true, auto_detect=false, delim={quoted(text.delimiter)}, quote='\"', escape='\"'"
    options = f"columns={{{columns}}}, {form}, null_padding=true, parallel=false"
    read = f"read_csv({quoted(literal_path(text.file))}, {options})"
    return f"SELECT *, {quoted(label)} AS source_file, row_number() OVER () AS source_row FROM {read}"


def _not_an_origin(column: str) -> str:
    return f"{column} (handed over)" if column.casefold() in ROW_ORIGIN else column


def columns_sql(columns: dict[str, str]) -> str:
    """A select list: column name to expression, with the row's origin behind."""
    return ", ".join([*(f"{sql} AS {name(column)}" for column, sql in columns.items()), "source_file", "source_row"])
