"""Raw batches: what was handed over, in the contract's columns, numbered and append-only.

A batch's folder holds one Parquet file per table and `batch.json`, which alone says what the batch is made of.
Forgetting a person rewrites a batch's Parquet files; nothing else ever does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.contracts.atomic import exclusive, new_folder, read_json, write_json
from features.contracts.clock import moment_text
from features.contracts.errors import Refused
from features.contracts.forgotten import Forgotten
from features.contracts.paths import ShopPaths
from features.contracts.secrecy import ContactCipher
from features.contracts.settings import Settings
from features.contracts.tables import CONTRACTS
from features.forgetting.leaving_out import leave_out
from features.sources.choice import Delivery
from features.sources.handed_over import ADAPTER_REVISION
from features.tables.raw_writing import RawWriter

BATCH_FILE = "batch.json"
EVENTS_ADAPTER = "events"
"""Batches of what was recorded as it happened; what a file says of the same row comes first."""

Readings = Mapping[str, Mapping[str, str]]
"""Table to file name to a digest of the file's bytes and of everything that decides how it is read."""


@dataclass(frozen=True, kw_only=True)
class LoadOptions:
    """What a run of the load was asked for."""

    with_synthetic_contacts: bool
    as_of: datetime | None
    """Lines and events at or after it are not loaded."""
    now: datetime
    forgotten: Forgotten = field(default_factory=Forgotten.nobody)
    """Who asked to be forgotten: their rows never get in again."""


@dataclass(frozen=True, kw_only=True)
class RawBatch:
    """One batch on disk."""

    number: str
    folder: Path
    adapter: str
    fingerprint: str
    """Same source files and options, same fingerprint."""
    counts: Mapping[str, int]
    """Table to rows as they were handed over."""
    notes: tuple[str, ...]
    files: tuple[str, ...]
    readings: Readings
    is_whole: bool
    """It replaces every earlier batch of its adapter."""
    derived: frozenset[str]
    """Tables that were gathered from another one's rows."""
    upto: str | None
    """Of events: the last one that is in it."""
    loaded_at: str
    is_of_before: bool
    """Written before there were several batches that count."""

    @property
    def tables(self) -> tuple[str, ...]:
        return tuple(self.counts)

    def file(self, table: str) -> Path:
        return self.folder / f"{table}.parquet"


def all_batches(paths: ShopPaths) -> list[RawBatch]:
    """Every batch, in the order in which they came. Raises Refused when one is damaged."""
    if not paths.raw.is_dir():
        return []
    folders = (folder for folder in paths.raw.iterdir() if folder.is_dir() and folder.name.isdecimal())
    return [_read(folder) for folder in sorted(folders)]


def _read(folder: Path) -> RawBatch:
    told = read_json(folder / BATCH_FILE)
    if told is None:
        raise Refused(f"raw: {folder / BATCH_FILE} is missing; remove that batch folder and load again")
    return RawBatch(
        number=folder.name,
        folder=folder,
        adapter=told["adapter"],
        fingerprint=told["fingerprint"],
        counts=told["counts"],
        notes=tuple(told["notes"]),
        files=tuple(told["files"]),
        # a batch of before there were several of them is the whole data set
        readings=told.get("readings", {}),
        is_whole=told.get("is_whole", True),
        derived=frozenset(told.get("derived", ())),
        upto=told.get("upto"),
        loaded_at=told["loaded_at"],
        is_of_before="is_whole" not in told,
    )


def batch_fingerprint(
    delivery: Delivery,
    settings: Settings,
    cipher: ContactCipher,
    *,
    checksums: Mapping[str, str],
    with_synthetic_contacts: bool,
) -> str:
    """Identifies the source files and every option that shapes the raw tables of a whole data set."""
    return digest_of(
        {
            "adapter": delivery.adapter,
            "revision": ADAPTER_REVISION,
            "columns": {table: contract.names for table, contract in CONTRACTS.items()},
            "files": dict(checksums),
            "timezone": settings.timezone,
            "currency": settings.currency,
            "key": cipher.key_id,
            "phone_region": settings.identity.phone_region,
            "synthetic_seed": settings.seed if with_synthetic_contacts else None,
        }
    )


def readings_of(
    delivery: Delivery,
    settings: Settings,
    cipher: ContactCipher,
    *,
    checksums: Mapping[str, str],
    with_synthetic_contacts: bool,
) -> dict[str, dict[str, str]]:
    """How each file of a folder would be read now: another digest means that its rows would be others."""
    load = settings.load
    readings: dict[str, dict[str, str]] = {}
    for table, files in delivery.files.items():
        how: dict[str, object] = {
            "revision": ADAPTER_REVISION,
            "columns": CONTRACTS[table].names,
            "timezone": settings.timezone,
            "names": load.columns.get(table),
            "constants": load.constants,
            "format": load.format.model_dump(mode="json"),
            "format_of": {place: f.model_dump() for place, f in load.format_of.items() if place.split(".")[0] == table},
        }
        if table == "member_records":
            how |= {"key": cipher.key_id, "phone_region": cipher.phone_region}
            how |= {"synthetic_seed": settings.seed if with_synthetic_contacts else None}
        names = [delivery.file_name(file) for file in files]
        readings[table] = {name: digest_of(how | {"sha256": checksums[name]}) for name in names}
    return readings


