"""A version of the tables made of the batches in use: validated, written whole, and only then put into use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time, timedelta

import duckdb

from features.contracts.atomic import new_folder, read_json
from features.contracts.clock import moment_text
from features.contracts.errors import MissingColumn, NothingLoaded, TooManyRejected
from features.contracts.paths import ShopPaths
from features.contracts.settings import Settings
from features.contracts.tables import CONTRACTS
from features.identity.resolving import identity_fingerprint
from features.sources.choice import Delivery, period_of
from features.tables.active_rows import TablePart, is_derived, open_parts, parts_of
from features.tables.batch_states import Batches
from features.tables.checks import RULES_REVISION, Bounds
from features.tables.raw import LoadOptions, digest_of
from features.tables.returns import match_returns, numbered_lines
from features.tables.storage import (
    VERSION_FILE,
    TablesVersion,
    current_tables,
    folder_in_use,
    move_pointer,
    next_version,
    write_version_file,
)
from features.tables.summary import LoadSummary, TableSummary
from features.tables.validate import TableValidator, Validated, contracts_in_order
from features.tables.writing import write_rejected, write_tables

Parts = Mapping[str, tuple[TablePart, ...]]
Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class MadeVersion:
    """A complete version, in use or ready for it."""

    settings: Settings
    options: LoadOptions
    batches: Batches
    parts: Parts
    version: TablesVersion
    tables: tuple[TableSummary, ...]
    is_new: bool
    """False: it was in use before."""
    notes: tuple[str, ...]
    """What was found when it was made."""

    def put_into_use(self, paths: ShopPaths) -> None:
        """Moves the pointer; nothing when it points there already."""
        if self.is_new:
            move_pointer(paths, self.version.version)

    def summary(self, *, delivery: Delivery | None, notes: tuple[str, ...]) -> LoadSummary:
        """What is there now."""
        newest = self.batches.in_use[-1]
        return LoadSummary(
            shop=self.settings.shop,
            adapter=newest.adapter if delivery is None else delivery.adapter,
            source=None if delivery is None else delivery.folder,
            batch=newest.number,
            version=self.version.version,
            already_loaded=not self.is_new,
            tables=self.tables,
            not_handed_over=tuple(table for table in CONTRACTS if table not in self.parts),
            members=self.version.counts["members"],
            latest_at=self.version.latest_at,
            as_of=self.options.as_of,
            notes=(*notes, *newest.notes, *self.notes),
        )


@dataclass(frozen=True, kw_only=True)
class VersionMaking:
    """Makes a version; nothing that is in use changes."""

    con: duckdb.DuckDBPyConnection
    settings: Settings
    options: LoadOptions
    progress: Progress

    def made_of(self, batches: Batches, *, adds_to: Batches) -> MadeVersion:
        """The version of the batches in use. Raises MissingColumn, Refused or TooManyRejected."""
        parts = parts_of(batches.in_use)
        if "order_lines" not in parts:
            raise MissingColumn("order_lines: the table was not handed over, and everything is made from it")
        fingerprint = self._fingerprint(parts)
        there = self._current(fingerprint)
        if there is not None:
            self.progress(f"already loaded: version {there.version}")
            return self._made(batches, parts, there, _told_tables(there), is_new=False)
        validated = self._validate(parts)
        write_rejected(self.con, validated, self.settings.paths)
        known = {batch.number for batch in adds_to.in_use}
        _refuse_too_many(validated, self.settings, new={b.number for b in batches.in_use} - known)
        version = self._write(batches, parts, validated, fingerprint)
        return self._made(batches, parts, version, _summaries(validated), is_new=True)

    def _made(
        self, batches: Batches, parts: Parts, version: TablesVersion, tables: tuple[TableSummary, ...], *, is_new: bool
    ) -> MadeVersion:
        return MadeVersion(
            settings=self.settings,
            options=self.options,
            batches=batches,
            parts=parts,
            version=version,
            tables=tables,
            is_new=is_new,
            notes=tuple(read_json(version.folder / VERSION_FILE).get("notes", ())),
        )

    def _fingerprint(self, parts: Parts) -> str:
        rules = self.settings.load.model_dump(mode="json", include={"earliest", "max_quantity"})
        rows = {
            table: [(part.batch.number, part.batch.fingerprint, part.replaced_files) for part in found]
            for table, found in parts.items()
        }
        columns = {table: [(c.name, c.type, c.is_required) for c in CONTRACTS[table].columns] for table in parts}
        return digest_of(
            {
                "rows": rows,
                "as_of": moment_text(self.options.as_of) if self.options.as_of else None,
                "currency": self.settings.currency,
                "revision": RULES_REVISION,
                "columns": columns,
            }
            | identity_fingerprint(self.settings.identity, self.settings.paths)
            | rules
        )

    def _current(self, fingerprint: str) -> TablesVersion | None:
        """The version in use when it was made of the same rows by the same rules, and is complete."""
        try:
            version = current_tables(self.settings.paths)
        except NothingLoaded:
            return None
        told = read_json(version.folder / VERSION_FILE)
        is_complete = all(version.file(table).is_file() for table in version.counts)
        return version if told["fingerprint"] == fingerprint and is_complete else None

    def _validate(self, parts: Parts) -> list[Validated]:
        # what order lines told of some products is no list of all of them
        handed_over = frozenset(table for table, found in parts.items() if not is_derived(found, table))
        validator = TableValidator(
            con=self.con, as_of=self.options.as_of, handed_over=handed_over, zone=self.settings.timezone
        )
        validated = []
        for contract in contracts_in_order(frozenset(parts)):
            raw = open_parts(self.con, contract.name, parts[contract.name])
            bounds = [self._bounds(part, contract.name) for part in raw.parts]
            table = validator.validate(contract, raw, bounds)
            self.progress(f"checked {contract.name}: {table.kept_count:,} kept, {table.rejected_count:,} rejected")
            validated.append(table)
        return validated

    def _bounds(self, part: TablePart, table: str) -> Bounds:
        limits = self.settings.load
        period = period_of(part.batch.adapter, table)
        return Bounds(
            first=period.first if period else datetime.combine(limits.earliest, time(), tzinfo=UTC),
            last=period.last if period else self.options.now + timedelta(days=1),
            max_quantity=limits.max_quantity,
        )

    def _write(self, batches: Batches, parts: Parts, validated: list[Validated], fingerprint: str) -> TablesVersion:
        paths = self.settings.paths
        name = next_version(paths, fingerprint=fingerprint)
        with new_folder(paths.tables / name) as partial:
            written = write_tables(
                self.con,
                validated,
                partial,
                settings=self.settings,
                in_use=folder_in_use(paths),
                now=self.options.now,
                products_are_derived=is_derived(parts.get("products", ()), "products"),
            )
            returned = match_returns(self.con, numbered_lines(partial / "order_lines.parquet"))
            write_version_file(
                partial,
                latest_at=written.latest_at,
                counts=written.counts,
                told={
                    "batch": batches.in_use[-1].number,
                    "batches": _numbers(parts),
                    "fingerprint": fingerprint,
                    "as_of": moment_text(self.options.as_of) if self.options.as_of else None,
                    "loaded_at": moment_text(self.options.now),
                    "tables": [asdict(table) for table in _summaries(validated)],
                    "rejected_of_batch": _rejected_of_batch(validated),
                    "notes": [note for note in (written.resolved.note(), returned.note()) if note],
                },
            )
        self.progress(f"wrote version {name}: {written.members:,} members")
        return TablesVersion(
            version=name, folder=paths.tables / name, latest_at=written.latest_at, counts=written.counts
        )


def _numbers(parts: Parts) -> list[str]:
    return sorted({part.batch.number for found in parts.values() for part in found})


def _summaries(validated: list[Validated]) -> tuple[TableSummary, ...]:
    return tuple(
        TableSummary(
            name=table.table,
            kept=table.kept_count,
            later=table.later_count,
            replaced=table.replaced_count,
            rejected=dict(table.rejected_counts),
        )
        for table in validated
    )


def _rejected_of_batch(validated: list[Validated]) -> dict[str, int]:
    numbers = sorted({number for table in validated for number in table.rows_of_batch})
    return {number: sum(table.rejected_of_batch.get(number, 0) for table in validated) for number in numbers}


def _told_tables(version: TablesVersion) -> tuple[TableSummary, ...]:
    return tuple(TableSummary(**table) for table in read_json(version.folder / VERSION_FILE)["tables"])


def _refuse_too_many(validated: list[Validated], settings: Settings, *, new: set[str]) -> None:
    """Of all rows, and of each new batch: a bad file must not pass because much was sound before it."""
    limit = settings.load.max_rejected_share
    over = [table for table in validated if table.rejected_share > limit]
    over += [
        table
        for table in validated
        if table not in over and any(table.rejected_share_of(number) > limit for number in new)
    ]
    if over:
        raise TooManyRejected("; ".join(_too_many(table, settings, new) for table in over))


def _too_many(table: Validated, settings: Settings, new: set[str]) -> str:
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in table.rejected_counts.items())
    worst = max((table.rejected_share_of(number) for number in new), default=0.0)
    share = max(worst, table.rejected_share)
    of_what = "of all" if share <= table.rejected_share else "of what is new"
    return (
        f"{table.table}: {table.rejected_count:,} rows rejected, {share:.1%} {of_what} "
        f"(limit {settings.load.max_rejected_share:.1%}; {reasons}); "
        f"see {settings.paths.rejected / f'{table.table}.parquet'}, mend the source or raise load.max_rejected_share"
    )
