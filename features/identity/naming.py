"""Ids of members: each person has an id of its own for good, and a member has that of its longest-known person."""

from __future__ import annotations

from datetime import datetime

import duckdb

from features.contracts.clock import moment_text
from features.sources.casting import quoted

_LONGEST_KNOWN = "run, known_since NULLS LAST, source, source_id"
"""Order of the persons of a member; the first gives the id."""


def register_new(con: duckdb.DuckDBPyConnection, *, run: int) -> None:
    """Adds the persons of `persons` that are not in `registered`, each with an id that nobody else has or had.

    A member id that was handed over; else the source_id; else source:source_id, where several sources use that id or
    somebody has it already.
    """
    con.execute("""
        CREATE OR REPLACE TEMP TABLE newcomers AS
        SELECT persons.source, persons.source_id, given, handed, least(first_at, joined_at) AS known_since,
            is_only_source, source || ':' || source_id AS long_id
        FROM persons WHERE own_id IS NULL
    """)
    con.execute("""
        CREATE OR REPLACE TEMP TABLE short_ids AS
        SELECT source, source_id, coalesce(handed, source_id) AS own_id FROM newcomers
        WHERE handed IS NOT NULL OR (is_only_source AND source_id NOT IN (SELECT own_id FROM registered))
    """)
    con.execute("""
        CREATE OR REPLACE TEMP TABLE taken_ids AS SELECT own_id FROM registered UNION SELECT own_id FROM short_ids
        UNION SELECT member_id FROM handed_ids
    """)
    con.execute(f"""
        INSERT INTO registered
        SELECT source, source_id, coalesce(short_ids.own_id,
            -- two sources with colons in their names can still meet: then a digest of both parts tells them apart
            CASE WHEN count(*) OVER (PARTITION BY long_id) > 1 OR long_id IN (SELECT own_id FROM taken_ids)
                THEN long_id || '~' || substr(sha256(source || chr(0) || source_id), 1, 12) ELSE long_id END),
            newcomers.known_since, {run}, false
        FROM newcomers LEFT JOIN short_ids USING (source, source_id)
    """)


def create_member_ids(con: duckdb.DuckDBPyConnection) -> None:
    """Creates `member_ids` (source, source_id, member_id) and `member_aliases` (old_member_id, member_id).

    An alias is an id that was answered once and is now part of another member. Marks in `registered` what is answered.
    """
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE named_persons AS
        SELECT person, cluster, source, source_id, registered.own_id, registered.was_answered,
            coalesce(min(handed) OVER same, first(registered.own_id) OVER oldest) AS member_id,
            first(source) OVER oldest AS first_source, first(source_id) OVER oldest AS first_source_id
        FROM clusters JOIN persons USING (person) JOIN registered USING (source, source_id)
        WINDOW same AS (PARTITION BY cluster),
            oldest AS (PARTITION BY cluster ORDER BY registered.{_LONGEST_KNOWN}
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    """)
    con.execute("CREATE TABLE member_ids AS SELECT source, source_id, member_id FROM named_persons")
    con.execute("""
        CREATE TABLE member_aliases AS
        SELECT own_id AS old_member_id, min(member_id) AS member_id FROM named_persons
        WHERE was_answered AND own_id <> member_id AND own_id NOT IN (SELECT member_id FROM named_persons)
            AND own_id NOT IN (SELECT member_id FROM handed_ids)
        GROUP BY own_id
    """)
    con.execute("""
        UPDATE registered SET was_answered = true
        WHERE NOT was_answered AND own_id IN (SELECT member_id FROM member_ids)
    """)


def create_merges(con: duckdb.DuckDBPyConnection, *, now: datetime) -> None:
    """Creates `merges` (see `features.identity.state.MERGE_COLUMNS`): what is merged now, and what came apart.

    The rule names every kind of identifier that the person shares with others of the member.
    """
    moment = f"TIMESTAMPTZ {quoted(moment_text(now))}"
    con.execute("""
        CREATE OR REPLACE TEMP TABLE shared_kinds AS
        SELECT person, string_agg(DISTINCT kind, ' + ' ORDER BY kind) AS rule FROM (
            SELECT person, kind FROM held JOIN clusters USING (person)
            QUALIFY count(*) OVER (PARTITION BY cluster, kind, value) > 1
        ) GROUP BY person
    """)
    con.execute("""
        CREATE OR REPLACE TEMP TABLE merged_now AS
        SELECT 'm' || substr(sha256(concat_ws(chr(0), first_source, first_source_id, source, source_id)), 1, 12)
                AS merge_id,
            member_id, own_id AS old_member_id, source, source_id, first_source, first_source_id,
            coalesce(rule, 'handed over') AS rule
        FROM named_persons LEFT JOIN shared_kinds USING (person)
        WHERE (source, source_id) <> (first_source, first_source_id)
    """)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE merges AS
        SELECT merged_now.*, 'merged' AS state, coalesce(before.since, {moment}) AS since
        FROM merged_now LEFT JOIN (SELECT merge_id, since FROM merges_before WHERE state = 'merged') AS before
        USING (merge_id)
        UNION ALL
        SELECT before.merge_id, before.member_id, before.old_member_id, before.source, before.source_id,
            before.first_source, before.first_source_id, before.rule,
            CASE WHEN (before.source, before.source_id, before.first_source, before.first_source_id) IN (
                SELECT (l.source, l.source_id, r.source, r.source_id) FROM kept_apart
                JOIN persons AS l ON l.person = person_l JOIN persons AS r ON r.person = person_r)
                THEN 'undone' ELSE 'split' END,
            CASE WHEN before.state = 'merged' THEN {moment} ELSE before.since END
        FROM merges_before AS before JOIN persons USING (source, source_id)
        WHERE before.merge_id NOT IN (SELECT merge_id FROM merged_now)
            -- the member may have got another first person: then it is another merge, and no split
            AND (before.state <> 'merged' OR before.source || chr(0) || before.source_id NOT IN (
                SELECT p.source || chr(0) || p.source_id FROM named_persons AS p JOIN named_persons AS f
                USING (cluster) WHERE f.source = before.first_source AND f.source_id = before.first_source_id))
    """)
