"""Writing the tables of a raw batch as Parquet; contact data is made unreadable on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from features.contracts.errors import Refused
from features.contracts.secrecy import ContactCipher
from features.contracts.settings import Settings
from features.sources.casting import literal_path, quoted
from features.sources.contact_data import CONTACT_FIELDS, FIRST_ORDER, Unreadable, protected, with_synthetic
from features.sources.files import unreadable
from features.sources.handed_over import HandedOver, HandedTable

_RECORDS_AT_ONCE = 100_000


@dataclass(frozen=True, kw_only=True)
class RawWriter:
    """Writes one data set's tables into a batch folder."""

    con: duckdb.DuckDBPyConnection
    handed: HandedOver
    settings: Settings
    cipher: ContactCipher
    with_synthetic_contacts: bool
    known_order_lines: tuple[Path, ...] = ()
    """Order lines of earlier batches: generated contacts look up each member's first order in them."""
    _left_out: Unreadable = field(default_factory=Unreadable)

    def write(self, table: HandedTable, folder: Path) -> int:
        """Number of rows written. Raises Refused when a source file is damaged."""
        target = folder / f"{table.name}.parquet"
        try:
            if table.name == "member_records":
                _write_batches(self._records(table, folder), target)
            else:
                self.con.execute(f"COPY ({table.sql}) TO {quoted(str(target))} (FORMAT parquet, COMPRESSION zstd)")
        except (duckdb.Error, pa.ArrowInvalid) as error:
            raise unreadable(self._names(table), error) from error
        return int(pq.read_metadata(target).num_rows)

    def _names(self, table: HandedTable) -> str:
        names = [self.handed.file_name(file) for file in table.files]
        return ", ".join(names) if len(names) < 4 else f"{names[0]} and {len(names) - 1} further files"

    def notes(self) -> tuple[str, ...]:
        """What was left out while writing."""
        return self._left_out.notes()

    def _records(self, table: HandedTable, folder: Path) -> Iterator[pa.Table]:
        if not self.with_synthetic_contacts:
            return protected(self._batches(table.sql), self.cipher, self._left_out)
        columns = {str(row[0]) for row in self.con.execute(f"DESCRIBE {table.sql}").fetchall()}
        own = [column for column in CONTACT_FIELDS if column in columns]
        if own:
            raise Refused(
                f"load: member_records has contact data of its own ({', '.join(own)}); "
                "leave out --with-synthetic-contacts"
            )
        batches = self._batches(self._with_first_orders(table, folder))
        return protected(with_synthetic(batches, seed=self.settings.seed), self.cipher, self._left_out)

    def _with_first_orders(self, table: HandedTable, folder: Path) -> str:
        new = folder / "order_lines.parquet"
        files = [*self.known_order_lines, *([new] if new.is_file() else [])]
        orders = f"[{', '.join(quoted(literal_path(file)) for file in files)}], union_by_name=true"
        columns: set[str] = set()
        if files:
            columns = {str(row[0]) for row in self.con.execute(f"DESCRIBE FROM read_parquet({orders})").fetchall()}
        if not {"source", "source_id"} <= columns:
            return f"SELECT *, CAST(NULL AS TIMESTAMPTZ) AS {FIRST_ORDER} FROM ({table.sql})"
        period = self.handed.periods.get("order_lines")
        first_possible = period.first.isoformat() if period else f"{self.settings.load.earliest} 00:00:00"
        # a line with an impossible date is rejected later; it must not tell when somebody joined
        moments = f"TRY_CAST(ordered_at AS TIMESTAMPTZ) AS moment FROM read_parquet({orders})"
        firsts = (
            f"SELECT source, source_id, min(moment) AS {FIRST_ORDER} FROM (SELECT source, source_id, {moments}) "
            f"WHERE moment >= TIMESTAMPTZ {quoted(first_possible)} GROUP BY 1, 2"
        )
        return f"SELECT * FROM ({table.sql}) LEFT JOIN ({firsts}) USING (source, source_id)"

    def _batches(self, sql: str) -> Iterator[pa.Table]:
        reader = self.con.execute(sql).to_arrow_reader(_RECORDS_AT_ONCE)
        # an empty table has no batch, and still columns to write
        yield reader.schema.empty_table()
        for batch in reader:
            yield pa.Table.from_batches([batch])


def _write_batches(batches: Iterator[pa.Table], target: Path) -> None:
    writer: pq.ParquetWriter | None = None
    try:
        for batch in batches:
            writer = writer or pq.ParquetWriter(target, batch.schema, compression="zstd")
            writer.write_table(batch)
    finally:
        if writer is not None:
            writer.close()
