"""The cut-offs of a training: those that the ranker learns from, the one it is tuned on, the later ones reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from features.contracts.clock import week_start
from features.contracts.errors import NothingLoaded, Refused
from features.contracts.settings import Settings
from training.cutoffs import CLOSING, Cutoff, plan_cutoffs, weeks_moved
from training.protocol import HORIZON

EPOCH_1970 = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class RecommendationPlan:
    """What can be learnt and evaluated of the weeks that are asked for, and what the data is too short for."""

    train: tuple[Cutoff, ...]
    tune: Cutoff | None
    tests: tuple[Cutoff, ...]
    missing: tuple[str, ...]
    """A sentence on the weeks that cannot be used."""
    moved: int = 0
    """By how many weeks those of the settings were moved."""

    @property
    def moments(self) -> tuple[datetime, ...]:
        """The moments that features must have been built for, beside the latest."""
        return tuple(cutoff.at for cutoff in (*self.train, *((self.tune,) if self.tune else ()), *self.tests))


def plan_training(settings: Settings, *, as_of: datetime, first: datetime | None) -> RecommendationPlan:
    """The plan of `faces train` as of a moment; `first` is the first purchase.

    Where the settings' weeks do not fit the data, all of them move together.
    """
    weeks = [*settings.ranker.train_weeks, settings.ranker.tune_week, *settings.affinity.test_weeks]
    # Planned for each week alone would move them apart: the last one decides for all.
    every = plan_cutoffs(weeks, anchor=settings.week_anchor, horizon=HORIZON, as_of=as_of)
    return _plan(settings, every, first=first, moved=every[0].week - weeks[0])


def plan_evaluation(
    settings: Settings, weeks: Sequence[int], *, as_of: datetime, first: datetime | None
) -> RecommendationPlan:
    """The plan of an evaluation on exactly these weeks; the ranker's weeks move back until none reaches into a test.

    Raises Refused for a week whose purchases are not all known as of the moment.
    """
    for week in weeks:
        ends_at = week_start(week, anchor=settings.week_anchor) + HORIZON
        if ends_at > as_of + CLOSING:
            raise Refused(f"evaluate: week {week} ends at {ends_at:%Y-%m-%d}, after the data; ask for earlier weeks")
    moved = max(0, _moved(settings, as_of=as_of))
    learning = [week + moved for week in (*settings.ranker.train_weeks, settings.ranker.tune_week)]
    back = max(0, learning[-1] + 1 - min(weeks))
    every = [
        Cutoff(week=week, at=week_start(week, anchor=settings.week_anchor))
        for week in (*(week - back for week in learning), *weeks)
    ]
    return _plan(settings, every, first=first, moved=moved)


def evaluated_weeks(settings: Settings, weeks: Sequence[int], *, as_of: datetime) -> list[int]:
    """The weeks, moved together by whole weeks where the data does not cover them."""
    moved = weeks_moved(weeks, anchor=settings.week_anchor, horizon=HORIZON, as_of=as_of)
    return [week + moved for week in weeks]


def _moved(settings: Settings, *, as_of: datetime) -> int:
    asked = [*settings.ranker.train_weeks, settings.ranker.tune_week, *settings.affinity.test_weeks]
    return weeks_moved(asked, anchor=settings.week_anchor, horizon=HORIZON, as_of=as_of)


def _plan(settings: Settings, every: Sequence[Cutoff], *, first: datetime | None, moved: int) -> RecommendationPlan:
    usable = [cutoff for cutoff in every if first is None or cutoff.at > first]
    trains = len(settings.ranker.train_weeks)
    tune = every[trains]
    return RecommendationPlan(
        train=tuple(cutoff for cutoff in every[:trains] if cutoff in usable),
        tune=tune if tune in usable else None,
        tests=tuple(cutoff for cutoff in every[trains + 1 :] if cutoff in usable),
        moved=moved,
        missing=_before_the_first([cutoff for cutoff in every if cutoff not in usable]),
    )


def _before_the_first(cutoffs: Sequence[Cutoff]) -> tuple[str, ...]:
    if not cutoffs:
        return ()
    weeks = ", ".join(str(cutoff.week) for cutoff in cutoffs)
    if len(cutoffs) == 1:
        return (f"week {weeks} ({cutoffs[0].at:%Y-%m-%d}) lies before the first purchase",)
    first, last = min(cutoff.at for cutoff in cutoffs), max(cutoff.at for cutoff in cutoffs)
    return (f"weeks {weeks} ({first:%Y-%m-%d} to {last:%Y-%m-%d}) lie before the first purchase",)


def first_purchase_at(purchases: Path) -> datetime:
    """When the first purchase was made, UTC. Raises NothingLoaded when there is none."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        row = con.execute(
            "SELECT epoch_us(min(ordered_at)) FROM read_parquet($file)", {"file": str(purchases)}
        ).fetchone()
    if row is None or row[0] is None:
        raise NothingLoaded(f"training: {purchases} holds no purchase; run `faces load` with order lines of goods")
    return EPOCH_1970 + timedelta(microseconds=row[0])