def append_batch(
    writer: RawWriter,
    options: LoadOptions,
    *,
    checksums: Mapping[str, str],
    fingerprint: str,
    readings: Readings,
    is_whole: bool,
    progress: Callable[[str], None],
) -> RawBatch:
    """The new batch, complete on disk."""
    handed, paths = writer.handed, writer.settings.paths
    counts: dict[str, int] = {}
    number = _next_number(paths)
    with new_folder(paths.raw / number) as partial:
        # order lines first: generated contacts look up each member's first order in them
        for table in sorted(handed.tables, key=lambda table: table.name != "order_lines"):
            counts[table.name] = writer.write(table, partial)
            progress(f"read {table.name}: {counts[table.name]:,} rows")
        left_out = leave_out(writer.con, partial, options.forgotten, paths)
        counts |= {table: int(pq.read_metadata(partial / f"{table}.parquet").num_rows) for table in left_out.rows}
        derived = [table.name for table in handed.tables if table.is_derived]
        of_lines = readings.get("order_lines", {})
        _describe(
            partial,
            adapter=handed.adapter,
            fingerprint=fingerprint,
            files=checksums,
            counts=counts,
            notes=(*handed.notes, *writer.notes(), *filter(None, [left_out.note])),
            forgotten=left_out.to_json(),
            readings={**readings, **dict.fromkeys(derived, of_lines)},
            is_whole=is_whole,
            derived=derived,
            with_synthetic_contacts=options.with_synthetic_contacts,
            as_of=moment_text(options.as_of) if options.as_of else None,
            loaded_at=moment_text(options.now),
        )
    return _read(paths.raw / number)


def append_event_batch(
    settings: Settings,
    events: Iterator[pa.RecordBatch],
    *,
    order_lines: Iterable[pa.RecordBatch] = (),
    upto: str,
    now: datetime,
) -> RawBatch | None:
    """The new batch of what was recorded since the one before; None when there was nothing.

    `events` and `order_lines` have the contract's columns (some may be missing); a row's origin is its number in the
    batch. The next load takes it up. Raises Busy while a load runs.
    """
    paths = settings.paths
    told = {"events": _peeked(events), "order_lines": _peeked(iter(order_lines))}
    filled = {table: rows for table, rows in told.items() if rows is not None}
    if not filled:
        return None
    with exclusive(paths.locks, "load"):
        number = _next_number(paths)
        with new_folder(paths.raw / number) as partial:
            counts = {
                table: _write_rows(rows, partial / f"{table}.parquet", origin=f"events-{number}")
                for table, rows in filled.items()
            }
            _describe(
                partial,
                adapter=EVENTS_ADAPTER,
                fingerprint=digest_of({"upto": upto, "number": number}),
                files={},
                counts=counts,
                notes=(),
                readings={},
                is_whole=False,
                derived=(),
                upto=upto,
                loaded_at=moment_text(now),
            )
    return _read(paths.raw / number)


def _peeked(rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch] | None:
    """The batches from the first one that has a row; None when none has."""
    for batch in rows:
        if batch.num_rows:
            return chain([batch], rows)
    return None


def source_checksums(delivery: Delivery) -> dict[str, str]:
    """Source file, named inside its folder, to its SHA-256."""
    sums = {}
    for file in delivery.every_file:
        with file.open("rb") as content:
            sums[delivery.file_name(file)] = hashlib.file_digest(content, "sha256").hexdigest()
    return sums


def digest_of(value: Mapping[str, object]) -> str:
    """SHA-256 of a value that JSON can write, independent of the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def _describe(folder: Path, **told: object) -> None:
    write_json(folder / BATCH_FILE, told)


def _write_rows(rows: Iterator[pa.RecordBatch], target: Path, *, origin: str) -> int:
    written, writer = 0, None
    try:
        for batch in rows:
            numbers = pa.array(range(written + 1, written + batch.num_rows + 1), pa.int64())
            table = pa.Table.from_batches([batch]).append_column("source_file", pa.array([origin] * batch.num_rows))
            table = table.append_column("source_row", numbers)
            writer = writer or pq.ParquetWriter(target, table.schema, compression="zstd")
            writer.write_table(table)
            written += batch.num_rows
    finally:
        if writer is not None:
            writer.close()
    return written


def _next_number(paths: ShopPaths) -> str:
    batches = all_batches(paths)
    return f"{int(batches[-1].number) + 1 if batches else 1:06d}"
