"""What the pooled model learns from: members x targets of past snapshots, and whether they came true."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt

from features.contracts.clock import SECONDS_PER_DAY
from features.contracts.settings import PropensitySettings, Settings
from features.prepared import PURCHASES_FILE
from features.store.history import History
from training.cutoffs import Cutoff
from training.propensity.events import EventLog
from training.propensity.groupings import Groupings, read_groupings
from training.propensity.moment import PropensityMoment, read_learning_moment
from training.propensity.outcomes import Outcomes, read_outcomes
from training.propensity.plan import known_horizons
from training.propensity.product_sets import ProductSet
from training.propensity.set_features import Matrix, event_set, products_set, set_matrix
from training.propensity.target import EventType

Truths = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

EVENTS = (EventType.VISIT, EventType.COUPON_REDEEMED, EventType.JOIN)
MIN_EVENTS = 20
"""An event is learnt, and answered for, when so many members had it before the first snapshot that is learnt from."""


@dataclass(frozen=True, kw_only=True)
class SnapshotRows:
    """Rows of one snapshot; arrays are (rows,)."""

    at: datetime
    matrix: Matrix
    """float32 (rows, len(FEATURE_NAMES))."""
    happened: Truths
    weights: Floats
    """Members that a row stands for."""
    horizons: npt.NDArray[np.int64]
    """Days within which each row had to come true."""

    def known_by(self, moment: datetime) -> SnapshotRows | None:
        """The rows whose windows had ended by `moment`; None when there are none."""
        days = (moment - self.at).total_seconds() / SECONDS_PER_DAY
        kept = np.flatnonzero(self.horizons <= days)
        if not len(kept):
            return None
        return replace(
            self,
            matrix=self.matrix[kept],
            happened=self.happened[kept],
            weights=self.weights[kept],
            horizons=self.horizons[kept],
        )


@dataclass(frozen=True, kw_only=True)
class PropensityShop:
    """A shop's past, from which any snapshot can be stood up."""

    settings: Settings
    history: History
    log: EventLog
    groupings: Groupings
    _kept: dict[datetime, tuple[PropensityMoment, Outcomes]] = field(default_factory=dict, repr=False)

    def snapshot(self, at: datetime) -> tuple[PropensityMoment, Outcomes]:
        """A moment and what followed it; the one asked for last is kept. Raises NothingLoaded."""
        if at not in self._kept:
            asked = self.settings.propensity
            moment = read_learning_moment(
                self.history, self.log, self.groupings, at=at, factors=asked.factors, seed=self.settings.seed
            )
            outcomes = read_outcomes(
                self.history.build.folder / PURCHASES_FILE,
                self.groupings,
                moment.member_ids,
                at=at,
                longest_days=max(asked.horizons),
            )
            self._kept.clear()
            self._kept[at] = (moment, outcomes)
        return self._kept[at]

    def recorded_events(self, at: datetime) -> tuple[EventType, ...]:
        """The events that enough members had in the year before `at`."""
        members = self.log.active_members(at=at)
        return tuple(
            event for event in EVENTS if (self.log.activity(event, members, at=at).orders_365d > 0).sum() >= MIN_EVENTS
        )


def open_propensity_shop(settings: Settings, history: History) -> PropensityShop:
    """The shop of a feature build."""
    return PropensityShop(
        settings=settings,
        history=history,
        log=EventLog(
            build_folder=history.build.folder,
            tables_folder=settings.paths.tables / history.build.tables_version,
            threads=settings.threads,
        ),
        groupings=read_groupings(history.build.folder),
    )


def learning_rows(
    shop: PropensityShop,
    cutoff: Cutoff,
    sets: Sequence[ProductSet],
    events: Sequence[EventType],
    *,
    until: datetime,
) -> SnapshotRows:
    """A sample of a snapshot: some of the sets, every event, and of each at most `rows_per_target` members either way.

    Every target has the default horizon and another one, drawn, with a third of the rows; their windows end by `until`.
    """
    asked = shop.settings.propensity
    random = np.random.default_rng([shop.settings.seed, int(cutoff.at.timestamp())])
    moment, outcomes = shop.snapshot(cutoff.at)
    horizons = known_horizons(asked.horizons, cutoff.at, until=until)
    chosen = random.permutation(len(sets))[: asked.targets_per_snapshot]
    parts: list[SnapshotRows] = []
    for each in [*(sets[i] for i in np.sort(chosen)), *events]:
        for days, most in _drawn(horizons, asked, random):
            matrix, happened = _labelled(shop, moment, outcomes, each, horizon_days=days)
            parts += sampled(cutoff.at, matrix, happened, horizon_days=days, most=most, random=random)
    return concatenated(parts)


