"""Which columns of a retailer's files hold the columns of a contract, by the settings' map, constants and formats."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from features.contracts.errors import MissingColumn
from features.contracts.load_settings import LoadSettings
from features.contracts.tables import Column, ColumnType, TableContract
from features.sources.casting import as_id, name, quoted
from features.sources.files import SourceFiles
from features.sources.written_values import written_value


@dataclass(frozen=True, kw_only=True)
class ColumnMap:
    """The columns of one table in the files that were handed over for it."""

    contract: TableContract
    files: SourceFiles
    load: LoadSettings | None
    """None: the files have the contract's names and ways of writing."""
    folder: Path

    def names_of(self, column: str) -> tuple[str, ...]:
        """The file's columns that hold a contract's column: those that the settings name, else its own name."""
        declared = self.load.names_of(self.contract.name, column) if self.load else ()
        there = tuple(given for given in declared if given in self.files.types)
        return there or ((column,) if column in self.files.types else ())

    @property
    def read(self) -> set[str]:
        """Every column of the files that some column of the contract is read from."""
        columns = self.load.columns.get(self.contract.name, {}) if self.load else {}
        return {given for column in (*self.contract.names, *columns) for given in self.names_of(column)}

    def has(self, column: str) -> bool:
        return bool(self.names_of(column) or self._constants(column))

    def demand_required(self) -> None:
        """Raises MissingColumn unless every required column is there."""
        lacking = [column.name for column in self.contract.columns if column.is_required and not self.has(column.name)]
        if not lacking:
            return
        declared = {
            given
            for column in lacking
            for given in (self.load.names_of(self.contract.name, column) if self.load else ())
        }
        named = f", nor {', '.join(sorted(declared))} as the settings name it" if declared else ""
        raise MissingColumn(
            f"{self.files.label}: no column {', '.join(lacking)}{named} (found: {', '.join(self.files.types)}); "
            "rename or add it in the file"
            + ("" if declared else f", or name yours in [load.columns.{self.contract.name}]")
        )

    def missing_declared(self) -> list[str]:
        """Names that the settings declare and no file has, for the columns that could not be read."""
        columns = self.load.columns.get(self.contract.name, {}) if self.load else {}
        return [f"{' or '.join(self._declared(column))} ({column})" for column in columns if not self.has(column)]

    def sql(self, column: Column) -> str:
        """The SQL of a contract's column; only for one that the files have."""
        given = self.names_of(column.name)
        read = [self._read(source, column) for source in given]
        constants = self._constants(column.name)
        if len(read) == 1 and not constants:
            return read[0]
        filled = [f"nullif(trim(CAST({sql} AS VARCHAR)), '')" for sql in read]
        return f"coalesce({', '.join([*filled, *constants])})"

    def _read(self, source: str, column: Column) -> str:
        type_ = self.files.type_of(source)
        if column.type is ColumnType.TEXT:
            return as_id(source, type_)
        if self.load is None:
            return name(source)
        return written_value(name(source), type_, column.type, self.load.format_at(self.contract.name, column.name))

    def _declared(self, column: str) -> tuple[str, ...]:
        return self.load.names_of(self.contract.name, column) if self.load else ()

    def _constants(self, column: str) -> list[str]:
        """What the settings say of all rows of some files: an expression of the row's file, if there is any."""
        cases = []
        for pattern, values in (self.load.constants if self.load else {}).items():
            files = [file.relative_to(self.folder).as_posix() for file in self.files.files]
            matching = [
                quoted(file) for file in files if fnmatchcase(file, pattern) or fnmatchcase(Path(file).name, pattern)
            ]
            if column in values and matching:
                cases.append(f" WHEN source_file IN ({', '.join(matching)}) THEN {quoted(values[column])}")
        return [f"CASE{''.join(cases)} END"] if cases else []
