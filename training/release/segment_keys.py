"""The segments that a member belongs to by what is known without a purchase: store of joining, age, tier, ..."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pandas as pd

STORE = "store"
"""Segment of those who shop in a store; for a member without purchases, the store of joining."""

MOST_TEXT = 60
"""Longer texts are notes, no segments."""

_COLUMNS = ("joined_store_id", "city", "gender", "tier", "is_paid_member", "birth_year", "attributes")


def store_key(store_id: str) -> str:
    """The segment of a store."""
    return f"{STORE}={store_id}"


def member_keys(tables_folder: Path) -> pd.DataFrame:
    """member_id and key (`attribute=value`) of every member, one row per pair, in order.

    Attributes are the columns that say who somebody is, the decade of birth, and the shop's own attributes.
    """
    with duckdb.connect() as con:
        members = con.execute(
            f"SELECT member_id, {', '.join(_COLUMNS)} FROM read_parquet($file) ORDER BY member_id",
            {"file": str(tables_folder / "members.parquet")},
        ).fetchall()
    pairs = [
        (member_id, key)
        for member_id, *values in members
        for key in sorted(set(_keys_of(dict(zip(_COLUMNS, values, strict=True)))))
    ]
    return pd.DataFrame(pairs, columns=["member_id", "key"], dtype=object)


def _keys_of(record: dict[str, object]) -> Iterable[str]:
    values = {name: record[name] for name in ("city", "gender", "tier", "is_paid_member")}
    values[STORE] = record["joined_store_id"]
    year = record["birth_year"]
    values["born"] = None if not isinstance(year, int) else f"{year // 10 * 10}s"
    # the contract's own columns win over attributes of the same name
    given = json.loads(str(record["attributes"] or "{}"))
    for name, value in (given | {name: value for name, value in values.items() if value is not None}).items():
        if isinstance(value, str | bool | int) and 0 < len(str(value)) <= MOST_TEXT:
            yield f"{name}={value}"
