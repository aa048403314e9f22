"""SQL expressions that bring a source column to the contract's meaning without losing what cannot be cast."""

from __future__ import annotations

import re
from pathlib import Path

_FLOATS = ("DOUBLE", "FLOAT")


def quoted(text: str) -> str:
    """The text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def literal_path(file: Path) -> str:
    """The path as DuckDB reads it literally: a folder's name may hold what is a wildcard elsewhere."""
    return re.sub(r"([*?\[])", r"[\1]", str(file))


def name(column: str) -> str:
    """The column as an SQL identifier."""
    return '"' + column.replace('"', '""') + '"'


def as_id(column: str, type_: str) -> str:
    """An id as text.

    A column of whole numbers with gaps arrives as floats from pandas: 12.0 is the id 12, NaN is none.
    """
    value = name(column)
    if type_ not in _FLOATS:
        return f"CAST({value} AS VARCHAR)"
    whole = f"CAST(TRY_CAST({value} AS BIGINT) AS VARCHAR)"
    text = f"CAST({value} AS VARCHAR)"
    is_whole = f"{value} = floor({value})"
    return f"CASE WHEN isnan({value}) THEN NULL WHEN {is_whole} THEN coalesce({whole}, {text}) ELSE {text} END"


def as_moment(column: str, type_: str, *, zone: str) -> str:
    """A naive time read in `zone`; an unreadable text stays as it is."""
    value = name(column)
    if type_ == "TIMESTAMP WITH TIME ZONE":
        return value
    if type_ == "DATE" or type_.startswith("TIMESTAMP"):
        return f"timezone({quoted(zone)}, CAST({value} AS TIMESTAMP))"
    text = f"CAST({value} AS VARCHAR)"
    return f"coalesce(CAST(timezone({quoted(zone)}, TRY_CAST({text} AS TIMESTAMP)) AS VARCHAR), {text})"


def money_sum(*terms: tuple[str, str]) -> str:
    """Signed source columns ('+' or '-', column) summed to cents, as text.

    Each term is rounded before summing, so that sums of floats stay exact. Where a term is missing or no
    number, the text shows the terms ('nan - 0.0') and fails the later cast on purpose.
    """
    cents = [f"TRY_CAST({name(column)} AS DECIMAL(18,2))" for _, column in terms]
    total = " ".join(f"{sign} {value}" for (sign, _), value in zip(terms, cents, strict=True)).removeprefix("+ ")
    shown = [f"coalesce(CAST({name(column)} AS VARCHAR), 'nothing')" for _, column in terms]
    # one bad term alone would read like a plain value (or like nothing at all): its role is spelled out
    parts = [f"{quoted(f' {sign} ')}, {text}" for (sign, _), text in zip(terms, shown, strict=True)]
    text = f"concat({', '.join(parts).removeprefix(quoted(' + ') + ', ')})"
    return f"coalesce(CAST({total} AS VARCHAR), {text})"


def day_of_week_number(column: str, type_: str, *, week_two: str) -> str:
    """First day of a numbered week, where week 2 starts on `week_two`; an unreadable number stays as text."""
    value = name(column)
    day = f"(DATE {quoted(week_two)} + CAST(7 * (TRY_CAST({value} AS INTEGER) - 2) AS INTEGER))"
    if type_ in ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UTINYINT"):
        return day
    return f"coalesce(CAST({day} AS VARCHAR), CAST({value} AS VARCHAR))"
