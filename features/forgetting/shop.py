"""Removes people from what the features package keeps: raw batches, rejected rows, tables, identities, features.

Each step may be cut off at any moment and done again: every file is replaced in one step, so what is in use stays
readable, and a file without the people is left alone.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from features.contracts.atomic import exclusive, read_json, remove_partials, write_json
from features.contracts.forgotten import Forgotten
from features.contracts.paths import ShopPaths
from features.contracts.settings import Settings
from features.forgetting.files import parquet_files, remove_people
from features.forgetting.leaving_out import keep_known_others
from features.forgetting.names import Names
from features.forgetting.recognise import Recognised, recognise, remove_recognised
from features.identity.state import read_undone, write_undone
from features.tables.raw import BATCH_FILE
from features.tables.session import LOAD_MEMORY, open_session
from features.tables.storage import VERSION_FILE

GONE = "gone"
"""Of a batch or version: rows that were removed because somebody asked to be forgotten, by table."""


def forget_in_raw(settings: Settings, forgotten: Forgotten, *, on_found: Callable[[Recognised], None]) -> Counter[str]:
    """Rows removed from the raw batches. Raises Busy while a load runs.

    The history of a batch keeps how many rows are gone. `on_found` is told whom the batches name before anything is
    removed: what is known of them by a contact alone would else be lost when the run is killed.
    """
    paths, counts, found = settings.paths, Counter[str](), Recognised()
    with exclusive(paths.locks, "load"):
        remove_partials(paths.raw)
        batches = [folder.parent for folder in sorted(paths.raw.glob(f"*/{BATCH_FILE}"))]
        with contextlib.closing(open_session(settings, zone=settings.timezone, memory=LOAD_MEMORY)) as con:
            # all first: a person known by a record's contact has sales in other batches
            for batch in batches:
                recognise(con, batch, forgotten, found)
            keep_known_others(con, found, paths)
            on_found(found)
            for batch in batches:
                counts["raw"] += _remove_from_batch(con, batch, found)
    return counts


def forget_in_tables(settings: Settings, names: Names) -> Counter[str]:
    """Rows removed from the validated tables of every version and from the rejected rows. Raises Busy."""
    paths, counts = settings.paths, Counter[str]()
    with exclusive(paths.locks, "load"):
        for folder in (paths.tables, paths.rejected):
            remove_partials(folder)
        for version in sorted(paths.tables.glob(f"*/{VERSION_FILE}")):
            counts["tables"] += _remove_from(version.parent, names)
            _recount(version)
        counts["rejected"] += _remove_from(paths.rejected, names)
    return counts


def forget_in_identity(paths: ShopPaths, names: Names) -> Counter[str]:
    """Rows removed from who is who: persons, merges and those that were undone. Raises Busy while a load runs."""
    counts = Counter[str]()
    with exclusive(paths.locks, "load"):
        remove_partials(paths.identity)
        counts["identity"] += _remove_from(paths.identity, names)
        undone = read_undone(paths)
        left = [each for each in undone if names.people.isdisjoint((each.person, each.first_person))]
        if len(left) < len(undone):
            write_undone(paths, left)
            counts["identity"] += len(undone) - len(left)
    return counts


def forget_in_features(paths: ShopPaths, names: Names) -> Counter[str]:
    """Rows removed from the snapshots and prepared tables of every build. Raises Busy while features are computed."""
    counts = Counter[str]()
    with exclusive(paths.locks, "features"):
        builds = [folder for folder in paths.features.iterdir() if folder.is_dir()] if paths.features.is_dir() else []
        # oldest first: builds are kept by when they were changed last
        for build in sorted(builds, key=lambda folder: folder.stat().st_mtime_ns):
            remove_partials(build)
            counts["features"] += _remove_from(build, names)
    return counts


def _remove_from_batch(con: duckdb.DuckDBPyConnection, batch: Path, found: Recognised) -> int:
    removed = remove_recognised(con, batch, found)
    file = batch / BATCH_FILE
    told = read_json(file)
    # compared with what is there, not with what this run removed: a killed one may have removed before
    left = {table: _rows(batch / f"{table}.parquet") for table in told["counts"]}
    gone = {table: told["counts"][table] - left[table] for table in left if left[table] < told["counts"][table]}
    if gone:
        told[GONE] = dict(Counter(told.get(GONE, {})) + Counter(gone))
        told["counts"] |= left
        write_json(file, told)
    return sum(removed.values())


def _remove_from(folder: Path, names: Names) -> int:
    return sum(remove_people(file, names) for file in parquet_files(folder))


def _recount(version: Path) -> None:
    told = read_json(version)
    left = {
        table: _rows(version.with_name(f"{table}.parquet"))
        for table in told["counts"]
        if version.with_name(f"{table}.parquet").is_file()
    }
    if left != {table: told["counts"][table] for table in left}:
        told["counts"] |= left
        write_json(version, told)


def _rows(file: Path) -> int:
    return int(pq.read_metadata(file).num_rows)
