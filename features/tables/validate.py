"""Dividing a raw table into kept and rejected rows; no row leaves in silence.

Checks of single rows run on record batches with pandera; rules about sets of rows (duplicate keys, orphans)
run in DuckDB over the rows that passed. Failing rows are remembered by number, so text stays inside DuckDB
and memory does not grow with the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pandas as pd
import pyarrow as pa

from features.contracts.tables import CONTRACTS, ColumnType, TableContract
from features.sources.casting import name, quoted
from features.tables.active_rows import PART_OF_ROW, RawTable
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
    replaced_count: int
    """Sound rows that a later batch holds anew under the same key."""
    rejected_counts: dict[str, int]
    """First reason to the number of rows."""
    rows_of_batch: Mapping[str, int]
    """Batch to its rows, as they were handed over."""
    rejected_of_batch: Mapping[str, int]
    """Batch to its rejected rows, where it has any."""

    @property
    def rejected_count(self) -> int:
        return sum(self.rejected_counts.values())

    @property
    def rejected_share(self) -> float:
        """Rejected rows among all that were handed over."""
        total = self.kept_count + self.later_count + self.rejected_count
        return self.rejected_count / total if total else 0.0

    def rejected_share_of(self, batch: str) -> float:
        """Rejected rows of a batch among all of it."""
        return self.rejected_of_batch.get(batch, 0) / max(self.rows_of_batch.get(batch, 0), 1)


@dataclass(frozen=True, kw_only=True)
class TableValidator:
    """Validates tables in the order of the contracts, so that references meet kept rows."""

    con: duckdb.DuckDBPyConnection
    as_of: datetime | None
    handed_over: frozenset[str]
    zone: str

    def validate(self, contract: TableContract, raw: RawTable, bounds: Sequence[Bounds]) -> Validated:
        """The divided table; its views stay in the connection. `bounds`: what is possible in each of its parts."""
        table = contract.name
        self._create_typed(contract, raw)
        self._remember_failures(contract, raw, bounds)
        self._add_set_rules(contract)
        self._create_views(contract, raw)
        return Validated(
            table=table,
            kept=f"kept_{table}",
            rejected=f"rejected_{table}",
            kept_count=self._count(f"kept_{table}"),
            later_count=self._count(f"sound_{table} WHERE {self._is_later(contract)}") if self.as_of else 0,
            replaced_count=self._count(f"replaced_{table}"),
            rejected_counts=self._reason_counts(table),
            rows_of_batch={part.batch.number: part.batch.counts[table] for part in raw.parts},
            rejected_of_batch=self._rejected_of_batch(raw, table),
        )

    def _create_typed(self, contract: TableContract, raw: RawTable) -> None:
        typed = typed_columns(contract, set(raw.columns))
        columns = ", ".join(f"{sql} AS {name(column)}" for column, sql in typed.items())
        self.con.execute(
            f"CREATE VIEW typed_{contract.name} AS SELECT row, source_file, source_row, {columns} FROM {raw.relation}"
        )

    def _remember_failures(self, contract: TableContract, raw: RawTable, bounds: Sequence[Bounds]) -> None:
        present = set(raw.columns)
        evidence = evidence_sql(contract, present)
        ranks = {reason: rank for rank, reason in enumerate(reason_order(contract))}
        columns = ", ".join(f"{sql} AS {name(column)}" for column, sql in evidence.items())
        found = [_FAILED_TYPES.empty_table()]
        for place in range(len(raw.parts)):
            schema = row_checks(contract, present, bounds[place])
            of_part = f" WHERE {PART_OF_ROW} = {place}" if len(raw.parts) > 1 else ""
            sql = f"SELECT row, {columns} FROM {raw.relation}{of_part}"
            for batch in self.con.execute(sql).to_arrow_reader(_ROWS_AT_ONCE):
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

    def _create_views(self, contract: TableContract, raw: RawTable) -> None:
        table = contract.name
        failed = f"(SELECT DISTINCT row FROM failed_{table})"
        replaced = _replaced(contract) if len(raw.parts) > 1 else "SELECT CAST(NULL AS BIGINT) AS row WHERE false"
        self.con.execute(f"CREATE VIEW whole_{table} AS SELECT * FROM typed_{table} ANTI JOIN {failed} USING (row)")
        self.con.execute(f"CREATE TABLE replaced_{table} AS {replaced}")
        is_replaced = f" ANTI JOIN replaced_{table} USING (row)" if self._count(f"replaced_{table}") else ""
        self.con.execute(f"CREATE VIEW sound_{table} AS SELECT * FROM whole_{table}{is_replaced}")
        self.con.execute(
            f"CREATE VIEW kept_{table} AS SELECT * EXCLUDE (row) FROM sound_{table} "
            f"WHERE NOT {self._is_later(contract)}"
        )
        texts = ", ".join(f"CAST({name(column)} AS VARCHAR) AS {name(column)}" for column in sorted(raw.columns))
        self.con.execute(
            f"CREATE VIEW rejected_{table} AS SELECT reasons[1] AS reason, reasons, source_file, source_row, {texts} "
            f"FROM {raw.relation} AS handed JOIN (SELECT row, list(reason ORDER BY rank) AS reasons "
            f"FROM ({_told(table)}) GROUP BY row) AS failed USING (row) ORDER BY source_file, source_row"
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

    def _rejected_of_batch(self, raw: RawTable, table: str) -> dict[str, int]:
        rejected = self.con.execute(
            f"SELECT {PART_OF_ROW}, count(DISTINCT row) FROM failed_{table} GROUP BY 1 ORDER BY 1"
        ).fetchall()
        return {raw.parts[place].batch.number: int(count) for place, count in rejected}

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
    """Rows whose key occurred before in the same batch, by source file and row; the first one stays."""
    key = f"{key_sql(contract)}, {PART_OF_ROW}"
    return _further_rows(f"checked_{contract.name}", key, partition=key, order="source_file, source_row")


def _replaced(contract: TableContract) -> str:
    """Rows whose key a newer batch holds too; the newest one stays."""
    key = key_sql(contract)
    return _further_rows(f"whole_{contract.name}", key, partition=key, order=f"{PART_OF_ROW} DESC")


def _further_rows(relation: str, key: str, *, partition: str, order: str) -> str:
    # hashes find the few candidates in little memory, the window over them compares the keys themselves
    place = f"row_number() OVER (PARTITION BY {partition} ORDER BY {order})"
    return (
        f"SELECT row FROM (SELECT row, {place} AS place FROM {relation} WHERE hash({key}) IN "
        f"(SELECT hash({key}) FROM {relation} GROUP BY 1 HAVING count(*) > 1)) WHERE place > 1"
    )


def key_sql(contract: TableContract) -> str:
    """What tells two rows of a table apart, as SQL expressions."""
    # a member named by member_id alone has no source: without it all of them would share one key
    names_member = "source_id" in contract.key and "member_id" in contract.names
    columns = (*contract.key, "member_id") if names_member else contract.key
    # the return of a line is a row beside the line, and corrects it no more than the line corrects its return
    return ", ".join((*columns, "quantity < 0") if contract.name == "order_lines" else columns)


def contracts_in_order(tables: frozenset[str]) -> list[TableContract]:
    """The contracts of the tables that were handed over, referenced ones first."""
    return [contract for contract in CONTRACTS.values() if contract.name in tables]
