"""Small files of literal rows, and adapters' answers as rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.sources.handed_over import HandedOver

Rows = list[dict[str, Any]]  # Any: a test's literal values


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})
    connection.execute("SET TimeZone = 'America/New_York'")
    yield connection
    connection.close()


@pytest.fixture
def write_parquet() -> Callable[[Path, Rows], None]:
    def write(file: Path, rows: Rows) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), file)

    return write


@pytest.fixture
def rows_of(con: duckdb.DuckDBPyConnection) -> Callable[[HandedOver, str], Rows]:
    def rows(handed: HandedOver, table: str) -> Rows:
        sql = next(handed_table.sql for handed_table in handed.tables if handed_table.name == table)
        return con.execute(f"SELECT * FROM ({sql}) ORDER BY source_file, source_row").to_arrow_table().to_pylist()

    return rows