def sampled(
    at: datetime, matrix: Matrix, happened: Truths, *, horizon_days: int, most: int, random: np.random.Generator
) -> list[SnapshotRows]:
    """Of one target's members at most so many of either kind, each standing for as many as there are to one drawn."""
    parts = []
    for came_true in (True, False):
        rows = np.flatnonzero(happened == came_true)
        taken = np.sort(random.permutation(rows)[:most])
        weights = np.full(len(taken), len(rows) / max(1, len(taken)))
        parts.append(_rows(at, matrix[taken], happened[taken], weights, horizon_days))
    return parts


def calibration_rows(
    shop: PropensityShop,
    cutoff: Cutoff,
    sets: Sequence[ProductSet],
    events: Sequence[EventType],
    *,
    until: datetime,
) -> SnapshotRows:
    """Members drawn without a look at what happened, with some sets and every event.

    At every horizon whose window has ended by `until`.
    """
    asked = shop.settings.propensity
    random = np.random.default_rng([shop.settings.seed, int(cutoff.at.timestamp()), 1])
    moment, outcomes = shop.snapshot(cutoff.at)
    chosen = random.permutation(len(sets))[: asked.targets_per_snapshot]
    parts = []
    for each in [*(sets[i] for i in np.sort(chosen)), *events]:
        taken = np.sort(random.permutation(len(moment.member_ids))[: 2 * asked.rows_per_target])
        for days in known_horizons(asked.horizons, cutoff.at, until=until):
            matrix, happened = _labelled(shop, moment, outcomes, each, horizon_days=days)
            parts.append(_rows(cutoff.at, matrix[taken], happened[taken], np.ones(len(taken)), days))
    return concatenated(parts)


def concatenated(parts: Sequence[SnapshotRows]) -> SnapshotRows:
    """Rows of one snapshot, one part after the other."""
    return SnapshotRows(
        at=parts[0].at,
        matrix=np.concatenate([part.matrix for part in parts]),
        happened=np.concatenate([part.happened for part in parts]),
        weights=np.concatenate([part.weights for part in parts]),
        horizons=np.concatenate([part.horizons for part in parts]),
    )


def labelled_sets(
    shop: PropensityShop, at: datetime, sets: Sequence[ProductSet], *, horizon_days: int
) -> Iterator[tuple[ProductSet, Matrix, Truths]]:
    """Each set with every member of a snapshot, and who bought it."""
    moment, outcomes = shop.snapshot(at)
    for each in sets:
        yield (each, *_labelled(shop, moment, outcomes, each, horizon_days=horizon_days))


def _labelled(
    shop: PropensityShop,
    moment: PropensityMoment,
    outcomes: Outcomes,
    asked: ProductSet | EventType,
    *,
    horizon_days: int,
) -> tuple[Matrix, Truths]:
    if isinstance(asked, ProductSet):
        matrix = set_matrix(moment, products_set(moment, asked.products), horizon_days=horizon_days)
        return matrix, outcomes.bought(asked.products, horizon_days=horizon_days)
    matrix = set_matrix(moment, event_set(moment, asked), horizon_days=horizon_days)
    return matrix, shop.log.happened(asked, moment.member_ids, at=moment.at, horizon_days=horizon_days)


def _drawn(horizons: Sequence[int], asked: PropensitySettings, random: np.random.Generator) -> list[tuple[int, int]]:
    """Horizons of a target, each with the most rows of either kind."""
    others = [days for days in horizons if days != asked.horizon_days]
    drawn = [(asked.horizon_days, asked.rows_per_target)] if asked.horizon_days in horizons else []
    if others:
        drawn.append((others[int(random.integers(len(others)))], max(1, asked.rows_per_target // 3)))
    return drawn


def _rows(at: datetime, matrix: Matrix, happened: Truths, weights: Floats, days: int) -> SnapshotRows:
    return SnapshotRows(
        at=at,
        matrix=matrix,
        happened=happened,
        weights=weights,
        horizons=np.full(len(happened), days, dtype=np.int64),
    )
