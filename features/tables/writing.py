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
from features.contracts.settings import Settings
from features.contracts.tables import CONTRACTS
from features.identity.resolving import Resolved, resolve_members
from features.sources.casting import literal_path, quoted
from features.tables.identity import WITH_MEMBERS, members_sql, records_sql, resolved_sql
from features.tables.validate import Validated

_OF_IDENTITY = {
    "member_ids": "source, source_id",
    "member_aliases": "old_member_id",
    "member_merges": "merge_id",
}
"""Tables of who is who, in the order of their rows."""


@dataclass(frozen=True, kw_only=True)
class WrittenTables:
    """What stands in a version's folder."""

    counts: dict[str, int]
    latest_at: datetime
    members: int
    resolved: Resolved
    """How the persons of the channels became members."""


def write_tables(
    con: duckdb.DuckDBPyConnection,
    tables: Iterable[Validated],
    folder: Path,
    *,
    settings: Settings,
    in_use: Path | None,
    now: datetime,
    products_are_derived: bool = False,
) -> WrittenTables:
    """Fills the folder with every table, those of the members and who they are. Raises Refused without any order line.

    `in_use`: folder of the tables in use, from which lost ids of members are found again. `products_are_derived`: the
    products are what order lines told of some, so that further ones may have been sold.
    """
    names = frozenset(table.table for table in tables)
    resolved = resolve_members(con, names, settings.identity, settings.paths, tables_folder=in_use, now=now)
    counts = {}
    for table in sorted(names):
        rows = _rows_sql(table)
        counts[table] = _copy(
            con, _with_currency(rows, table, settings.currency), folder / f"{table}.parquet", order=_order(table)
        )
    if "products" not in names or products_are_derived:
        counts["products"] = _complete_products(con, folder, there="products" in names)
    for table, order in _OF_IDENTITY.items():
        counts[table] = _copy(con, f"SELECT * FROM {table}", folder / f"{table}.parquet", order=order)
    counts["members"] = _copy(con, members_sql(names), folder / "members.parquet", order="member_id")
    return WrittenTables(counts=counts, latest_at=_latest_at(con), members=counts["members"], resolved=resolved)


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


def _complete_products(con: duckdb.DuckDBPyConnection, folder: Path, *, there: bool) -> int:
    """Writes a row for every product that was sold, beside what is known of some; the number of products."""
    columns = {column.name: column.type.value for column in CONTRACTS["products"].columns}
    nothing = ", ".join(f"CAST(NULL AS {type_}) AS {column}" for column, type_ in columns.items())
    known = _kept_sql("products") if there else f"SELECT {nothing} WHERE false"
    lines = f"read_parquet({quoted(literal_path(folder / 'order_lines.parquet'))})"
    sold = f"SELECT DISTINCT product_id FROM {lines} WHERE product_id NOT IN (SELECT product_id FROM ({known}))"
    return _copy(con, f"{known} UNION ALL BY NAME {sold}", folder / "products.parquet", order="product_id")


def _rows_sql(table: str) -> str:
    if table in WITH_MEMBERS:
        return resolved_sql(table)
    return records_sql() if table == "member_records" else _kept_sql(table)


def _kept_sql(table: str) -> str:
    return f"SELECT {', '.join(CONTRACTS[table].names)} FROM kept_{table}"


def _with_currency(rows: str, table: str, currency: str) -> str:
    if "currency" not in CONTRACTS[table].names:
        return rows
    return f"SELECT * REPLACE (coalesce(currency, {quoted(currency)}) AS currency) FROM ({rows})"


def _order(table: str) -> str:
    # by time first: features read up to a moment, and Parquet's row groups then tell which to skip
    key = ", ".join(CONTRACTS[table].key)
    return f"ordered_at, {key}, quantity" if table == "order_lines" else key


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
