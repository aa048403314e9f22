"""Who is meant: every name of a member in the tables in use, and which of them would name nobody else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import duckdb

from features.contracts.errors import NothingLoaded
from features.contracts.forgotten import Named
from features.contracts.settings import Settings
from features.forgetting.names import CONTACTS, Names
from features.sources.casting import literal_path, quoted
from features.tables.session import open_session
from features.tables.storage import current_tables, stored_columns

MEMORY = "500MB"

_TABLES = ("member_ids", "member_aliases", "member_records", "members")


def names_of_member(settings: Settings, member_id: str) -> Names:
    """Every name of the member; none when the tables in use do not know the id, of now or of before a merge."""
    with _open(settings) as con:
        known = con.execute(
            "SELECT member_id FROM members WHERE member_id = $1 UNION SELECT member_id FROM member_ids "
            "WHERE member_id = $1 UNION SELECT member_id FROM member_aliases WHERE old_member_id = $1",
            [member_id],
        ).fetchall()
        return _names(con, frozenset(row[0] for row in known))


def names_of_person(settings: Settings, source: str, source_id: str) -> Names:
    """Every name of the member that a channel knows by that id, and the id itself: events may know more than tables."""
    with _open(settings) as con:
        known = con.execute(
            "SELECT member_id FROM member_ids WHERE source = $1 AND source_id = $2", [source, source_id]
        ).fetchall()
        return _names(con, frozenset(row[0] for row in known)) | Names(people=frozenset({(source, source_id)}))


def names_of_contact(settings: Settings, named: Named, value: str) -> Names:
    """Every name of the one member with that stored hash or id; none when several members have it, or nobody."""
    with _open(settings) as con:
        known = con.execute(
            f"SELECT DISTINCT member_id FROM member_records JOIN member_ids USING (source, source_id) "
            f"WHERE {CONTACTS[named]} = $1",
            [value],
        ).fetchall()
        return _names(con, frozenset(row[0] for row in known)) if len(known) == 1 else Names()


def _names(con: duckdb.DuckDBPyConnection, members: frozenset[str]) -> Names:
    if not members:
        return Names()
    con.execute("CREATE OR REPLACE TEMP TABLE meant (member_id VARCHAR)")
    con.executemany("INSERT INTO meant VALUES (?)", [[member_id] for member_id in sorted(members)])
    aliases = con.execute("SELECT old_member_id FROM member_aliases SEMI JOIN meant USING (member_id)").fetchall()
    people = con.execute("SELECT source, source_id FROM member_ids SEMI JOIN meant USING (member_id)").fetchall()
    brought = con.execute(
        "SELECT DISTINCT brought.member_id FROM member_records AS records "
        "JOIN member_ids AS brought USING (source, source_id) "
        "JOIN member_ids AS bringer "
        "ON bringer.source = referred_by_source AND bringer.source_id = referred_by_id "
        "WHERE bringer.member_id IN (SELECT member_id FROM meant)"
    ).fetchall()
    return Names(
        member_ids=members | {row[0] for row in aliases},
        people=frozenset((source, source_id) for source, source_id in people),
        contacts=frozenset(_contacts(con)),
        brought=frozenset(row[0] for row in brought),
    )


def _contacts(con: duckdb.DuckDBPyConnection) -> Iterator[tuple[Named, str]]:
    """What no other member has as well: a number of a household must not make the others forgotten."""
    for named, column in CONTACTS.items():
        rows = con.execute(
            f"SELECT {column} FROM member_records JOIN member_ids USING (source, source_id) "
            f"WHERE {column} IN (SELECT {column} FROM member_records JOIN member_ids USING (source, source_id) "
            f"SEMI JOIN meant USING (member_id)) "
            f"GROUP BY {column} HAVING bool_and(member_id IN (SELECT member_id FROM meant))"
        )
        for (value,) in rows.fetchall():
            yield named, value


@contextlib.contextmanager
def _open(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables in use; before the first load they are empty."""
    columns = stored_columns()
    columns.setdefault("member_aliases", dict.fromkeys(("old_member_id", "member_id"), columns["members"]["member_id"]))
    try:
        tables = current_tables(settings.paths)
    except NothingLoaded:
        tables = None
    with contextlib.closing(open_session(settings, zone="UTC", memory=MEMORY)) as con:
        for name in _TABLES:
            nothing = ", ".join(f"CAST(NULL AS {type_.value}) AS {column}" for column, type_ in columns[name].items())
            found = f"(SELECT {nothing} WHERE false)"
            if tables is not None and tables.file(name).is_file():
                file = f"read_parquet({quoted(literal_path(tables.file(name)))})"
                # a table of before may lack a column that the contract has since
                found = f"(SELECT * FROM {found} UNION ALL BY NAME SELECT * FROM {file})"
            con.execute(f"CREATE TEMP VIEW {name} AS SELECT * FROM {found}")
        yield con
