"""People who asked to be forgotten, recognised in tables that are handed over (again), and kept out of them.

Nothing is known of them but keyed marks, so every name in the tables is marked and compared. Who has joined anew
since the asking (`joined_at` of a record says so) is a new member: what happened since then is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.contracts.forgotten import Forgotten, Named
from features.forgetting.files import PERSON, REFERRER, Decide, Fate, fate_of, parquet_files, rewrite
from features.forgetting.names import CONTACTS, Names
from features.sources.casting import literal_path, quoted

MOMENTS = {
    "order_lines": "ordered_at",
    "member_facts": "observed_at",
    "events": "occurred_at",
    "contacts": "contacted_at",
    "coupon_redemptions": "redeemed_at",
}
"""Tables of what happened, and when."""

RECORDS = "member_records"

Person = tuple[str, str]
Rows = npt.NDArray[np.int64]


@dataclass(kw_only=True)
class Recognised:
    """Whom of the forgotten a set of tables names."""

    people: dict[Person, datetime] = field(default_factory=dict)
    """source and source_id to the moment of the asking."""
    member_ids: dict[str, datetime] = field(default_factory=dict)
    by_contact: dict[Person, str] = field(default_factory=dict)
    """Those of the people that were known by a contact alone, and its mark: their ids are not among the marks yet."""
    joined_anew: set[Person] = field(default_factory=set)
    """Those who have a record that joined after the asking."""
    members_again: set[str] = field(default_factory=set)
    """Those of the member ids whose owner joined anew in an earlier load."""

    def __bool__(self) -> bool:
        return bool(self.people or self.member_ids)

    @property
    def names(self) -> Names:
        """Everybody recognised."""
        return Names(member_ids=frozenset(self.member_ids), people=frozenset(self.people))


def recognise(con: duckdb.DuckDBPyConnection, folder: Path, forgotten: Forgotten, into: Recognised) -> None:
    """Adds whom of the forgotten the tables of a folder name. Naive moments are read in the connection's zone."""
    if not forgotten:
        return
    for file in parquet_files(folder):
        columns = _columns(con, file)
        if "member_id" in columns:
            _recognise_members(con, file, forgotten, into)
        for pair in (PERSON, REFERRER):
            if set(pair) <= columns:
                _recognise_people(con, file, pair, forgotten, into)
    records = folder / f"{RECORDS}.parquet"
    if records.is_file():
        _recognise_records(con, records, forgotten, into)


def keep_others(con: duckdb.DuckDBPyConnection, found: Recognised, *, member_ids: Path) -> None:
    """Takes out whom the shop knows as somebody else: a number that was given on names its new owner as well.

    `member_ids`: that table of the tables in use.
    """
    if not found.by_contact or not member_ids.is_file():
        return
    con.execute("CREATE OR REPLACE TEMP TABLE by_contact (source VARCHAR, source_id VARCHAR)")
    con.executemany("INSERT INTO by_contact VALUES (?, ?)", [list(person) for person in sorted(found.by_contact)])
    known = con.execute(
        f"SELECT source, source_id FROM by_contact SEMI JOIN {_rows(member_ids)} USING (source, source_id)"
    )
    for person in known.fetchall():
        del found.by_contact[person]
        del found.people[person]
        found.joined_anew.discard(person)


def remove_recognised(con: duckdb.DuckDBPyConnection, folder: Path, found: Recognised) -> dict[str, int]:
    """Table to the rows that were removed from it or emptied of somebody; tables without any are left out."""
    gone = {}
    for file in parquet_files(folder) if found else ():
        touched = rewrite(file, _decision(con, file, found))
        if touched:
            gone[file.stem] = touched
    return gone


def _decision(con: duckdb.DuckDBPyConnection, file: Path, found: Recognised) -> Decide:
    stays = _rows_that_stay(con, file, found)

    def decide(batch: pa.RecordBatch, start: int) -> Fate:
        fate = fate_of(batch, found.names, table=file.stem)
        kept = stays[(stays >= start) & (stays < start + len(fate.gone))] - start
        fate.gone[kept] = False
        return fate

    return decide


def _rows_that_stay(con: duckdb.DuckDBPyConnection, file: Path, found: Recognised) -> Rows:
    """int64: rows of people who joined anew, of after the asking."""
    moment = "joined_at" if file.stem == RECORDS else MOMENTS.get(file.stem)
    columns = _columns(con, file)
    if moment not in columns:
        return np.empty(0, dtype=np.int64)
    stays = [np.empty(0, dtype=np.int64)]
    people = [[*person, found.people[person]] for person in sorted(found.joined_anew)]
    if people and set(PERSON) <= columns:
        stays.append(_later_rows(con, file, columns, PERSON, people, moment=moment))
    members = [[member_id, found.member_ids[member_id]] for member_id in sorted(found.members_again)]
    if members and "member_id" in columns:
        stays.append(_later_rows(con, file, columns, ("member_id",), members, moment=moment))
    return np.unique(np.concatenate(stays))


