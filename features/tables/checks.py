"""Checks of single rows, derived from the table contracts.

`evidence_sql` turns a raw table into columns that show what is wrong with a row; `row_checks` is the pandera
schema over them. Every check is named by the reason code that a row failing it is rejected with.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import pandera.pandas as pa

from features.contracts.tables import Column, ColumnType, TableContract
from features.sources.casting import name

RULES_REVISION = 2
"""Raised when a rule changes, so that tables are made anew from a batch that is there already."""

INCOMPLETE_MEMBER = "incomplete_member"
IMPOSSIBLE_DATE = "impossible_date"
IMPOSSIBLE_QUANTITY = "impossible_quantity"
IMPOSSIBLE_AMOUNT = "impossible_amount"
DUPLICATE_KEY = "duplicate_key"

_MISSING, _BAD = "__missing", "__uncastable"
_LEAST_AMOUNT, _TIME_OPEN, _INCOMPLETE = "__least_amount", "__time_open", "__incomplete_member"
JSON_COLUMNS = ("attributes", "properties")
_MAY_LIE_AHEAD = {"product_states", "campaigns", "coupons", "promotions", "contents"}
"""Tables of plans: their moments may come after the load."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What is possible: moments from `first` (seen) to `last` (not seen), quantities up to `max_quantity`."""

    first: datetime
    last: datetime
    max_quantity: float


def reason_order(contract: TableContract) -> list[str]:
    """Reason codes by rank: the first that applies is the row's `reason`."""
    columns = contract.columns
    return [
        *(f"missing_{column.name}" for column in columns if column.is_required),
        *(f"bad_value:{column.name}" for column in columns if _can_fail(column)),
        IMPOSSIBLE_DATE,
        IMPOSSIBLE_QUANTITY,
        IMPOSSIBLE_AMOUNT,
        INCOMPLETE_MEMBER,
        DUPLICATE_KEY,
        *(f"orphan_{reference.column}" for reference in contract.references),
    ]


def typed_columns(contract: TableContract, present: set[str]) -> dict[str, str]:
    """Contract column to the SQL that casts it; NULL where it cannot be, or where the column is absent."""
    return {
        column.name: _typed(column) if column.name in present else f"CAST(NULL AS {column.type.value})"
        for column in contract.columns
    }


def evidence_sql(contract: TableContract, present: set[str]) -> dict[str, str]:
    """Evidence column to its SQL over the raw table: truths for what is missing or uncastable, values for ranges."""
    here = [column for column in contract.columns if column.name in present]
    evidence = {}
    for column in here:
        if column.is_required:
            evidence[column.name + _MISSING] = f"({_filled(column)}) IS NULL"
        if _can_fail(column):
            evidence[column.name + _BAD] = _uncastable(column)
        if column.type in (ColumnType.MOMENT, ColumnType.DAY):
            evidence[column.name] = _typed(column)
        if column.type is ColumnType.QUANTITY:
            number = f"TRY_CAST({name(column.name)} AS DOUBLE)"
            # NaN compares with nothing; it shall fail like the infinities
            evidence[column.name] = f"CASE WHEN isnan({number}) THEN 'inf'::DOUBLE ELSE {number} END"
    evidence |= _across_columns(contract, present)
    return evidence


def row_checks(contract: TableContract, present: set[str], bounds: Bounds) -> pa.DataFrameSchema:
    """The schema over the evidence columns of a table that has the columns `present`."""
    checks: dict[str, list[pa.Check]] = {column: [] for column in evidence_sql(contract, present)}
    for column in contract.columns:
        if column.name + _MISSING in checks:
            checks[column.name + _MISSING].append(_never(f"missing_{column.name}"))
        if column.name + _BAD in checks:
            checks[column.name + _BAD].append(_never(f"bad_value:{column.name}"))
        if column.name in checks:
            checks[column.name].extend(_range_checks(contract, column, bounds))
    if _LEAST_AMOUNT in checks:
        checks[_LEAST_AMOUNT].append(pa.Check(lambda amount: amount >= 0, error=IMPOSSIBLE_AMOUNT))
    if _TIME_OPEN in checks:
        checks[_TIME_OPEN].append(pa.Check(lambda open_for: open_for >= 0, error=IMPOSSIBLE_DATE))
    if _INCOMPLETE in checks:
        checks[_INCOMPLETE].append(_never(INCOMPLETE_MEMBER))
    return pa.DataFrameSchema({column: pa.Column(checks=found, nullable=True) for column, found in checks.items()})


