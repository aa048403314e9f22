"""A retailer's folder: `<table>.parquet`, `<table>.csv` or `<table>/part-*`, or whatever names the settings declare.

CSV is read as text with a header; its first row of values is source row 1.
"""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from features.contracts.errors import Refused
from features.contracts.load_settings import PRODUCT_COLUMNS, LoadSettings
from features.contracts.tables import CONTRACTS, Column, ColumnType
from features.sources.casting import name, quoted
from features.sources.column_map import ColumnMap
from features.sources.contact_data import PLAIN_COLUMNS
from features.sources.csv_text import CsvReading
from features.sources.files import CSV, PARQUET, columns_sql, find_files, open_these
from features.sources.handed_over import HandedOver, HandedTable

ADAPTER = "folder"
_SUFFIXES = (PARQUET, CSV)
_NEVER_READ = ("phone_encrypted", "email_encrypted", "name_hash", "name_encrypted", "address_hash")
_LOOKS_LIKE_CONTACT = re.compile(
    r"phone|mobile|e-?mail|^tel$|_tel$|^tel_|address|street|surname|passport|id_?card|(first|last|full|given|family)_?name"
    r"|手机|电话|邮箱|姓名|地址|身份证|微信号",
    re.IGNORECASE,
)


def tables_found(folder: Path, load: LoadSettings | None = None) -> dict[str, tuple[Path, ...]]:
    """Table to its files, of every table that stands in the folder."""
    found = {
        table: find_files(folder, table, suffixes=_SUFFIXES, patterns=load.patterns_of(table) if load else ())
        for table in CONTRACTS
    }
    return {table: files for table, files in found.items() if files}


def stands_in(folder: Path, load: LoadSettings | None = None) -> bool:
    """Whether the folder holds order lines."""
    return "order_lines" in tables_found(folder, load)


def contract_folder(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    *,
    load: LoadSettings | None = None,
    files: dict[str, tuple[Path, ...]] | None = None,
    spill: Path | None = None,
) -> HandedOver:
    """The folder's tables, made of `files` alone where they are given.

    Raises MissingColumn or Refused for files that cannot serve.
    """
    chosen = tables_found(folder, load) if files is None else files
    reading = CsvReading(spill=spill)
    if load is not None:
        reading = CsvReading(encoding=load.format.encoding, delimiter=load.format.delimiter, spill=spill)
    tables, notes = [], []
    for contract in CONTRACTS.values():
        if contract.name not in chosen:
            continue
        opened = open_these(con, folder, contract.name, chosen[contract.name], reading)
        columns = ColumnMap(contract=contract, files=opened, load=load, folder=folder)
        columns.demand_required()
        tables.append(HandedTable(name=contract.name, sql=_select(columns), files=opened.files))
        notes += _notes(columns)
        if contract.name == "order_lines" and "products" not in chosen:
            tables += _products_of_lines(columns)
    return HandedOver(adapter=ADAPTER, folder=folder, tables=tuple(tables), periods={}, notes=tuple(notes))


def _notes(columns: ColumnMap) -> list[str]:
    table, notes = columns.contract.name, []
    extra = _extra_columns(columns)
    if extra and not columns.contract.keeps_attributes:
        notes.append(f"{table}: columns outside the contract were left out: {', '.join(extra)}")
    missing = columns.missing_declared()
    if missing:
        notes.append(f"{table}: the settings name columns that {columns.files.label} has not: {', '.join(missing)}")
    return notes


def _select(columns: ColumnMap) -> str:
    contract, files = columns.contract, columns.files
    selected = {
        column.name: columns.sql(column)
        for column in contract.columns
        if columns.has(column.name) and column.name not in (*_NEVER_READ, "attributes")
    }
    if contract.name == "member_records":
        selected |= {
            plain: f"CAST({columns.sql(_plain(plain))} AS VARCHAR)" for plain in PLAIN_COLUMNS if columns.has(plain)
        }
    if contract.keeps_attributes:
        selected |= _attributes(columns)
    return f"SELECT {columns_sql(selected)} FROM {files.scan}"


def _products_of_lines(lines: ColumnMap) -> list[HandedTable]:
    """What the lines tell about their products, where the settings say so: the latest row of each product counts."""
    if lines.load is None or "product_id" in lines.missing_declared():
        return []
    told = [
        column for column in PRODUCT_COLUMNS if lines.load.names_of("order_lines", column) and lines.names_of(column)
    ]
    if not told:
        return []
    product = lines.sql(CONTRACTS["order_lines"].column("product_id"))
    place = "(source_file, source_row)"
    columns = ", ".join(
        f"arg_max(nullif(trim(CAST({lines.sql(_plain(column))} AS VARCHAR)), ''), {place}) AS {column}"
        for column in told
    )
    sql = (
        f"SELECT {product} AS product_id, {columns}, max({place})[1] AS source_file, max({place})[2] AS source_row "
        f"FROM {lines.files.scan} WHERE nullif(trim({product}), '') IS NOT NULL GROUP BY 1"
    )
    return [HandedTable(name="products", sql=sql, files=lines.files.files, is_derived=True)]


def _plain(column: str) -> Column:
    return Column(name=column, type=ColumnType.TEXT, sentence="")


def _attributes(columns: ColumnMap) -> dict[str, str]:
    """Extra columns gathered into the JSON object `attributes`, beside those that it holds already."""
    extra, files = _extra_columns(columns), columns.files
    is_person = columns.contract.name == "member_records"
    suspects = [column for column in extra if is_person and _LOOKS_LIKE_CONTACT.search(column)]
    if suspects:
        raise Refused(
            f"{files.label}: {', '.join(suspects)} would be stored plain as an attribute; "
            "name it phone, email, name or address, or leave it out"
        )
    given = None
    for column in columns.names_of("attributes"):
        nested = files.type_of(column).startswith(("STRUCT", "MAP"))
        given = f"CAST(to_json({name(column)}) AS VARCHAR)" if nested else f"CAST({name(column)} AS VARCHAR)"
    if not extra:
        return {"attributes": given} if given else {}
    pairs = ", ".join(f"{quoted(column)}, {name(column)}" for column in extra)
    gathered = f"json_merge_patch('{{}}', json_object({pairs}))"
    if given is None:
        return {"attributes": f"CAST({gathered} AS VARCHAR)"}
    # an unreadable object is left as it is, so that validation rejects and shows it
    merged = f"CAST(json_merge_patch({gathered}, coalesce({given}, '{{}}')) AS VARCHAR)"
    return {"attributes": f"CASE WHEN {given} IS NULL OR json_valid({given}) THEN {merged} ELSE {given} END"}


def _extra_columns(columns: ColumnMap) -> list[str]:
    known = {*columns.read, *columns.contract.names}
    if columns.contract.name == "member_records":
        known |= set(PLAIN_COLUMNS)
    return [column for column in columns.files.types if column not in known]
