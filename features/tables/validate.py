"""Dividing a raw table into kept and rejected rows; no row leaves in silence.

Checks of single rows run on record batches with pandera; rules about sets of rows (duplicate keys, orphans)
run in DuckDB over the rows that passed. Failing rows are remembered by number, so text stays inside DuckDB
and memory does not grow with the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from features.contracts.tables import CONTRACTS, ColumnType, TableContract
from features.sources.casting import literal_path, name, quoted
from features.tables.checks import (
    DUPLICATE_KEY,
    Bounds,
    evidence_sql,
    failures,
    reason_order,
    row_checks,
    typed_columns,
)

HAPPENED = {
    "order_lines": "ordered_at",
    "product_states": "valid_from",
    "contacts": "contacted_at",
    "coupon_redemptions": "redeemed_at",
    "campaigns": "starts_on",
    "coupons": "starts_on",
    "promotions": "week_on",
    "contents": "starts_at",
    "stock": "as_of",
    "member_facts": "observed_at",
    "events": "occurred_at",
}
"""Table to the column that says when a row became known; rows at or after `as_of` are later, not rejected."""

_ROWS_AT_ONCE = 250_000
_FAILED_TYPES = pa.schema([("row", pa.int64()), ("rank", pa.int32()), ("reason", pa.string())])


@dataclass(frozen=True, kw_only=True)
class Validated:
    """A table with its rows divided; `kept` and `rejected` name views of the connection."""

    table: str
    kept: str
    """Contract columns in their types, `source_file`, `source_row`."""
    rejected: str
    """`reason`, `reasons`, `source_file`, `source_row` and every raw value as text."""
    kept_count: int
    later_count: int
    rejected_counts: dict[str, int]
    """First reason to the number of rows."""

    @property
    def rejected_count(self) -> int:
        return sum(self.rejected_counts.values())

    @property
    def rejected_share(self) -> float:
        """Rejected rows among all that were handed over."""
        total = self.kept_count + self.later_count + self.rejected_count
        return self.rejected_count / total if total else 0.0


@dataclass(frozen=True, kw_only=True)
class TableValidator:
    """Validates tables in the order of the contracts, so that references meet kept rows."""

    con: duckdb.DuckDBPyConnection
    as_of: datetime | None
    handed_over: frozenset[str]
    zone: str

    def validate(self, contract: TableContract, raw_file: Path, bounds: Bounds) -> Validated:
        """The divided table; its views stay in the connection."""
        table, raw = contract.name, f"read_parquet({quoted(literal_path(raw_file))}, file_row_number=true)"
        present = self._columns(raw)
        self._create_typed(contract, raw, present)
        self._remember_failures(contract, raw, present, bounds)
        self._add_set_rules(contract)
        self._create_views(contract, raw, present)
        return Validated(
            table=table,
            kept=f"kept_{table}",
            rejected=f"rejected_{table}",
            kept_count=self._count(f"kept_{table}"),
            later_count=self._count(f"sound_{table} WHERE {self._is_later(contract)}"),
            rejected_counts=self._reason_counts(table),
        )

    def _columns(self, raw: str) -> set[str]:
        return {str(row[0]) for row in self.con.execute(f"DESCRIBE FROM {raw}").fetchall()}

    def _create_typed(self, contract: TableContract, raw: str, present: set[str]) -> None:
        columns = ", ".join(f"{sql} AS {name(column)}" for column, sql in typed_columns(contract, present).items())
        self.con.execute(
            f"CREATE VIEW typed_{contract.name} AS "
            f"SELECT file_row_number AS row, source_file, source_row, {columns} FROM {raw}"
        )

    def _remember_failures(self, contract: TableContract, raw: str, present: set[str], bounds: Bounds) -> None:
        evidence = evidence_sql(contract, present)
        schema = row_checks(contract, present, bounds)
        ranks = {reason: rank for rank, reason in enumerate(reason_order(contract))}
        columns = ", ".join(f"{sql} AS {name(column)}" for column, sql in evidence.items())
        batches = self.con.execute(f"SELECT file_row_number AS row, {columns} FROM {raw}").to_arrow_reader(
            _ROWS_AT_ONCE
        )
        found = [_FAILED_TYPES.empty_table()]
        for batch in batches:
            rows = batch.to_pandas(types_mapper=pd.ArrowDtype).set_index("row")
            failed = failures(schema, rows)
            reasons = [str(reason) for reason in failed["reason"]]
            numbers = [int(number) for number in failed["index"]]
            found.append(pa.table([numbers, [ranks[reason] for reason in reasons], reasons], schema=_FAILED_TYPES))
        failing = pa.concat_tables(found)
        self.con.register("failing_rows", failing)
        self.con.execute(f"CREATE TABLE failed_{contract.name} AS SELECT DISTINCT * FROM failing_rows")
        self.con.unregister("failing_rows")
        self.con.execute(
            f"CREATE VIEW checked_{contract.name} AS SELECT * FROM typed_{contract.name} "
            f"ANTI JOIN (SELECT row FROM failed_{contract.name} WHERE rank < {ranks[DUPLICATE_KEY]}) USING (row)"
        )

    def _add_set_rules(self, contract: TableContract) -> None:
        ranks = {reason: rank for rank, reason in enumerate(reason_order(contract))}
        rules = {DUPLICATE_KEY: _later_duplicates(contract)}
        for reference in contract.references:
            if reference.table in self.handed_over:
                rules[f"orphan_{reference.column}"] = (
                    f"SELECT row FROM checked_{contract.name} WHERE {reference.column} IS NOT NULL AND "
                    f"{reference.column} NOT IN (SELECT {reference.target} FROM sound_{reference.table})"
                )
        for reason, sql in rules.items():
            self.con.execute(
                f"INSERT INTO failed_{contract.name} SELECT row, {ranks[reason]}, {quoted(reason)} FROM ({sql})"
            )

    def _create_views(self, contract: TableContract, raw: str, present: set[str]) -> None:
        table = contract.name
        failed = f"(SELECT DISTINCT row FROM failed_{table})"
        self.con.execute(f"CREATE VIEW sound_{table} AS SELECT * FROM typed_{table} ANTI JOIN {failed} USING (row)")
        self.con.execute(
            f"CREATE VIEW kept_{table} AS SELECT * EXCLUDE (row) FROM sound_{table} "
            f"WHERE NOT {self._is_later(contract)}"
        )
        shown = sorted(present - {"file_row_number", "source_file", "source_row"})
        texts = ", ".join(f"CAST({name(column)} AS VARCHAR) AS {name(column)}" for column in shown)
        self.con.execute(
            f"CREATE VIEW rejected_{table} AS SELECT reasons[1] AS reason, reasons, source_file, source_row, {texts} "
            f"FROM {raw} AS handed JOIN (SELECT row, list(reason ORDER BY rank) AS reasons FROM ({_told(table)}) "
            "GROUP BY row) AS failed ON handed.file_row_number = failed.row ORDER BY source_file, source_row"
        )

    def _is_later(self, contract: TableContract) -> str:
        column = HAPPENED.get(contract.name)
        if self.as_of is None or column is None:
            return "false"
        moment = f"TIMESTAMPTZ {quoted(self.as_of.isoformat())}"
        is_day = any(c.name == column and c.type is ColumnType.DAY for c in contract.columns)
        happened = f"timezone({quoted(self.zone)}, CAST({column} AS TIMESTAMP))" if is_day else column
        return f"coalesce({happened} >= {moment}, false)"

    def _reason_counts(self, table: str) -> dict[str, int]:
        rows = self.con.execute(
            "SELECT reason, count(*) FROM (SELECT arg_min(reason, rank) AS reason, min(rank) AS rank "
            f"FROM ({_told(table)}) GROUP BY row) GROUP BY reason, rank ORDER BY rank"
        ).fetchall()
        return {str(reason): int(count) for reason, count in rows}

    def _count(self, relation: str) -> int:
        row = self.con.execute(f"SELECT count(*) FROM {relation}").fetchone()
        return int(row[0]) if row else 0


def _told(table: str) -> str:
    """Failures without those that another one explains: an uncastable value is not missing besides."""
    return (
        f"SELECT * FROM failed_{table} WHERE (row, reason) NOT IN "
        f"(SELECT row, replace(reason, 'bad_value:', 'missing_') FROM failed_{table} WHERE reason LIKE 'bad_value:%')"
    )


def _later_duplicates(contract: TableContract) -> str:
    """Rows whose key occurred before, by source file and row; the first one stays."""
    # a member named by member_id alone has no source: without it all of them would share one key
    names_member = "source_id" in contract.key and "member_id" in contract.names
    key = ", ".join((*contract.key, "member_id") if names_member else contract.key)
    # hashes find the few candidates in little memory, the window over them compares the keys themselves
    place = f"row_number() OVER (PARTITION BY {key} ORDER BY source_file, source_row)"
    return (
        f"SELECT row FROM (SELECT row, {place} AS place "
        f"FROM checked_{contract.name} WHERE hash({key}) IN "
        f"(SELECT hash({key}) FROM checked_{contract.name} GROUP BY 1 HAVING count(*) > 1)) WHERE place > 1"
    )


def contracts_in_order(tables: frozenset[str]) -> list[TableContract]:
    """The contracts of the tables that were handed over, referenced ones first."""
    return [contract for contract in CONTRACTS.values() if contract.name in tables]