def _never(reason: str) -> pa.Check:
    return pa.Check(lambda truths: ~truths, error=reason)


def _range_checks(contract: TableContract, column: Column, bounds: Bounds) -> list[pa.Check]:
    if column.type is ColumnType.QUANTITY:
        limit = bounds.max_quantity
        return [pa.Check(lambda pieces: (pieces >= -limit) & (pieces <= limit), error=IMPOSSIBLE_QUANTITY)]
    is_day = column.type is ColumnType.DAY
    first = bounds.first.date() if is_day else bounds.first
    last = bounds.last.date() if is_day else bounds.last
    if contract.name in _MAY_LIE_AHEAD:
        return [pa.Check(lambda moments: moments >= first, error=IMPOSSIBLE_DATE)]
    return [pa.Check(lambda moments: (moments >= first) & (moments < last), error=IMPOSSIBLE_DATE)]


def _across_columns(contract: TableContract, present: set[str]) -> dict[str, str]:
    evidence = {}
    amounts = [column for column in ("list_amount", "discount_amount") if column in present]
    if "quantity" in present and amounts:
        least = ", ".join(f"CAST(TRY_CAST({amount} AS DECIMAL(18,2)) AS DOUBLE)" for amount in amounts)
        evidence[_LEAST_AMOUNT] = f"CASE WHEN TRY_CAST(quantity AS DOUBLE) > 0 THEN least({least}) END"
    if contract.name == "campaigns":
        evidence[_TIME_OPEN] = "TRY_CAST(ends_on AS DATE) - TRY_CAST(starts_on AS DATE)"
    if contract.name == "contents" and {"starts_at", "ends_at"} <= present:
        evidence[_TIME_OPEN] = (
            "date_diff('second', TRY_CAST(starts_at AS TIMESTAMPTZ), TRY_CAST(ends_at AS TIMESTAMPTZ))"
        )
    if "member_id" in contract.names:
        evidence[_INCOMPLETE] = _incomplete_member(contract, present)
    return evidence


def _incomplete_member(contract: TableContract, present: set[str]) -> str:
    def is_there(column: str) -> str:
        return f"(nullif(trim(CAST({column} AS VARCHAR)), '') IS NOT NULL)" if column in present else "false"

    half = f"({is_there('source')} <> {is_there('source_id')})"
    if contract.name == "order_lines":
        return half  # nobody at all is an anonymous sale
    return f"({half} OR NOT ({is_there('source')} OR {is_there('member_id')}))"


def _can_fail(column: Column) -> bool:
    return column.type is not ColumnType.TEXT or column.name in JSON_COLUMNS


def _filled(column: Column) -> str:
    text = f"CAST({name(column.name)} AS VARCHAR)"
    return f"nullif(trim({text}), '')"


def _typed(column: Column) -> str:
    if column.type is not ColumnType.TEXT:
        return f"TRY_CAST({name(column.name)} AS {column.type.value})"
    return f"CASE WHEN {_filled(column)} IS NOT NULL THEN CAST({name(column.name)} AS VARCHAR) END"


def _uncastable(column: Column) -> str:
    filled = f"({_filled(column)}) IS NOT NULL"
    if column.type is ColumnType.TEXT:  # a JSON object
        text = f"CAST({column.name} AS VARCHAR)"
        return f"({filled} AND NOT CASE WHEN json_valid({text}) THEN json_type({text}) = 'OBJECT' ELSE false END)"
    # an infinite or huge quantity is a number, if an impossible one
    target = ColumnType.NUMBER if column.type is ColumnType.QUANTITY else column.type
    return f"({filled} AND TRY_CAST({name(column.name)} AS {target.value}) IS NULL)"


def failures(schema: pa.DataFrameSchema, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows that fail: `index` (of `rows`) and `reason`, one row per pair; empty when all are sound."""
    try:
        schema.validate(rows, lazy=True)
    except pa.errors.SchemaErrors as error:
        found: pd.DataFrame = error.failure_cases[["index", "check"]].rename(columns={"check": "reason"})
        return found.drop_duplicates()
    return pd.DataFrame({"index": pd.Series(dtype="int64"), "reason": pd.Series(dtype="str")})
