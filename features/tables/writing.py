"""Writing a version of the tables and the rejected rows, from validated views."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from features.contracts.atomic import new_file
from features.contracts.errors import Refused
from features.contracts.paths import ShopPaths
from features.contracts.tables import CONTRACTS
from features.sources.casting import quoted
from features.tables.identity import WITH_MEMBERS, create_member_ids, members_sql, resolved_sql
from features.tables.validate import Validated


@dataclass(frozen=True, kw_only=True)
class WrittenTables:
    """What stands in a version's folder."""

    counts: dict[str, int]
    latest_at: datetime
    members: int


def write_tables(
    con: duckdb.DuckDBPyConnection, tables: Iterable[Validated], folder: Path, *, currency: str
) -> WrittenTables:
    """Fills the folder with every table, `member_ids` and `members`. Raises Refused without any order line."""
    names = frozenset(table.table for table in tables)
    create_member_ids(con, names)
    counts = {}
    for table in sorted(names):
        rows = resolved_sql(table) if table in WITH_MEMBERS else _kept_sql(table)
        counts[table] = _copy(
            con, _with_currency(rows, table, currency), folder / f"{table}.parquet", order=_order(table)
        )
    counts["member_ids"] = _copy(
        con, "SELECT * FROM member_ids", folder / "member_ids.parquet", order="source, source_id"
    )
    counts["members"] = _copy(con, members_sql(names), folder / "members.parquet", order="member_id")
    return WrittenTables(counts=counts, latest_at=_latest_at(con), members=counts["members"])


def write_rejected(con: duckdb.DuckDBPyConnection, tables: Iterable[Validated], paths: ShopPaths) -> None:
    """Replaces the rejected rows of the last load; a table without any has no file."""
    written = set()
    for table in tables:
        if table.rejected_count:
            file = paths.rejected / f"{table.table}.parquet"
            with new_file(file) as partial:
                con.execute(
                    f"COPY (FROM {table.rejected}) TO {quoted(str(partial))} (FORMAT parquet, COMPRESSION zstd)"
                )
            written.add(file)
    for old in paths.rejected.glob("*.parquet"):
        if old not in written:
            old.unlink()


def _kept_sql(table: str) -> str:
    return f"SELECT {', '.join(CONTRACTS[table].names)} FROM kept_{table}"


def _with_currency(rows: str, table: str, currency: str) -> str:
    if "currency" not in CONTRACTS[table].names:
        return rows
    return f"SELECT * REPLACE (coalesce(currency, {quoted(currency)}) AS currency) FROM ({rows})"


def _order(table: str) -> str:
    # by time first: features read up to a moment, and Parquet's row groups then tell which to skip
    key = ", ".join(CONTRACTS[table].key)
    return f"ordered_at, {key}" if table == "order_lines" else key


def _copy(con: duckdb.DuckDBPyConnection, sql: str, file: Path, *, order: str) -> int:
    row = con.execute(
        f"COPY (SELECT * FROM ({sql}) ORDER BY {order}) TO {quoted(str(file))} (FORMAT parquet, COMPRESSION zstd)"
    ).fetchone()
    return int(row[0]) if row else 0


def _latest_at(con: duckdb.DuckDBPyConnection) -> datetime:
    row = con.execute("SELECT epoch_us(max(ordered_at)) FROM kept_order_lines").fetchone()
    if row is None or row[0] is None:
        raise Refused("order_lines: no line could be used; see rejected/order_lines.parquet or choose a later as_of")
    # counted from the epoch: the driver would hand a moment over in the session's zone
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(row[0]), seconds=1)
