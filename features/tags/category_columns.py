"""Features of member and category as filters read them, a bounded number of rows at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from functools import partial

import numpy as np
import pyarrow as pa

from features.contracts.clock import days_since_epoch
from features.contracts.filters.arrow_columns import column_of, numbers_of
from features.contracts.filters.columns import Column, Columns, NumberColumn
from features.contracts.settings import Settings
from features.groups.catalogue import GROUPS
from features.groups.declaration import Floats
from features.snapshots import FeatureBuild
from features.sources.casting import literal_path
from features.tables.session import open_session
from features.tags.feature_columns import groups_by_feature
from features.tags.stored_numbers import StoredNumbers

CATEGORY_GROUPS = ("member_category", "member_taste")
ROWS_AT_ONCE = 500_000
MEMORY = "800MB"


def category_columns(
    settings: Settings, build: FeatureBuild, moment: datetime, *, names: frozenset[str]
) -> Iterator[tuple[pa.Table, Columns]]:
    """Pieces of the members' categories: member_id and category of each row, and the named features of the rows."""
    groups = {name: group for name, group in groups_by_feature(*CATEGORY_GROUPS).items() if name in names}
    stored = {feature.name for group in groups.values() for feature in group.features}
    derived = {each.name: each for group in groups.values() for each in group.derived if each.name in names}
    # what a derived feature reads is known to its function alone
    wanted = stored if derived else stored & names
    for piece in _pieces(settings, build, moment, sorted(wanted)):
        as_of = np.full(piece.num_rows, days_since_epoch(moment))
        by_name: dict[str, Column] = {}
        for name, group in groups.items():
            if name in derived:
                numbers = StoredNumbers(partial(_numbers, piece), group)
                by_name[name] = NumberColumn(numbers=np.asarray(derived[name].compute(numbers, as_of), np.float64))
            else:
                by_name[name] = column_of(piece.column(name))
        yield piece.select(["member_id", "category"]), Columns(size=piece.num_rows, by_name=by_name)


def _numbers(piece: pa.Table, name: str) -> Floats:
    return numbers_of(piece.column(name))


def _pieces(settings: Settings, build: FeatureBuild, moment: datetime, names: list[str]) -> Iterator[pa.Table]:
    tastes = build.known_snapshot(GROUPS["member_taste"], moment)
    # tastes are kept at fewer moments; both are to be of the same one, where that can be
    habits = build.folder / "member_category" / tastes.name
    if not habits.is_file():
        habits = build.known_snapshot(GROUPS["member_category"], moment)
    columns = ", ".join(("member_id", "category", *(f'"{name}"' for name in names)))
    sql = (
        f"SELECT {columns} FROM read_parquet($habits) AS habits "
        "JOIN read_parquet($tastes) AS tastes USING (member_id, category)"
    )
    with contextlib.closing(open_session(settings, zone="UTC", memory=MEMORY)) as con:
        reader = con.execute(sql, {"habits": literal_path(habits), "tastes": literal_path(tastes)})
        for batch in reader.to_arrow_reader(ROWS_AT_ONCE):
            yield pa.Table.from_batches([batch])
