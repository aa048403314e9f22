"""The persons of a load's channels: one row each, with everything that may tell who they are."""

from __future__ import annotations

import duckdb

from features.contracts.tables import CONTRACTS

SIGNS_OF_LIFE = {
    "order_lines": "ordered_at",
    "coupon_redemptions": "redeemed_at",
    "member_facts": "observed_at",
    "events": "occurred_at",
}
"""Table to the moment at which a person did something; being contacted by a campaign is none."""

_NOT_MEMBERS = ("associates",)
"""Tables that name persons in passing: naming alone makes nobody a member."""

NAME_AND_ADDRESS = "name and address"

KINDS = {
    "member": "handed",
    "unionid": "wechat_unionid",
    "openid": "wechat_openid",
    "card": "card_no",
    "phone": "phone_hash",
    "email": "email_hash",
    # a full name has two words or more, besides its initials
    NAME_AND_ADDRESS: "CASE WHEN len(regexp_extract_all(name_hash, '(^| )[0-9a-f]')) > 1 "
    "THEN name_hash || '@' || address_hash END",
}
"""What can join two persons, the strongest first, to the SQL of its value."""

STRONG = ("member", "unionid", "openid", "card")
"""Kinds that belong to one person; the others may be shared, given out anew or mistyped."""

_RECORD_COLUMNS = (
    *("joined_at", "updated_at", "is_synthetic", "phone_hash", "email_hash", "wechat_openid", "wechat_unionid"),
    *("card_no", "name_hash", "address_hash", "birth_year", "gender"),
)


def person_tables(tables: frozenset[str]) -> list[str]:
    """The tables, among those handed over, that name persons of channels who are members."""
    return [
        name
        for name, contract in CONTRACTS.items()
        if name in tables and name not in _NOT_MEMBERS and {"source", "source_id"} <= set(contract.names)
    ]


def create_persons(con: duckdb.DuckDBPyConnection, tables: frozenset[str]) -> None:
    """Creates `persons`, numbered in the order of source and source_id, and `held`, what each of them is known by.

    Expects `registered` (see `features.identity.state`). A synthetic record holds nothing but its member id.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE seen_persons AS {_seen_sql(tables)}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE handed_ids AS {_handed_sql(tables)}")
    has_records = "member_records" in tables
    records = "kept_member_records" if has_records else "(SELECT NULL AS source, NULL AS source_id WHERE false)"
    types = {column.name: column.type.value for column in CONTRACTS["member_records"].columns}
    columns = ", ".join(
        f"records.{column}" if has_records else f"CAST(NULL AS {types[column]}) AS {column}"
        for column in _RECORD_COLUMNS
    )
    # 'F', 'female' and '女' are one; anything else tells nothing
    gender = "CASE WHEN regexp_matches(lower(trim(gender)), '^(f|female|w|女.*)$') THEN 'f' "
    gender += "WHEN regexp_matches(lower(trim(gender)), '^(m|male|男.*)$') THEN 'm' END"
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE persons AS
        SELECT row_number() OVER (ORDER BY source, source_id) AS person, * REPLACE (
            {gender} AS gender,
            -- a change in the books is a sign of life only where there is no better one
            least(first_at, joined_at, CASE WHEN first_at IS NULL AND joined_at IS NULL THEN updated_at END)
                AS first_at,
            coalesce(greatest(last_at, joined_at), updated_at) AS last_at)
        FROM (
            SELECT seen.*, {columns}, registered.own_id, registered.run,
                coalesce(given, own_handed.member_id, id_handed.member_id) AS handed
            FROM seen_persons AS seen
            LEFT JOIN {records} AS records USING (source, source_id)
            LEFT JOIN registered USING (source, source_id)
            LEFT JOIN handed_ids AS own_handed ON own_handed.member_id = registered.own_id
            LEFT JOIN handed_ids AS id_handed ON id_handed.member_id = seen.source_id
                AND seen.is_only_source AND registered.own_id IS NULL
        )
    """)
    values = " UNION ALL ".join(
        f"SELECT person, '{kind}' AS kind, {rank} AS rank, {value} AS value FROM persons WHERE ({value}) IS NOT NULL"
        + ("" if kind == "member" else " AND NOT coalesce(is_synthetic, false)")
        for rank, (kind, value) in enumerate(KINDS.items())
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE held AS SELECT * FROM ({values}) "
        "QUALIFY count(*) OVER (PARTITION BY kind, value) > 1"
    )


def _seen_sql(tables: frozenset[str]) -> str:
    parts = []
    for table in person_tables(tables):
        given = "min(member_id)" if "member_id" in CONTRACTS[table].names else "CAST(NULL AS VARCHAR)"
        moment = SIGNS_OF_LIFE.get(table)
        first, last = (f"min({moment})", f"max({moment})") if moment else ("NULL::TIMESTAMPTZ", "NULL::TIMESTAMPTZ")
        parts.append(
            f"SELECT source, source_id, {given} AS given, {first} AS first_at, {last} AS last_at FROM kept_{table} "
            "WHERE source IS NOT NULL AND source_id IS NOT NULL GROUP BY source, source_id"
        )
    return (
        "SELECT source, source_id, min(given) AS given, min(first_at) AS first_at, max(last_at) AS last_at, "
        "count(*) OVER (PARTITION BY source_id) = 1 AS is_only_source "
        f"FROM ({' UNION ALL '.join(parts)}) GROUP BY source, source_id"
    )


def _handed_sql(tables: frozenset[str]) -> str:
    parts = [
        f"SELECT member_id FROM kept_{name} WHERE member_id IS NOT NULL"
        for name in tables
        if name in CONTRACTS and "member_id" in CONTRACTS[name].names
    ]
    # never empty: order_lines are always there
    return " UNION ".join(sorted(parts))
