"""What identity remembers from load to load: each person's own member id, the merges there were, and those undone.

`<shop>/identity/<number>/` holds `persons.parquet` and `merges.parquet`, `current` names the number in use;
`undone.json` lists the merges that somebody has undone. Ids are a function of the clusters and of the persons' own ids
alone, so a person that comes apart again has the id it had before.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from features.contracts.atomic import new_folder, read_json, remove_partials, write_json
from features.contracts.clock import moment_text, parse_moment
from features.contracts.paths import ShopPaths
from features.sources.casting import literal_path, quoted

PERSONS = "persons.parquet"
MERGES = "merges.parquet"
UNDONE = "undone.json"
POINTER = "current"

REGISTERED_COLUMNS = {
    "source": "VARCHAR",
    "source_id": "VARCHAR",
    "own_id": "VARCHAR",
    "known_since": "TIMESTAMPTZ",
    "run": "BIGINT",
    "was_answered": "BOOLEAN",
}
"""One row per person ever seen: the id it has when it is alone, and whether that id was ever answered."""

MERGE_COLUMNS = {
    "merge_id": "VARCHAR",
    "member_id": "VARCHAR",
    "old_member_id": "VARCHAR",
    "source": "VARCHAR",
    "source_id": "VARCHAR",
    "first_source": "VARCHAR",
    "first_source_id": "VARCHAR",
    "rule": "VARCHAR",
    "state": "VARCHAR",
    "since": "TIMESTAMPTZ",
}
"""One row per person that joined a member, beside who gave the member its id; `merged`, `split` or `undone`."""


@dataclass(frozen=True, kw_only=True)
class Undone:
    """A merge that somebody has undone: the two persons stay apart."""

    merge_id: str
    person: tuple[str, str]
    """source and source_id of the person that had joined."""
    first_person: tuple[str, str]
    """source and source_id of the person that gave the member its id."""
    since: datetime


def newest_run(paths: ShopPaths) -> int:
    """Number of the state in use, 0 before the first load."""
    pointer = read_json(paths.identity / POINTER)
    return 0 if pointer is None else int(pointer["run"])


def create_registered(con: duckdb.DuckDBPyConnection, paths: ShopPaths, *, tables_folder: Path | None) -> int:
    """Creates `registered` and `merges_before` from the state in use; returns its number.

    Where the state is lost it is made anew from the tables in use.
    """
    run = newest_run(paths)
    folder = paths.identity / f"{run:06d}"
    if run and (folder / PERSONS).is_file() and (folder / MERGES).is_file():
        sources = {"registered": _file(folder / PERSONS), "merges_before": _file(folder / MERGES)}
    else:
        sources = _from_tables(tables_folder)
    for table, columns in (("registered", REGISTERED_COLUMNS), ("merges_before", MERGE_COLUMNS)):
        nothing = f"SELECT {', '.join(f'NULL::{type_} AS {name}' for name, type_ in columns.items())} WHERE false"
        con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {sources.get(table, nothing)}")
    return run


def write_state(con: duckdb.DuckDBPyConnection, paths: ShopPaths, *, run: int) -> None:
    """Keeps `registered` and `merges` as state `run` and puts it into use; the one before stays as well."""
    paths.identity.mkdir(parents=True, exist_ok=True)
    remove_partials(paths.identity)
    target = paths.identity / f"{run:06d}"
    shutil.rmtree(target, ignore_errors=True)
    with new_folder(target) as partial:
        for table, name, order in (("registered", PERSONS, "source, source_id"), ("merges", MERGES, "merge_id, state")):
            con.execute(
                f"COPY (SELECT * FROM {table} ORDER BY {order}) TO {quoted(str(partial / name))} "
                "(FORMAT parquet, COMPRESSION zstd)"
            )
    write_json(paths.identity / POINTER, {"run": run})
    for folder in paths.identity.iterdir():
        if folder.is_dir() and folder.name.isdecimal() and int(folder.name) < run - 1:
            shutil.rmtree(folder, ignore_errors=True)


def read_undone(paths: ShopPaths) -> list[Undone]:
    """The merges that stay undone, in the order in which they were."""
    return [
        Undone(
            merge_id=each["merge_id"],
            person=(each["person"][0], each["person"][1]),
            first_person=(each["first_person"][0], each["first_person"][1]),
            since=parse_moment(each["since"]),
        )
        for each in read_json(paths.identity / UNDONE) or ()
    ]


def write_undone(paths: ShopPaths, undone: Sequence[Undone]) -> None:
    """Replaces the list of undone merges; the next load heeds it."""
    told = [
        {
            "merge_id": each.merge_id,
            "person": list(each.person),
            "first_person": list(each.first_person),
            "since": moment_text(each.since),
        }
        for each in undone
    ]
    write_json(paths.identity / UNDONE, told)


def _from_tables(folder: Path | None) -> dict[str, str]:
    """What the tables in use tell of the persons' own ids: those that joined stand in member_merges."""
    if folder is None or not (folder / "member_ids.parquet").is_file():
        return {}
    merges = folder / "member_merges.parquet"
    ids = (
        f"SELECT source, source_id, member_id FROM read_parquet({quoted(literal_path(folder / 'member_ids.parquet'))})"
    )
    if not merges.is_file():
        return {
            "registered": "SELECT source, source_id, member_id AS own_id, NULL::TIMESTAMPTZ AS known_since, "
            f"0::BIGINT AS run, true AS was_answered FROM ({ids})"
        }
    return {
        "registered": "SELECT ids.source, ids.source_id, coalesce(old_member_id, ids.member_id) AS own_id, "
        # who gave the member its id goes before those who joined
        "NULL::TIMESTAMPTZ AS known_since, (old_member_id IS NOT NULL)::BIGINT AS run, true AS was_answered "
        f"FROM ({ids}) AS ids LEFT JOIN (SELECT * FROM ({_file(merges)}) WHERE state = 'merged') AS merges "
        "USING (source, source_id)",
        "merges_before": _file(merges),
    }


def _file(file: Path) -> str:
    return f"SELECT * FROM read_parquet({quoted(literal_path(file))})"
