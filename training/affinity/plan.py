"""The cut-offs of an affinity training: the week to choose weights on, and the later weeks to report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from features.contracts.errors import NothingLoaded
from features.contracts.settings import Settings
from training.cutoffs import Cutoff, plan_cutoffs
from training.protocol import HORIZON

EPOCH_1970 = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class AffinityPlan:
    """What can be evaluated of the weeks that the settings name, and what the data is too short for."""

    tune: Cutoff | None
    tests: tuple[Cutoff, ...]
    missing: tuple[str, ...]
    """A sentence for each week that cannot be evaluated."""

    @property
    def moments(self) -> tuple[datetime, ...]:
        """The moments that features must have been built for, beside the latest."""
        return tuple(cutoff.at for cutoff in (*((self.tune,) if self.tune else ()), *self.tests))


def plan_affinity(settings: Settings, *, as_of: datetime, first: datetime | None) -> AffinityPlan:
    """The plan as of a moment; `first` is the first purchase."""
    affinity = settings.affinity
    # Planned for each week alone would move them apart: the last one decides for all.
    weeks = [affinity.tune_week, *affinity.test_weeks]
    every = plan_cutoffs(weeks, anchor=settings.week_anchor, horizon=HORIZON, as_of=as_of)
    usable = plan_cutoffs(weeks, anchor=settings.week_anchor, horizon=HORIZON, as_of=as_of, first=first)
    tune, *tests = every
    return AffinityPlan(
        tune=tune if tune in usable else None,
        tests=tuple(cutoff for cutoff in tests if cutoff in usable),
        missing=tuple(
            f"week {cutoff.week} ({cutoff.at:%Y-%m-%d}) lies before the first purchase"
            for cutoff in every
            if cutoff not in usable
        ),
    )


def first_purchase_at(purchases: Path) -> datetime:
    """When the first purchase was made, UTC. Raises NothingLoaded when there is none."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        row = con.execute(
            "SELECT epoch_us(min(ordered_at)) FROM read_parquet($file)", {"file": str(purchases)}
        ).fetchone()
    if row is None or row[0] is None:
        raise NothingLoaded(f"affinity: {purchases} holds no purchase; run `faces load` with order lines of goods")
    return EPOCH_1970 + timedelta(microseconds=row[0])
