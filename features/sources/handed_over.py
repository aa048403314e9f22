"""What an adapter answers: the tables of a data set in the contract's columns, as SQL over its files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

ADAPTER_REVISION = 1
"""Raised when an adapter maps a column differently, so that the same files are read again."""


@dataclass(frozen=True, kw_only=True)
class Period:
    """Moments that can be true for a table: from `first` (seen) to `last` (not seen any more)."""

    first: datetime
    last: datetime


@dataclass(frozen=True, kw_only=True)
class HandedTable:
    """One table as it was handed over.

    `sql` yields columns named as in the contract, in whatever type (a value that cannot be cast survives as
    text, so that it can be rejected and shown), with `source_file` and `source_row` (1-based) behind them.
    """

    name: str
    sql: str
    files: tuple[Path, ...]
    """Every file that the table is made from."""
    is_derived: bool = False
    """Gathered from another table's rows: whatever was handed over for itself comes first."""


@dataclass(frozen=True, kw_only=True)
class HandedOver:
    """A data set: its tables, and what the adapter knows or wants to say about them."""

    adapter: str
    folder: Path
    tables: tuple[HandedTable, ...]
    periods: dict[str, Period]
    """Table to the period that the adapter declares for it; other tables get the settings' bounds."""
    notes: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """Every source file, once, in order."""
        return tuple(sorted({file for table in self.tables for file in table.files}))

    def file_name(self, file: Path) -> str:
        """The file's name inside the data set's folder: the form that is stored."""
        return file.relative_to(self.folder).as_posix()
