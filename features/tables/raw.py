"""Raw batches: what was handed over, in the contract's columns, numbered and never changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from features.contracts.atomic import new_folder, read_json, write_json
from features.contracts.clock import moment_text
from features.contracts.errors import Refused
from features.contracts.paths import ShopPaths
from features.contracts.secrecy import ContactCipher
from features.contracts.settings import Settings
from features.contracts.tables import CONTRACTS
from features.sources.handed_over import ADAPTER_REVISION, HandedOver
from features.tables.raw_writing import RawWriter

BATCH_FILE = "batch.json"


@dataclass(frozen=True, kw_only=True)
class LoadOptions:
    """What a run of the load was asked for."""

    with_synthetic_contacts: bool
    as_of: datetime | None
    """Lines and events at or after it are not loaded."""
    now: datetime


@dataclass(frozen=True, kw_only=True)
class RawBatch:
    """One batch on disk."""

    number: str
    folder: Path
    fingerprint: str
    """Same source files and options, same fingerprint."""
    tables: tuple[str, ...]
    notes: tuple[str, ...]

    def file(self, table: str) -> Path:
        return self.folder / f"{table}.parquet"


def newest_batch(paths: ShopPaths) -> RawBatch | None:
    """The batch that was added last, None before the first load."""
    numbers = _numbers(paths)
    if not numbers:
        return None
    folder = paths.raw / numbers[-1]
    told = read_json(folder / BATCH_FILE)
    if told is None:
        raise Refused(f"raw: {folder / BATCH_FILE} is missing; remove that batch folder and load again")
    return RawBatch(
        number=numbers[-1],
        folder=folder,
        fingerprint=told["fingerprint"],
        tables=tuple(told["counts"]),
        notes=tuple(told["notes"]),
    )


def batch_fingerprint(
    handed: HandedOver,
    settings: Settings,
    cipher: ContactCipher,
    *,
    checksums: Mapping[str, str],
    with_synthetic_contacts: bool,
) -> str:
    """Identifies the source files and every option that shapes the raw tables."""
    return digest_of(
        {
            "adapter": handed.adapter,
            "revision": ADAPTER_REVISION,
            "columns": {table.name: CONTRACTS[table.name].names for table in handed.tables},
            "files": dict(checksums),
            "timezone": settings.timezone,
            "currency": settings.currency,
            "key": cipher.key_id,
            "synthetic_seed": settings.seed if with_synthetic_contacts else None,
        }
    )


def append_batch(
    writer: RawWriter,
    options: LoadOptions,
    *,
    checksums: Mapping[str, str],
    fingerprint: str,
    progress: Callable[[str], None],
) -> RawBatch:
    """The new batch, complete on disk."""
    handed, paths = writer.handed, writer.settings.paths
    numbers = _numbers(paths)
    number = f"{int(numbers[-1]) + 1 if numbers else 1:06d}"
    counts: dict[str, int] = {}
    with new_folder(paths.raw / number) as partial:
        # order lines first: generated contacts look up each member's first order in them
        for table in sorted(handed.tables, key=lambda table: table.name != "order_lines"):
            counts[table.name] = writer.write(table, partial)
            progress(f"read {table.name}: {counts[table.name]:,} rows")
        notes = (*handed.notes, *writer.notes())
        told = {
            "adapter": handed.adapter,
            "fingerprint": fingerprint,
            "files": dict(checksums),
            "counts": counts,
            "notes": notes,
            "with_synthetic_contacts": options.with_synthetic_contacts,
            "as_of": moment_text(options.as_of) if options.as_of else None,
            "loaded_at": moment_text(options.now),
        }
        write_json(partial / BATCH_FILE, told)
    return RawBatch(
        number=number, folder=paths.raw / number, fingerprint=fingerprint, tables=tuple(counts), notes=notes
    )


def source_checksums(handed: HandedOver) -> dict[str, str]:
    """Source file, named inside its folder, to its SHA-256."""
    sums = {}
    for file in handed.files:
        with file.open("rb") as content:
            sums[handed.file_name(file)] = hashlib.file_digest(content, "sha256").hexdigest()
    return sums


def digest_of(value: Mapping[str, object]) -> str:
    """SHA-256 of a value that JSON can write, independent of the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def _numbers(paths: ShopPaths) -> list[str]:
    if not paths.raw.is_dir():
        return []
    return sorted(folder.name for folder in paths.raw.iterdir() if folder.is_dir() and folder.name.isdecimal())
