"""The moment that a release's model scores at: cells where they lie, taste as the release told it.

A moment that is scored at is one of the build's, so that the point-in-time join of the feature store would give the
rows of its snapshots as they are: they are read from the files, a million members in a second or two.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from features.contracts.clock import EPOCH, SECONDS_PER_DAY, days_since_epoch
from features.contracts.settings import Settings
from features.encoding import Encoding, Vectors
from features.groups.declaration import FeatureGroup, FeatureType
from features.snapshots import FeatureBuild
from features.store.history import History
from training.propensity.cells import CellFile, cells_file
from training.propensity.events import EventLog
from training.propensity.groupings import read_groupings
from training.propensity.moment import ENCODING, PropensityMoment, moment_of, snapshot_file
from training.propensity.taste import load_taste
from training.protocol import Ids

MEMBERS_AT_ONCE = 200_000
"""Members whose features are derived in one step: they are wide while that is done."""


def read_service_moment(settings: Settings, history: History, folder: Path, *, at: datetime) -> PropensityMoment:
    """The moment `at` with the taste in a release's propensity folder. Raises NothingLoaded, ReleaseDamaged."""
    build = history.build
    log = EventLog(
        build_folder=build.folder,
        tables_folder=settings.paths.tables / build.tables_version,
        threads=settings.threads,
    )
    groupings = read_groupings(build.folder)
    member_ids = log.active_members(at=at)
    cells = CellFile(
        file=cells_file(build, at), groupings=groupings, member_ids=member_ids, at=at, threads=settings.threads
    )
    return moment_of(
        build,
        log,
        groupings,
        cells,
        at=at,
        member_ids=member_ids,
        members=member_matrix(build, ENCODING, member_ids, at=at, threads=settings.threads),
        factors=load_taste(folder, member_ids),
    )


def member_matrix(build: FeatureBuild, encoding: Encoding, member_ids: Ids, *, at: datetime, threads: int) -> Vectors:
    """float32 (members, len(encoding.model_names)): features of members at one of the build's moments.

    Of groups by member alone. Raises NothingLoaded when a group has no snapshot there.
    """
    stored = np.full((len(member_ids), len(encoding.stored_names)), np.nan, dtype=np.float32)
    start = 0
    with duckdb.connect(config={"threads": threads}) as con:
        con.execute("SET TimeZone = 'UTC'")
        rows = np.arange(len(member_ids), dtype=np.int32)
        con.register("known", pa.table({"member_id": pa.array(member_ids), "member": rows}))
        for group in encoding.groups:
            columns = ", ".join(_encoded(group, name) for name in group.numeric)
            found = con.execute(
                f"SELECT member, {columns} FROM read_parquet($file) JOIN known USING (member_id)",
                {"file": str(snapshot_file(build, group.name, at))},
            ).fetchnumpy()
            for name in group.numeric:
                stored[found["member"], start] = found[name]
                start += 1
    matrix = np.empty((len(member_ids), len(encoding.model_names)), dtype=np.float32)
    for first in range(0, len(member_ids), MEMBERS_AT_ONCE):
        part = slice(first, first + MEMBERS_AT_ONCE)
        matrix[part] = encoding.model_matrix(stored[part], np.full(len(stored[part]), days_since_epoch(at)))
    return matrix


def _encoded(group: FeatureGroup, name: str) -> str:
    """A feature as `features.encoding.encode_column` gives it: moments as days since EPOCH, NaN for null."""
    kind = next(feature.type for feature in group.features if feature.name == name)
    value = name
    if kind is FeatureType.MOMENT:
        value = f"(epoch_us({name}) - {int(EPOCH.timestamp()) * 1_000_000}) / {SECONDS_PER_DAY * 1e6}"
    return f"coalesce(({value})::DOUBLE, 'NaN'::DOUBLE) AS {name}"
