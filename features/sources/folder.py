"""A folder in the contract's own shape: `<table>.parquet`, `<table>.csv` or `<table>/part-*`.

CSV is read as UTF-8 text with a header; its first row of values is source row 1.
"""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from features.contracts.errors import Refused
from features.contracts.tables import CONTRACTS, ColumnType, TableContract
from features.sources.casting import as_id, name, quoted
from features.sources.files import CSV, PARQUET, SourceFiles, columns_sql, find_files, open_files
from features.sources.handed_over import HandedOver, HandedTable

ADAPTER = "folder"
CONTACT_COLUMNS = ("phone", "email")
"""Plain columns of member_records that are hashed and encrypted before anything is written."""

_SUFFIXES = (PARQUET, CSV)
_NEVER_READ = ("phone_encrypted", "email_encrypted")
_LOOKS_LIKE_CONTACT = re.compile(r"phone|mobile|e-?mail|^tel$|_tel$|^tel_", re.IGNORECASE)


def stands_in(folder: Path) -> bool:
    """Whether the folder holds order lines in the contract's shape."""
    return bool(find_files(folder, "order_lines", suffixes=_SUFFIXES))


def contract_folder(con: duckdb.DuckDBPyConnection, folder: Path) -> HandedOver:
    """The folder's tables. Raises MissingColumn or Refused for files that cannot serve."""
    tables, notes = [], []
    for contract in CONTRACTS.values():
        files = open_files(con, folder, contract.name, suffixes=_SUFFIXES)
        if files is None:
            continue
        files.demand(column.name for column in contract.columns if column.is_required)
        tables.append(HandedTable(name=contract.name, sql=_select(contract, files), files=files.files))
        extra = _extra_columns(contract, files)
        if extra and not contract.keeps_attributes:
            notes.append(f"{contract.name}: columns outside the contract were left out: {', '.join(extra)}")
    return HandedOver(adapter=ADAPTER, folder=folder, tables=tuple(tables), periods={}, notes=tuple(notes))


def _select(contract: TableContract, files: SourceFiles) -> str:
    columns = {}
    for column in contract.columns:
        if column.name in files.types and column.name not in _NEVER_READ:
            is_text = column.type is ColumnType.TEXT
            columns[column.name] = as_id(column.name, files.type_of(column.name)) if is_text else name(column.name)
    if contract.name == "member_records":
        columns |= {plain: f"CAST({plain} AS VARCHAR)" for plain in CONTACT_COLUMNS if plain in files.types}
    if contract.keeps_attributes:
        columns |= _attributes(contract, files)
    return f"SELECT {columns_sql(columns)} FROM {files.scan}"


def _attributes(contract: TableContract, files: SourceFiles) -> dict[str, str]:
    """Extra columns gathered into the JSON object `attributes`, beside those that it holds already."""
    extra = _extra_columns(contract, files)
    suspects = [column for column in extra if _LOOKS_LIKE_CONTACT.search(column)]
    if suspects:
        raise Refused(
            f"{files.label}: {', '.join(suspects)} would be stored plain as an attribute; "
            "name it phone or email, or leave it out"
        )
    given = None
    if "attributes" in files.types:
        type_ = files.type_of("attributes")
        nested = type_.startswith(("STRUCT", "MAP"))
        given = "CAST(to_json(attributes) AS VARCHAR)" if nested else "CAST(attributes AS VARCHAR)"
    if not extra:
        return {"attributes": given} if given else {}
    pairs = ", ".join(f"{quoted(column)}, {name(column)}" for column in extra)
    gathered = f"json_merge_patch('{{}}', json_object({pairs}))"
    if given is None:
        return {"attributes": f"CAST({gathered} AS VARCHAR)"}
    # an unreadable object is left as it is, so that validation rejects and shows it
    merged = f"CAST(json_merge_patch({gathered}, coalesce({given}, '{{}}')) AS VARCHAR)"
    return {"attributes": f"CASE WHEN {given} IS NULL OR json_valid({given}) THEN {merged} ELSE {given} END"}


def _extra_columns(contract: TableContract, files: SourceFiles) -> list[str]:
    known = {*contract.names, *(CONTACT_COLUMNS if contract.name == "member_records" else ())}
    return [column for column in files.types if column not in known]
