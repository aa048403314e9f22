"""Which rows a filter lets through."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from features.contracts.filters.columns import (
    Column,
    Columns,
    Mask,
    NumberColumn,
    TextColumn,
    TextsColumn,
    TruthColumn,
)
from features.contracts.filters.names import unknown
from features.contracts.filters.tokens import wrong
from features.contracts.filters.tree import (
    Both,
    Comparison,
    Condition,
    Either,
    Holding,
    Membership,
    Missing,
    Name,
    Not,
    Truth,
    Value,
)

COMPARE: dict[str, Callable[[npt.NDArray[np.float64], float], npt.NDArray[np.bool_]]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def mask(condition: Condition, columns: Columns) -> Mask:
    """bool (rows,): the rows that pass. Raises BadRequest for an unknown name or a value of another type."""
    match condition:
        case Both(conditions):
            every = np.ones(columns.size, dtype=np.bool_)
            for each in conditions:
                every &= mask(each, columns)
            return every
        case Either(conditions):
            some = np.zeros(columns.size, dtype=np.bool_)
            for each in conditions:
                some |= mask(each, columns)
            return some
        case Not(inner):
            return ~mask(inner, columns)
        case Truth(name):
            return _true(name, _column(name, columns))
        case Missing(name, is_negated):
            return _is_missing(_column(name, columns)) ^ is_negated
        case Holding(name, values):
            return _holds(name, _column(name, columns), values)
        case Membership(name, values, is_negated):
            column = _column(name, columns)
            found = _is_one_of(name, column, values)
            return ~found & ~_is_missing(column) if is_negated else found
        case Comparison(name, sign, value):
            return _compared(name, _column(name, columns), sign, value)


def _column(name: Name, columns: Columns) -> Column:
    column = columns.by_name.get(name.text)
    if column is None:
        raise unknown(name, columns.by_name)
    return column


def _true(name: Name, column: Column) -> Mask:
    if not isinstance(column, TruthColumn):
        raise wrong(name.at, f"'{name.text}' is {_kind(column)}; compare it with a value")
    return np.equal(column.truths, 1)


def _is_missing(column: Column) -> Mask:
    if isinstance(column, TextColumn):
        return column.codes < 0
    if isinstance(column, TextsColumn):
        has_none = np.ones(column.size, dtype=np.bool_)
        has_none[column.rows] = False
        return has_none
    if isinstance(column, NumberColumn):
        is_missing: Mask = np.isnan(column.numbers)
        return is_missing
    return column.truths < 0


def _holds(name: Name, column: Column, values: tuple[Value, ...]) -> Mask:
    if not isinstance(column, TextsColumn):
        raise wrong(name.at, f"'{name.text}' is {_kind(column)}, one to a row; `has` asks of lists, as of tags")
    passes = np.zeros(len(column.texts), dtype=np.bool_)
    for value in values:
        if not isinstance(value, str):
            raise _other_type(name, column, "has", value)
        first, end = bisect_left(column.texts, value), bisect_right(column.texts, value)
        passes[first:end] = True
    found = np.zeros(column.size, dtype=np.bool_)
    found[column.rows[passes[column.codes]]] = True
    return found


def _is_one_of(name: Name, column: Column, values: tuple[Value, ...]) -> Mask:
    if isinstance(column, TextsColumn):
        raise _other_type(name, column, "in", values[0])
    if not isinstance(column, TextColumn):
        some = np.zeros(_is_missing(column).shape, dtype=np.bool_)
        for value in values:
            some |= _compared(name, column, "==", value)
        return some
    # one more place at the end, for the code -1 of a missing text
    passes = np.zeros(len(column.texts) + 1, dtype=np.bool_)
    for value in values:
        if not isinstance(value, str):
            raise _other_type(name, column, "in", value)
        first, end = _places(column, value)
        passes[first:end] = True
    among: Mask = passes[column.codes]
    return among


def _compared(name: Name, column: Column, sign: str, value: Value) -> Mask:
    if isinstance(column, TextColumn) and isinstance(value, str):
        return _text_compared(column, sign, value)
    if isinstance(column, NumberColumn) and isinstance(value, float):
        # a comparison with NaN is false already, but for !=
        return COMPARE[sign](column.numbers, value) & ~np.isnan(column.numbers)
    if isinstance(column, TruthColumn) and isinstance(value, bool) and sign in ("==", "!="):
        is_it: Mask = (column.truths == (value if sign == "==" else not value)) & (column.truths >= 0)
        return is_it
    raise _other_type(name, column, sign, value)


def _text_compared(column: TextColumn, sign: str, value: str) -> Mask:
    # the texts stand in order, so places say what comparing each of them would
    first, end = _places(column, value)
    is_there = column.codes >= 0
    if sign in ("==", "!="):
        is_it: Mask = (column.codes >= first) & (column.codes < end)
        return is_it if sign == "==" else ~is_it & is_there
    if sign in ("<", "<="):
        return is_there & (column.codes < (first if sign == "<" else end))
    passes: Mask = column.codes >= (end if sign == ">" else first)
    return passes


def _places(column: TextColumn, value: str) -> tuple[int, int]:
    return bisect_left(column.texts, value), bisect_right(column.texts, value)


def _other_type(name: Name, column: Column, sign: str, value: Value) -> Exception:
    shown = str(value).lower() if isinstance(value, bool) else repr(value)[:40]
    return wrong(name.at, f"'{name.text}' is {_kind(column)}, so `{sign} {shown}` cannot be asked of it")


def _kind(column: Column) -> str:
    if isinstance(column, TextColumn):
        return "a text"
    if isinstance(column, TextsColumn):
        return "a list of texts, of which `has` asks"
    return "a number" if isinstance(column, NumberColumn) else "true or false"
