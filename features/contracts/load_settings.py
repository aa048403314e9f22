"""The `[load]` section of settings.toml: which data is loaded, what its columns are called, how values are written."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from features.contracts.tables import CONTRACTS

SERIALS = ("excel", "unix", "unix_ms")
"""Moments written as a number: days since 1899-12-30 as spreadsheets keep them, seconds or milliseconds since 1970."""

_DIRECTIVE = re.compile(r"%-?(.)|%$")
_DIRECTIVES = frozenset("aAbBdfgHIjmMnpSyYzZ%")
_HANDED_PLAIN = {"member_records": ("phone", "email", "name", "address")}
"""Columns that are handed over beside those that are stored."""

PRODUCT_COLUMNS = ("name", "brand", "department", "category", "subcategory")
"""What order lines may tell about their product when no table of products is handed over."""


def _format(text: str) -> str:
    unknown = [found or "%" for found in _DIRECTIVE.findall(text) if found not in _DIRECTIVES]
    if unknown:
        raise ValueError(f"'{text}': %{unknown[0]} is no part of a date; see docs/your-data.md")
    if text not in SERIALS and "%" not in text:
        raise ValueError(f"'{text}' is neither a pattern such as %d/%m/%Y nor one of {', '.join(SERIALS)}")
    return text


def _several(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


Names = Annotated[str | tuple[str, ...], AfterValidator(_several)]
"""One name or several; the first that is found counts."""

Formats = Annotated[tuple[Annotated[str, AfterValidator(_format)], ...], Field(min_length=1)]


class ValueFormat(BaseModel):
    """How values are written in a retailer's files. What is not written so is rejected, never guessed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    moments: Formats | None = Field(
        default=None,
        description="how moments are written, tried in order, such as `%d/%m/%Y %H:%M`; `excel`, `unix` and `unix_ms` "
        "are numbers; without it ISO 8601 (2024-01-31 09:05, 2024/1/31 9:05)",
    )
    days: Formats | None = Field(default=None, description="how days are written, tried in order; without it ISO 8601")
    decimal: Literal[".", ","] | None = Field(default=None, description="the mark before the fraction of a number")
    thousands: Literal[",", ".", " ", "'", ""] | None = Field(
        default=None, description="the mark between thousands; empty: none, and a number that has one is rejected"
    )
    money_in: Literal["units", "cents"] | None = Field(default=None, description="`cents`: amounts count hundredths")
    true_words: tuple[str, ...] | None = Field(default=None, description="words for yes, beside true, yes, t, y and 1")
    false_words: tuple[str, ...] | None = Field(default=None, description="words for no, beside false, no, f, n and 0")

    @model_validator(mode="after")
    def _marks_differ(self) -> ValueFormat:
        if self.decimal is not None and self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands are both '{self.decimal}'")
        return self

    def with_overrides(self, other: ValueFormat) -> ValueFormat:
        """This format, and what the other one declares in its place."""
        return ValueFormat(**{**self.model_dump(), **other.model_dump(exclude_none=True)})


class FileFormat(ValueFormat):
    """How a retailer's files are written. CSV needs no word about its encoding and delimiter in the usual cases."""

    encoding: Literal["auto", "utf-8", "gb18030", "utf-16"] = Field(
        default="auto",
        description="encoding of CSV files; `auto`: UTF-8 where the whole file is valid UTF-8, else GB18030",
    )
    delimiter: Literal["auto", ",", ";", "\t", "|"] = Field(
        default="auto",
        description="what stands between values in CSV; "
        "`auto`: the commonest of comma, semicolon, tab and bar in the first line",
    )


class LoadSettings(BaseModel):
    """Which data is loaded, how it is written and what is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Literal["complete-journey", "folder"] = Field(description="adapter used when no folder is named")
    with_promotions: bool = Field(description="also load the 21 million rows of promotions of the default data")
    max_rejected_share: float = Field(ge=0, le=1, description="share of a table's rows that may be rejected")
    earliest: date = Field(description="a date before this one is impossible")
    max_quantity: float = Field(gt=0, description="a quantity above this one, either way, is impossible")
    files: dict[str, Names] = Field(
        default={},
        description="`[load.files]`: table to the pattern of its files' names inside the folder, one or several; "
        "a table that is not named stands in <table>.parquet, <table>.csv or <table>/",
    )
    columns: dict[str, dict[str, Names]] = Field(
        default={},
        description="`[load.columns.TABLE]`: column of docs/tables.md to the name that your files give it, "
        "or to several names, the first of which with a value counts",
    )
    constants: dict[str, dict[str, str]] = Field(
        default={},
        description='`[load.constants."PATTERN"]`: column to the value that every row has of the files whose names '
        "match, where the file does not tell it: the channel of a till's export",
    )
    format: FileFormat = Field(
        default=FileFormat(), description="`[load.format]`: how values are written, see the keys below"
    )
    format_of: dict[str, ValueFormat] = Field(
        default={},
        description='`[load.format_of."TABLE"]` or `"TABLE.COLUMN"`: what differs there from `[load.format]`',
    )

    @field_validator("files")
    @classmethod
    def _files_stand_inside(cls, files: dict[str, Names]) -> dict[str, Names]:
        for pattern in (pattern for patterns in files.values() for pattern in patterns):
            if not pattern or pattern.startswith("/") or ".." in pattern.split("/"):
                raise ValueError(f"'{pattern}' is no pattern of names inside the folder")
        return files

    @model_validator(mode="after")
    def _names_are_known(self) -> LoadSettings:
        for table in (*self.files, *self.columns):
            if table not in CONTRACTS:
                raise ValueError(f"'{table}' is no table of docs/tables.md")
        for table, columns in self.columns.items():
            _refuse_unknown(columns, known=mappable_columns(table), where=f"columns.{table}")
        every = {column for table in CONTRACTS for column in mappable_columns(table)}
        for pattern, values in self.constants.items():
            _refuse_unknown(values, known=every, where=f"constants.'{pattern}'")
        for place in self.format_of:
            table, _, column = place.partition(".")
            if table not in CONTRACTS or (column and column not in mappable_columns(table)):
                raise ValueError(f"format_of: '{place}' is neither a table nor TABLE.COLUMN of docs/tables.md")
        return self

    def names_of(self, table: str, column: str) -> tuple[str, ...]:
        """What the retailer's files may call a column; empty when nothing is declared."""
        return _several(self.columns.get(table, {}).get(column, ()))

    def patterns_of(self, table: str) -> tuple[str, ...]:
        """Patterns of the names of a table's files; empty when nothing is declared."""
        return _several(self.files.get(table, ()))

    def format_at(self, table: str, column: str) -> ValueFormat:
        """How a column's values are written."""
        values = ValueFormat(**self.format.model_dump(include=set(ValueFormat.model_fields)))
        for place in (table, f"{table}.{column}"):
            if place in self.format_of:
                values = values.with_overrides(self.format_of[place])
        return values


def mappable_columns(table: str) -> tuple[str, ...]:
    """Columns of a table that a retailer's names can be given for."""
    further = PRODUCT_COLUMNS if table == "order_lines" else _HANDED_PLAIN.get(table, ())
    return tuple(dict.fromkeys((*CONTRACTS[table].names, *further)))


def _refuse_unknown(
    columns: dict[str, Names] | dict[str, str], *, known: set[str] | tuple[str, ...], where: str
) -> None:
    wrong = [column for column in columns if column not in known]
    if wrong:
        raise ValueError(f"{where}: '{wrong[0]}' is no column of docs/tables.md")
