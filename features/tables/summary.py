"""What a load did, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class TableSummary:
    """Rows of one table."""

    name: str
    kept: int
    later: int
    """At or after `as_of`: sound, and not loaded."""
    rejected: Mapping[str, int]
    """Reason code to rows; each row counts once, under its first reason."""
    replaced: int = 0
    """Sound rows that a later batch holds anew."""

    @property
    def rejected_total(self) -> int:
        return sum(self.rejected.values())


@dataclass(frozen=True, kw_only=True)
class LoadSummary:
    """One run of the load."""

    shop: str
    adapter: str
    source: Path | None
    """Folder that was read; None when the tables were made of what was there."""
    batch: str
    """Raw batch that the tables were made from."""
    version: str
    """Version of the tables that is in use now."""
    already_loaded: bool
    """The same files and options stood there before; nothing was written."""
    tables: tuple[TableSummary, ...]
    not_handed_over: tuple[str, ...]
    members: int
    latest_at: datetime
    as_of: datetime | None
    notes: tuple[str, ...]
