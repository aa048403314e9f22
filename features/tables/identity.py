"""Rows and members of a version of the tables, once `features.identity` has said who is who."""

from __future__ import annotations

from features.contracts.tables import CONTRACTS, MEMBER_RECORDS

WITH_MEMBERS = ("order_lines", "contacts", "coupon_redemptions")
"""Tables whose rows are resolved to a member."""

_TAKEN_TOGETHER = (
    ("phone_hash", "phone_encrypted"),
    ("email_hash", "email_encrypted"),
    ("name_hash", "name_encrypted"),
)
"""From one record: the ciphertext must be that of what was hashed."""


def records_sql() -> str:
    """The kept member records; one whose number was given to somebody else no longer has it, nor consent to it."""
    taken = ("phone_hash", "phone_encrypted", "consent_sms")
    columns = ", ".join(
        f"CASE WHEN lost.source IS NULL THEN kept.{column} END AS {column}" if column in taken else f"kept.{column}"
        for column in MEMBER_RECORDS.names
    )
    return f"SELECT {columns} FROM kept_member_records AS kept LEFT JOIN lost_numbers AS lost USING (source, source_id)"


def resolved_sql(table: str) -> str:
    """The kept rows of a table with `member_id` resolved; None remains for an anonymous sale."""
    columns = ", ".join(
        "coalesce(kept.member_id, ids.member_id) AS member_id" if column == "member_id" else f"kept.{column}"
        for column in CONTRACTS[table].names
    )
    return (
        f"SELECT {columns} FROM kept_{table} AS kept LEFT JOIN member_ids AS ids "
        "ON kept.source = ids.source AND kept.source_id = ids.source_id"
    )


def member_columns() -> tuple[str, ...]:
    """Columns of `members`: the member and what its records know."""
    return ("member_id", *(column for column in MEMBER_RECORDS.names if column not in ("source", "source_id")))


def members_sql(tables: frozenset[str]) -> str:
    """One row per member; each column from the record changed last that has a value, `joined_at` the first."""
    everybody = ["SELECT member_id FROM member_ids"]
    everybody += [
        f"SELECT member_id FROM kept_{table} WHERE member_id IS NOT NULL" for table in WITH_MEMBERS if table in tables
    ]
    if "member_records" not in tables:
        nothing = ", ".join(
            f"CAST(NULL AS {column.type.value}) AS {column.name}"
            for column in MEMBER_RECORDS.columns
            if column.name in member_columns()
        )
        return f"SELECT member_id, {nothing} FROM ({' UNION '.join(everybody)})"
    best = ", ".join(f"{_best(column)} AS {column}" for column in member_columns()[1:])
    records = (
        f"SELECT member_id, {best} FROM ({records_sql()}) AS records "
        "JOIN member_ids USING (source, source_id) GROUP BY member_id"
    )
    known = ", ".join(f"known.{column}" for column in member_columns()[1:])
    return (
        f"SELECT everybody.member_id, {known} FROM ({' UNION '.join(everybody)}) AS everybody "
        f"LEFT JOIN ({records}) AS known USING (member_id)"
    )


def _best(column: str) -> str:
    if column == "joined_at":
        return "min(joined_at)"
    must_have = next((hashed for hashed, encrypted in _TAKEN_TOGETHER if column == encrypted), column)
    return (
        f"first({column} ORDER BY updated_at DESC NULLS LAST, source, source_id) FILTER (WHERE {must_have} IS NOT NULL)"
    )
