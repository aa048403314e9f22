"""Persons of channels as literal rows, resolved without a load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa

from features.contracts.identity_settings import IdentitySettings
from features.contracts.paths import ShopPaths
from features.contracts.secrecy import ContactCipher
from features.contracts.tables import MEMBER_RECORDS, ORDER_LINES, ColumnType, TableContract
from features.identity.resolving import Resolved, resolve_members
from features.sources.contact_data import Unreadable, protected

Row = dict[str, Any]  # Any: literal values of a test

NOW = datetime(2018, 2, 1, tzinfo=UTC)
CIPHER = ContactCipher(key=b"key of the tests", phone_region="CN")
RULES = IdentitySettings(phone_region="CN", max_persons_per_contact=8, recycled_gap_days=90, silent_gap_days=180)

_TYPES = {
    ColumnType.TEXT: pa.string(),
    ColumnType.MOMENT: pa.timestamp("us", tz="UTC"),
    ColumnType.WHOLE: pa.int64(),
    ColumnType.TRUTH: pa.bool_(),
    ColumnType.MONEY: pa.float64(),
    ColumnType.QUANTITY: pa.float64(),
}


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was resolved."""

    counts: Resolved
    ids: dict[str, str]
    """`source/source_id` to member id."""
    aliases: dict[str, str]
    merges: list[Row]
    lost: set[str]

    def together(self) -> set[frozenset[str]]:
        """The members as sets of their persons."""
        return {
            frozenset(person for person, member in self.ids.items() if member == each) for each in self.ids.values()
        }


def resolved(
    records: Sequence[Row], orders: Sequence[Row], *, rules: IdentitySettings, paths: ShopPaths, now: datetime = NOW
) -> Found:
    """What the rules make of records (plain contact data) and order lines (who and when)."""
    con = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})
    con.execute("SET TimeZone = 'UTC'")
    tables = {"order_lines": _table(ORDER_LINES, orders), "member_records": _records(records)}
    for name, table in tables.items():
        con.register(f"kept_{name}", table)
    counts = resolve_members(con, frozenset(tables), rules, paths, tables_folder=None, now=now)
    ids = con.execute("SELECT source || '/' || source_id, member_id FROM member_ids").fetchall()
    assert len(ids) == len(dict(ids)), "a person stands once in member_ids"
    found = Found(
        counts=counts,
        ids=dict(sorted(ids)),
        aliases=dict(con.execute("FROM member_aliases").fetchall()),
        merges=con.execute("FROM member_merges ORDER BY merge_id, state").to_arrow_table().to_pylist(),
        lost={f"{source}/{source_id}" for source, source_id in con.execute("FROM lost_numbers").fetchall()},
    )
    con.close()
    return found


def _records(rows: Sequence[Row]) -> pa.Table:
    plain = ("phone", "email", "name", "address")
    columns = {name: [row.get(name) for row in rows] for name in plain}
    contacts = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    (hidden,) = protected(iter([contacts]), CIPHER, Unreadable())
    table = _table(MEMBER_RECORDS, rows)
    for name in hidden.column_names:
        table = table.set_column(table.column_names.index(name), name, hidden.column(name))
    return table


def _table(contract: TableContract, rows: Sequence[Row]) -> pa.Table:
    return pa.table(
        {
            column.name: pa.array([row.get(column.name) for row in rows], _TYPES[column.type])
            for column in contract.columns
        }
    )
