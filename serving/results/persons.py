"""Who the members of an audience are now: an id of then may since belong to another member, and two to one person."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from features.sources.casting import literal_path


@dataclass(frozen=True, kw_only=True)
class PersonCounts:
    """How the members of an audience became persons."""

    members: int
    persons: int
    held_out_wins: int
    """Persons of whom one id was selected and another held out: they count as held out."""
    no_longer_known: int
    """Ids that name nobody any more; they count as persons who did nothing."""

    def to_json(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)


def create_persons(con: duckdb.DuckDBPyConnection, tables: Path) -> PersonCounts:
    """Creates `persons` from `chosen` (member_id, is_held_out, is_told): one row per person, who is held out when any
    of their ids is.

    An id that names no member now is looked up among those that were merged, then among the channels' own ids, of which
    ids are made: see `features.identity.naming`.
    """
    members, people = (_file(tables / f"{name}.parquet") for name in ("members", "member_ids"))
    con.execute(f"""
        CREATE TEMP TABLE resolved AS
        WITH known AS (SELECT DISTINCT member_id FROM {members}),
        renamed AS (
            SELECT source_id AS old_id, min(member_id) AS new_id FROM {people}
            GROUP BY source_id HAVING count(DISTINCT member_id) = 1
            UNION SELECT source || ':' || source_id, member_id FROM {people}
        ),
        merged AS ({_merged_sql(tables)}),
        one_name AS (SELECT old_id, min(new_id) AS new_id FROM renamed GROUP BY old_id HAVING count(*) = 1)
        SELECT chosen.*, known.member_id IS NOT NULL OR now_id IS NOT NULL OR new_id IS NOT NULL AS is_known,
            coalesce(known.member_id, merged.now_id, new_id, chosen.member_id) AS person
        FROM chosen LEFT JOIN known USING (member_id) LEFT JOIN one_name ON chosen.member_id = one_name.old_id
        LEFT JOIN merged ON chosen.member_id = merged.old_id
    """)
    con.execute(
        "CREATE TEMP TABLE persons AS SELECT person, bool_or(is_held_out) AS is_held_out, bool_or(is_told) AS is_told, "
        "bool_or(is_held_out) AND NOT bool_and(is_held_out) AS is_both FROM resolved GROUP BY person"
    )
    counted = con.execute(
        "SELECT (SELECT count(*) FROM resolved), count(*), count(*) FILTER (WHERE is_both), "
        "(SELECT count(*) FROM resolved WHERE NOT is_known) FROM persons"
    ).fetchone()
    every, persons, both, unknown = counted or (0, 0, 0, 0)
    return PersonCounts(members=every, persons=persons, held_out_wins=both, no_longer_known=unknown)


def _merged_sql(tables: Path) -> str:
    aliases = tables / "member_aliases.parquet"
    if not aliases.is_file():
        return "SELECT NULL::VARCHAR AS old_id, NULL::VARCHAR AS now_id WHERE false"
    return f"SELECT old_member_id AS old_id, member_id AS now_id FROM {_file(aliases)}"


def _file(file: Path) -> str:
    return "read_parquet('{}')".format(literal_path(file).replace("'", "''"))