def _later_rows(
    con: duckdb.DuckDBPyConnection,
    file: Path,
    columns: set[str],
    key: tuple[str, ...],
    since: list[list[object]],
    *,
    moment: str,
) -> Rows:
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE joined_anew ({', '.join(f'{name} VARCHAR' for name in key)}, since TIMESTAMPTZ)"
    )
    con.executemany(f"INSERT INTO joined_anew VALUES ({', '.join('?' * (len(key) + 1))})", since)
    # a record that came before without its joining may have changed since
    or_changed = "OR try_cast(updated_at AS TIMESTAMPTZ) > since" if "updated_at" in columns else ""
    rows = con.execute(
        f"SELECT file_row_number FROM {_rows(file)} JOIN joined_anew USING ({', '.join(key)}) "
        f"WHERE try_cast({moment} AS TIMESTAMPTZ) > since {or_changed}"
    ).fetchnumpy()["file_row_number"]
    return np.asarray(rows, dtype=np.int64)


def _recognise_members(con: duckdb.DuckDBPyConnection, file: Path, forgotten: Forgotten, into: Recognised) -> None:
    for (member_id,) in _distinct(con, file, ("member_id",)):
        asked_at = forgotten.asked_at(Named.MEMBER, member_id)
        if asked_at is not None:
            into.member_ids[member_id] = asked_at
            if not forgotten.is_member(member_id):
                into.members_again.add(member_id)


def _recognise_people(
    con: duckdb.DuckDBPyConnection, file: Path, pair: tuple[str, str], forgotten: Forgotten, into: Recognised
) -> None:
    for source, source_id in _distinct(con, file, pair):
        asked_at = forgotten.asked_at(Named.PERSON, source, source_id)
        if asked_at is not None:
            into.people[source, source_id] = asked_at
            if not forgotten.is_person(source, source_id):
                into.joined_anew.add((source, source_id))


def _recognise_records(con: duckdb.DuckDBPyConnection, file: Path, forgotten: Forgotten, into: Recognised) -> None:
    columns = _columns(con, file)
    if not set(PERSON) <= columns:
        return
    contacts = {named: column for named, column in CONTACTS.items() if column in columns}
    joined = "try_cast(joined_at AS TIMESTAMPTZ)" if "joined_at" in columns else "CAST(NULL AS TIMESTAMPTZ)"
    # to the microsecond since the epoch: the driver would hand a moment over in the session's zone
    read = ", ".join(("source", "source_id", f"epoch_us({joined})", *(f'"{each}"' for each in contacts.values())))
    rows = con.execute(f"SELECT {read} FROM {_rows(file)} WHERE source IS NOT NULL AND source_id IS NOT NULL")
    for source, source_id, joined_us, *values in _fetched(rows):
        person = (source, source_id)
        marks = [
            forgotten.marker.mark(named, value)
            for named, value in zip(contacts, values, strict=True)
            if value is not None and forgotten.marker is not None
        ]
        asked = {mark: forgotten.since[mark] for mark in marks if mark in forgotten.since}
        known_at = max((*asked.values(), *filter(None, [into.people.get(person)])), default=None)
        if known_at is None:
            continue
        if joined_us is not None and joined_us > known_at.timestamp() * 1e6:
            into.joined_anew.add(person)
        if person not in into.people:
            into.by_contact[person] = max(asked, key=lambda mark: asked[mark])
        into.people[person] = known_at


def _distinct(con: duckdb.DuckDBPyConnection, file: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    wanted = ", ".join(columns)
    known = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    yield from _fetched(con.execute(f"SELECT DISTINCT {wanted} FROM {_rows(file)} WHERE {known}"))


def _fetched(cursor: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    # `Any` because a column may be of any type
    while rows := cursor.fetchmany(50_000):
        yield from rows


def _columns(con: duckdb.DuckDBPyConnection, file: Path) -> set[str]:
    return {str(row[0]) for row in con.execute(f"DESCRIBE SELECT * FROM {_rows(file)}").fetchall()}


def _rows(file: Path) -> str:
    return f"read_parquet({quoted(literal_path(file))}, file_row_number = true)"
