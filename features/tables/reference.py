"""The text of docs/tables.md, derived from the contracts."""

from __future__ import annotations

from features.contracts.tables import CONTRACTS, Column, ColumnType, TableContract
from features.identity.state import MERGE_COLUMNS
from features.tables.identity import WITH_MEMBERS, member_columns
from features.tables.validate import HAPPENED

_TYPES = {
    ColumnType.TEXT: "text",
    ColumnType.MOMENT: "moment (UTC)",
    ColumnType.DAY: "day (shops' zone)",
    ColumnType.MONEY: "money",
    ColumnType.QUANTITY: "quantity",
    ColumnType.WHOLE: "whole number",
    ColumnType.NUMBER: "number",
    ColumnType.TRUTH: "true or false",
    ColumnType.TEXTS: "list of texts",
}

_HEAD = """# Tables

What can be handed over, as `<table>.parquet`, `<table>.csv` or `<table>/part-*` in one folder (or under the names and
columns that `[load]` of the settings declares), and what stands in the store after `faces load`. Only `order_lines`
must be there. A time without a zone is read in the zone of the settings; money and quantities are decimals. This page
is generated from `features/contracts/tables.py`.
"""

_REJECTED = """## Rejected rows

A row that cannot be used goes to `rejected/<table>.parquet` with its source file and row, every value as text, the
first reason that applies and all of them:

| reason | meaning |
| --- | --- |
| `missing_<column>` | a required value is absent or empty |
| `bad_value:<column>` | the value is not of the column's type |
| `impossible_date` | before `load.earliest`, after the load (plans may lie ahead), or an end before its start |
| `impossible_quantity` | infinite, or larger than `load.max_quantity` either way |
| `impossible_amount` | something was bought, and its list price or discount is below zero |
| `incomplete_member` | a source without the id in it, or the other way round; nobody at all outside `order_lines` |
| `duplicate_key` | the key occurred in an earlier row of the same load, which stays; a later load's row replaces it |
| `orphan_<column>` | the value is not among the kept rows of the table that it refers to |

Lines of quantity zero are kept; they are no purchase, and the features leave them out.
"""


def tables_page() -> str:
    """The whole page in Markdown."""
    return "\n".join([_HEAD, *(_section(contract) for contract in CONTRACTS.values()), _members(), _REJECTED])


def _section(contract: TableContract) -> str:
    lines = [f"## {contract.name}", "", f"One row per {contract.grain}. Key: {_listed(contract.key)}."]
    lines += [
        f"`{reference.column}` must stand in `{reference.table}`, when that table is handed over."
        for reference in contract.references
    ]
    if contract.name in HAPPENED:
        lines.append(f"Rows whose `{HAPPENED[contract.name]}` is at or after the load's `as_of` are not loaded.")
    if contract.name == "order_lines":
        lines.append(
            "A line with a negative quantity is a return, a row beside its purchase: it takes back the line of its "
            "order, else the member's latest purchases of the product."
        )
    if contract.keeps_attributes:
        lines.append("Columns beyond these are kept in `attributes`.")
    if contract.name == "member_records":
        lines.append(
            "Hand over `phone`, `email`, `name` and `address` plain, or `phone_hash` and `email_hash` as SHA-256 (hex) "
            "of the number in E.164 (`+8613812345678`) and of the address in lower case: none is stored plain; a hash "
            "is keyed before it is stored. Masked numbers (`138****1234`) are left out."
        )
    if contract.name in WITH_MEMBERS:
        lines.append("`member_id` is filled in from `source` and `source_id` when it was not handed over.")
    return "\n".join([*lines, "", *_rows(contract.columns), ""])


def _rows(columns: tuple[Column, ...]) -> list[str]:
    return [
        "| column | type | required | meaning |",
        "| --- | --- | --- | --- |",
        *(
            f"| `{column.name}` | {_TYPES[column.type]} | {'yes' if column.is_required else ''} | {column.sentence} |"
            for column in columns
        ),
    ]


def _members() -> str:
    return f"""## members, member_ids, member_aliases, member_merges

Made by the load. `member_ids` has one row per person of a channel: `source`, `source_id`, `member_id`. `members` has
one row per member, each value from the record that was changed last and has one: {_listed(member_columns())}.

`member_aliases` has one row per id that was answered once and is now part of another member: `old_member_id`,
`member_id`. `member_merges` has one row per person that joined a member or came apart from it:
{_listed(tuple(MERGE_COLUMNS))}. Who becomes one member: docs/decisions/0025-one-member-out-of-many-channels.md.
"""


def _listed(columns: tuple[str, ...]) -> str:
    return ", ".join(f"`{column}`" for column in columns)
