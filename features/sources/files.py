"""Files of a data set as SQL relations that know, for each row, where it came from."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from features.contracts.errors import MissingColumn, Refused
from features.sources.casting import literal_path, name, quoted

PARQUET = ".parquet"
CSV = ".csv"


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


def find_files(folder: Path, table: str, *, suffixes: tuple[str, ...]) -> tuple[Path, ...]:
    """`<table>.parquet`, `<table>.csv` or `<table>/*`, the first form that is there; empty when none is."""
    for suffix in suffixes:
        single = folder / f"{table}{suffix}"
        if single.is_file():
            return (single,)
        parts = tuple(sorted((folder / table).glob(f"*{suffix}")))
        if parts:
            return parts
    return ()


def open_files(
    con: duckdb.DuckDBPyConnection, folder: Path, table: str, *, suffixes: tuple[str, ...] = (PARQUET,)
) -> SourceFiles | None:
    """The files of one table, None when there are none. Raises Refused when one cannot be read."""
    files = find_files(folder, table, suffixes=suffixes)
    if not files:
        return None
    label = files[0].relative_to(folder).as_posix() if len(files) == 1 else f"{table}/ ({len(files)} files)"
    scan = _scan_parquet(folder, files) if files[0].suffix == PARQUET else _scan_csv(folder, files)
    try:
        described = con.execute(f"DESCRIBE {scan}").fetchall()
    except duckdb.Error as error:
        raise unreadable(label, error) from error
    types = {str(row[0]): str(row[1]) for row in described if row[0] not in ("source_file", "source_row")}
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


def _scan_csv(folder: Path, files: tuple[Path, ...]) -> str:
    # one scan per file: DuckDB numbers no CSV rows itself, and a number counted over several files would be wrong
    return " UNION ALL BY NAME ".join(
        f"SELECT *, {quoted(file.relative_to(folder).as_posix())} AS source_file, row_number() OVER () AS source_row "
        f"FROM {_read_csv(folder, file)}"
        for file in files
    )


def _read_csv(folder: Path, file: Path) -> str:
    """Every column as text. Nothing is guessed: DuckDB's sniffer skips leading rows that it takes for no data."""
    columns = ", ".join(f"{quoted(column)}: 'VARCHAR'" for column in _csv_header(folder, file))
    # a line that ends early lacks its last values, and is rejected if these are required
    options = "header=true, auto_detect=false, delim=',', quote='\"', escape='\"', null_padding=true, parallel=false"
    return f"read_csv({quoted(literal_path(file))}, columns={{{columns}}}, {options})"


def _csv_header(folder: Path, file: Path) -> list[str]:
    label = file.relative_to(folder).as_posix()
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            header = next(csv.reader(lines), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise unreadable(label, error) from error
    if not all(header) or len(set(header)) < len(header):
        raise Refused(f"{label}: the first line must name each column once (found: {', '.join(header)}); mend it")
    if not header:
        raise Refused(f"{label}: the file is empty; its first line must name the columns")
    return header


def columns_sql(columns: dict[str, str]) -> str:
    """A select list: column name to expression, with the row's origin behind."""
    return ", ".join([*(f"{sql} AS {name(column)}" for column, sql in columns.items()), "source_file", "source_row"])
