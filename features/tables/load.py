"""The load: source -> raw batch -> validated tables -> identities -> a new version in use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import duckdb

from features.contracts.atomic import exclusive, new_folder, read_json, remove_partials
from features.contracts.clock import moment_text
from features.contracts.errors import MissingColumn, NothingLoaded, TooManyRejected
from features.contracts.secrecy import contact_cipher
from features.contracts.settings import Settings
from features.contracts.tables import CONTRACTS
from features.sources.choice import handed_over
from features.sources.handed_over import HandedOver
from features.tables.checks import RULES_REVISION, Bounds
from features.tables.raw import (
    LoadOptions,
    RawBatch,
    append_batch,
    batch_fingerprint,
    digest_of,
    newest_batch,
    source_checksums,
)
from features.tables.raw_writing import RawWriter
from features.tables.session import LOAD_MEMORY, open_session, remove_stale_spills
from features.tables.storage import (
    VERSION_FILE,
    TablesVersion,
    current_tables,
    move_pointer,
    next_version,
    write_version_file,
)
from features.tables.summary import LoadSummary, TableSummary
from features.tables.validate import TableValidator, Validated, contracts_in_order
from features.tables.writing import write_rejected, write_tables

Progress = Callable[[str], None]


def load_shop(
    settings: Settings,
    *,
    source: Path | None,
    with_synthetic_contacts: bool,
    as_of: datetime | None,
    now: datetime,
    progress: Progress,
) -> LoadSummary:
    """What was loaded. The same files and options again change nothing.

    Raises Refused (MissingColumn, TooManyRejected, Busy) and then leaves the version in use as it was.
    """
    paths = settings.paths
    options = LoadOptions(with_synthetic_contacts=with_synthetic_contacts, as_of=as_of, now=now)
    with exclusive(paths.locks, "load"):
        for folder in (paths.raw, paths.tables, paths.rejected):
            remove_partials(folder)
        remove_stale_spills(paths, now=now)
        # naive times of a retailer are read in the shops' zone
        con = open_session(settings, zone=settings.timezone, memory=LOAD_MEMORY)
        try:
            return _Load(con=con, settings=settings, options=options, progress=progress).run(source)
        finally:
            con.close()


@dataclass(frozen=True, kw_only=True)
class _Load:
    con: duckdb.DuckDBPyConnection
    settings: Settings
    options: LoadOptions
    progress: Progress

    def run(self, source: Path | None) -> LoadSummary:
        handed = handed_over(self.con, self.settings, source=source)
        batch = self._raw_batch(handed)
        fingerprint = self._tables_fingerprint(batch)
        there = self._current(fingerprint)
        if there is not None:
            self.progress(f"already loaded: version {there.version}")
            return self._summary(handed, batch, there, _told_tables(there), already_loaded=True)
        validated = self._validate(handed, batch)
        write_rejected(self.con, validated, self.settings.paths)
        _refuse_too_many(validated, self.settings)
        version = self._write_version(batch, validated, fingerprint)
        return self._summary(handed, batch, version, _summaries(validated), already_loaded=False)

    def _raw_batch(self, handed: HandedOver) -> RawBatch:
        cipher = contact_cipher(self.settings)
        synthetic = self.options.with_synthetic_contacts
        checksums = source_checksums(handed)
        fingerprint = batch_fingerprint(
            handed, self.settings, cipher, checksums=checksums, with_synthetic_contacts=synthetic
        )
        newest = newest_batch(self.settings.paths)
        if newest is not None and newest.fingerprint == fingerprint:
            return newest
        writer = RawWriter(
            con=self.con, handed=handed, settings=self.settings, cipher=cipher, with_synthetic_contacts=synthetic
        )
        return append_batch(writer, self.options, checksums=checksums, fingerprint=fingerprint, progress=self.progress)

    def _tables_fingerprint(self, batch: RawBatch) -> str:
        rules = self.settings.load.model_dump(mode="json", include={"earliest", "max_quantity"})
        as_of = moment_text(self.options.as_of) if self.options.as_of else None
        columns = {table: [(c.name, c.type, c.is_required) for c in CONTRACTS[table].columns] for table in batch.tables}
        return digest_of(
            {"batch": batch.number, "raw": batch.fingerprint, "as_of": as_of, "revision": RULES_REVISION}
            | {"columns": columns}
            | rules
        )

    def _current(self, fingerprint: str) -> TablesVersion | None:
        """The version in use when it was made of the same batch by the same rules, and is complete."""
        try:
            version = current_tables(self.settings.paths)
        except NothingLoaded:
            return None
        told = read_json(version.folder / VERSION_FILE)
        is_complete = all(version.file(table).is_file() for table in version.counts)
        return version if told["fingerprint"] == fingerprint and is_complete else None

    def _validate(self, handed: HandedOver, batch: RawBatch) -> list[Validated]:
        tables = frozenset(batch.tables)
        if "order_lines" not in tables:
            raise MissingColumn("order_lines: the table was not handed over, and everything is made from it")
        validator = TableValidator(
            con=self.con, as_of=self.options.as_of, handed_over=tables, zone=self.settings.timezone
        )
        validated = []
        for contract in contracts_in_order(tables):
            table = validator.validate(contract, batch.file(contract.name), self._bounds(handed, contract.name))
            self.progress(f"checked {contract.name}: {table.kept_count:,} kept, {table.rejected_count:,} rejected")
            validated.append(table)
        return validated

    def _bounds(self, handed: HandedOver, table: str) -> Bounds:
        limits = self.settings.load
        period = handed.periods.get(table)
        return Bounds(
            first=period.first if period else datetime.combine(limits.earliest, time(), tzinfo=UTC),
            last=period.last if period else self.options.now + timedelta(days=1),
            max_quantity=limits.max_quantity,
        )

    def _write_version(self, batch: RawBatch, validated: list[Validated], fingerprint: str) -> TablesVersion:
        paths = self.settings.paths
        name = next_version(paths, fingerprint=fingerprint)
        with new_folder(paths.tables / name) as partial:
            written = write_tables(self.con, validated, partial, currency=self.settings.currency)
            write_version_file(
                partial,
                latest_at=written.latest_at,
                counts=written.counts,
                told=self._told(batch, validated, fingerprint),
            )
        move_pointer(paths, name)
        self.progress(f"wrote version {name}: {written.members:,} members")
        return current_tables(paths)

    def _told(self, batch: RawBatch, validated: list[Validated], fingerprint: str) -> dict[str, object]:
        return {
            "batch": batch.number,
            "fingerprint": fingerprint,
            "as_of": moment_text(self.options.as_of) if self.options.as_of else None,
            "loaded_at": moment_text(self.options.now),
            "tables": [asdict(table) for table in _summaries(validated)],
        }

    def _summary(
        self,
        handed: HandedOver,
        batch: RawBatch,
        version: TablesVersion,
        tables: tuple[TableSummary, ...],
        *,
        already_loaded: bool,
    ) -> LoadSummary:
        return LoadSummary(
            shop=self.settings.shop,
            adapter=handed.adapter,
            source=handed.folder,
            batch=batch.number,
            version=version.version,
            already_loaded=already_loaded,
            tables=tables,
            not_handed_over=tuple(table for table in CONTRACTS if table not in batch.tables),
            members=version.counts["members"],
            latest_at=version.latest_at,
            as_of=self.options.as_of,
            notes=batch.notes,
        )


def _summaries(validated: list[Validated]) -> tuple[TableSummary, ...]:
    return tuple(
        TableSummary(
            name=table.table, kept=table.kept_count, later=table.later_count, rejected=dict(table.rejected_counts)
        )
        for table in validated
    )


def _told_tables(version: TablesVersion) -> tuple[TableSummary, ...]:
    return tuple(TableSummary(**table) for table in read_json(version.folder / VERSION_FILE)["tables"])


def _refuse_too_many(validated: list[Validated], settings: Settings) -> None:
    limit = settings.load.max_rejected_share
    over = [table for table in validated if table.rejected_share > limit]
    if over:
        raise TooManyRejected("; ".join(_too_many(table, settings) for table in over))


def _too_many(table: Validated, settings: Settings) -> str:
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in table.rejected_counts.items())
    return (
        f"{table.table}: {table.rejected_count:,} rows rejected, {table.rejected_share:.1%} of all "
        f"(limit {settings.load.max_rejected_share:.1%}; {reasons}); "
        f"see {settings.paths.rejected / f'{table.table}.parquet'}, mend the source or raise load.max_rejected_share"
    )
