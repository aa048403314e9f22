"""SQL that reads values as a retailer writes them, by the formats that the settings declare.

A value that is not written so keeps its text with a word before it, fails the cast of the validation, and is shown
among the rejected rows: nothing is guessed.
"""

from __future__ import annotations

import re

from features.contracts.load_settings import ValueFormat
from features.contracts.tables import ColumnType
from features.sources.casting import quoted

NOT_AS_DECLARED = "not as declared: "

_NUMBERS = (ColumnType.MONEY, ColumnType.QUANTITY, ColumnType.WHOLE, ColumnType.NUMBER)
_CURRENCY = r"(?:[¥￥$€£₩₹]|[A-Z]{2,3}\$?)"
_BEHIND = r"(?:[¥￥$€£元]|[A-Z]{3})"
_FULL_WIDTH, _HALF_WIDTH = "０１２３４５６７８９．，－＋", "0123456789.,-+"
_SERIAL_SQL = {
    "excel": ("0 AND 2958465", "TIMESTAMP '1899-12-30' + to_seconds(round({n} * 86400))"),
    "unix": ("-9e9 AND 9e10", "to_timestamp({n})"),
    "unix_ms": ("-9e12 AND 9e13", "to_timestamp({n} / 1000)"),
}
"""A serial number's possible range, and its moment."""


def written_value(value: str, type_: str, target: ColumnType, how: ValueFormat) -> str:
    """The SQL of a source column's `value` (of DuckDB type `type_`) as the contract's type can be cast from it."""
    is_text = type_ == "VARCHAR"
    if target is ColumnType.MOMENT and how.moments and (is_text or not _is_time(type_)):
        return _moment(value, how.moments, stored="TIMESTAMPTZ")
    if target is ColumnType.DAY and how.days and (is_text or not _is_time(type_)):
        return _moment(value, how.days, stored="DATE")
    if target in _NUMBERS and is_text:
        return _number(value, target, how)
    if target is ColumnType.MONEY and how.money_in == "cents":
        return f"(CAST({value} AS DOUBLE) / 100)"
    if target is ColumnType.TRUTH and is_text and (how.true_words or how.false_words):
        return _truth(value, how)
    return value


def _is_time(type_: str) -> bool:
    return type_ == "DATE" or type_.startswith("TIMESTAMP")


def _moment(value: str, formats: tuple[str, ...], *, stored: str) -> str:
    text = f"trim(CAST({value} AS VARCHAR))"
    tried = ", ".join(f"TRY_CAST({_parsed(text, pattern)} AS {stored})" for pattern in formats)
    return _or_unread(text, f"CAST(coalesce({tried}) AS VARCHAR)")


def _parsed(text: str, pattern: str) -> str:
    if pattern in _SERIAL_SQL:
        possible, moment = _SERIAL_SQL[pattern]
        number = f"TRY_CAST({text} AS DOUBLE)"
        return f"CASE WHEN {number} BETWEEN {possible} THEN {moment.format(n=number)} END"
    return f"try_strptime({text}, {quoted(pattern)})"


def _number(value: str, target: ColumnType, how: ValueFormat) -> str:
    """Plain digits pass as they are; marks, currency and full-width digits are read by the declared form."""
    decimal, thousands = how.decimal or ".", how.thousands or ""
    text = f"trim(CAST({value} AS VARCHAR))"
    half = f"translate({text}, {quoted(_FULL_WIDTH)}, {quoted(_HALF_WIDTH)})"
    pattern = quoted(_number_pattern(decimal, thousands, is_money=target is ColumnType.MONEY))
    bare = f"regexp_extract({half}, {pattern}, 1)"
    if thousands == " ":
        # spreadsheets write a space that does not break
        bare = f"replace(replace({bare}, chr(160), ''), chr(8239), '')"
    digits = f"replace(replace({bare}, {quoted(thousands)}, ''), {quoted(decimal)}, '.')"
    sign = f"CASE WHEN regexp_matches({half}, '[-−(]') THEN '-' ELSE '' END"
    # of a text that is no number in this form the pattern takes nothing
    read = f"{sign} || nullif({digits}, '')"
    if decimal == ".":
        read = f"CASE WHEN TRY_CAST({text} AS DOUBLE) IS NOT NULL THEN {text} ELSE {read} END"
    if target is ColumnType.MONEY and how.money_in == "cents":
        read = f"CAST(TRY_CAST({read} AS DECIMAL(20,4)) / 100 AS VARCHAR)"
    # with a point for the decimals, a text that is no number here is none for the validation either, and stays itself
    return _or_unread(text, read, word=NOT_AS_DECLARED if decimal == "," else "")


def _number_pattern(decimal: str, thousands: str, *, is_money: bool) -> str:
    point = re.escape(decimal)
    mark = r"[ \x{00A0}\x{202F}]" if thousands == " " else re.escape(thousands)
    whole = rf"(?:[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]+)" if thousands else "[0-9]+"
    number = rf"({whole}(?:{point}[0-9]*)?|{point}[0-9]+)"
    if not is_money:
        return rf"^[-−+]?\s*{number}$"
    return rf"^[-−+(]?\s*{_CURRENCY}?\s*[-−]?\s*{number}\s*{_BEHIND}?\s*[)-]?$"


def _truth(value: str, how: ValueFormat) -> str:
    text = f"lower(trim(CAST({value} AS VARCHAR)))"
    cases = "".join(
        f" WHEN {text} IN ({', '.join(quoted(word.strip().lower()) for word in words)}) THEN '{truth}'"
        for truth, words in (("true", how.true_words), ("false", how.false_words))
        if words
    )
    return f"CASE{cases} ELSE CAST({value} AS VARCHAR) END"


def _or_unread(text: str, read: str, *, word: str = NOT_AS_DECLARED) -> str:
    return f"CASE WHEN {text} <> '' THEN coalesce({read}, {quoted(word)} || {text}) END"
