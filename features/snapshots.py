"""Builds the feature snapshots: every group, as known at each week start and at the latest moment."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import ibis

from features.contracts.atomic import exclusive, read_json, remove_partials, write_json
from features.contracts.clock import moment_slug, moment_text, parse_moment, week_starts
from features.contracts.errors import NothingLoaded
from features.contracts.paths import ShopPaths
from features.contracts.settings import Settings
from features.groups.catalogue import GROUPS
from features.groups.declaration import SNAPSHOT_AT, FeatureGroup
from features.prepared import PreparedTables, write_table
from features.schema import computation_hash
from features.tables.storage import current_tables


@dataclass(frozen=True, kw_only=True)
class FeatureBuild:
    """A finished build: where it is, what it was built from, and the moments that it knows."""

    version: str
    folder: Path
    tables_version: str
    as_of: datetime
    moments: tuple[datetime, ...]

    def snapshot(self, group: FeatureGroup, moment: datetime) -> Path:
        """File of a group's rows as known at `moment`; it need not exist."""
        return _file(self.folder, group, moment)

    def known_snapshot(self, group: FeatureGroup, moment: datetime) -> Path:
        """File of a group's rows: the snapshot at `moment`, else the latest before it. Raises NothingLoaded."""
        own = self.snapshot(group, moment)
        if own.is_file():
            return own
        # the slugs of moments stand in the order of the moments
        known = sorted(file for file in own.parent.glob("*.parquet") if file.stem <= moment_slug(moment))
        if not known:
            raise NothingLoaded(
                f"features: no snapshot of {group.name} up to {moment:%Y-%m-%d %H:%M} UTC; run `faces features`"
            )
        return known[-1]


def current_build(paths: ShopPaths) -> FeatureBuild:
    """The newest finished build. Raises NothingLoaded when there is none of this code."""
    pointer = read_json(paths.features / "current")
    if pointer is None:
        raise NothingLoaded(f"features: nothing is built in {paths.features}; run `faces features` first")
    if not pointer["version"].endswith(f"-{computation_hash()}"):
        raise NothingLoaded(f"features: {pointer['version']} was built by other code; run `faces features` again")
    return FeatureBuild(
        version=pointer["version"],
        folder=paths.features / pointer["version"],
        tables_version=pointer["tables_version"],
        as_of=parse_moment(pointer["as_of"]),
        moments=tuple(parse_moment(moment) for moment in pointer["moments"]),
    )


def build_features(
    settings: Settings,
    *,
    as_of: datetime | None,
    extra_moments: Iterable[datetime] = (),
    progress: Callable[[int, int, str], None] = lambda _done, _all, _what: None,
) -> FeatureBuild:
    """Writes the snapshots that are missing and points to the build when all are there.

    Weekly groups get every week start up to `as_of` and `as_of` itself; member_product gets `extra_moments` (training
    cut-offs) and `as_of`. A killed build is taken up where it stopped: each file appears whole or not at all.
    `as_of` defaults to the moment after the last order. Raises NothingLoaded, Busy.
    """
    paths = settings.paths
    with exclusive(paths.locks, "features"):
        tables_version = current_tables(paths)
        latest = min(as_of, tables_version.latest_at) if as_of else tables_version.latest_at
        version = f"{tables_version.version}-{computation_hash()}"
        folder = paths.features / version
        folder.mkdir(parents=True, exist_ok=True)
        remove_partials(folder)
        with contextlib.closing(PreparedTables(settings, tables_version, folder)) as tables:
            first_at = tables.first_at
            if latest <= first_at:
                raise NothingLoaded(
                    f"features: nothing is known as of {latest:%Y-%m-%d %H:%M} UTC; the first purchase was made at "
                    f"{first_at:%Y-%m-%d %H:%M} UTC"
                )
            weekly = sorted({*week_starts(first=first_at, last=latest, anchor=settings.week_anchor), latest})
            cutoffs = sorted({moment for moment in extra_moments if first_at < moment <= latest} | {latest})
            _write_snapshots(
                tables, folder, weekly=weekly, cutoffs=cutoffs, threads=settings.threads, progress=progress
            )
        build = FeatureBuild(
            version=version,
            folder=folder,
            tables_version=tables_version.version,
            as_of=latest,
            moments=tuple(weekly),
        )
        _point_to(paths, build)
        return build


def _write_snapshots(
    tables: PreparedTables,
    folder: Path,
    *,
    weekly: list[datetime],
    cutoffs: list[datetime],
    threads: int,
    progress: Callable[[int, int, str], None],
) -> None:
    wanted = [(group, moment) for group in GROUPS.values() for moment in (weekly if group.is_weekly else cutoffs)]
    missing = [each for each in wanted if not _file(folder, *each).is_file()]
    done = len(wanted) - len(missing)
    progress(done, len(wanted), "snapshots")
    if not missing:
        return
    readers = tables.readers(threads)

    def write(group: FeatureGroup, moment: datetime) -> str:
        reader = readers.get()
        try:
            rows = group.expression(reader, moment)
            at = ibis.literal(moment, type="timestamp('UTC', 6)")
            rows = rows.mutate(**{SNAPSHOT_AT: at})
            write_table(rows.order_by(group.sorted_by) if group.sorted_by else rows, _file(folder, group, moment))
        finally:
            readers.put(reader)
        return group.name

    # One query leaves cores idle between its steps; another one fills them.
    with ThreadPoolExecutor(threads) as pool:
        for written in pool.map(lambda each: write(*each), missing):
            done += 1
            progress(done, len(wanted), written)


def _file(folder: Path, group: FeatureGroup, moment: datetime) -> Path:
    return folder / group.name / f"{moment_slug(moment)}.parquet"


def _point_to(paths: ShopPaths, build: FeatureBuild) -> None:
    # A build asked for as of an earlier moment takes nothing away from what is known already.
    before = read_json(paths.features / "current") or {}
    known = [parse_moment(moment) for moment in before.get("moments", ()) if before["version"] == build.version]
    moments = sorted({*known, *build.moments})
    write_json(
        paths.features / "current",
        {
            "version": build.version,
            "tables_version": build.tables_version,
            "as_of": moment_text(moments[-1]),
            "moments": [moment_text(moment) for moment in moments],
        },
    )
    # A running training may still read the build before this one; what is older goes.
    builds = sorted((f for f in paths.features.iterdir() if f.is_dir()), key=lambda f: f.stat().st_mtime)
    for old in [folder for folder in builds if folder.name != build.version][:-1]:
        shutil.rmtree(old, ignore_errors=True)
