"""Forecasts of earlier snapshots beside what happened: a model that had seen nothing of it scores many targets."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
import numpy.typing as npt

from training.cutoffs import CLOSING
from training.propensity.backtested import BacktestedAudience, backtested
from training.propensity.events import EventLog
from training.propensity.forecast import ForecastModel, fit_forecast
from training.propensity.forecast_kinds import Kind, kind_of_event
from training.propensity.moment import PropensityMoment
from training.propensity.outcomes import Outcomes
from training.propensity.product_sets import ProductSet
from training.propensity.revenue import REVENUE
from training.propensity.set_features import LevelledSet, Matrix, at_horizon, event_set, products_set, set_matrix
from training.propensity.target import EventType

LOG = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]

SHARES = (0.01, 0.05, 0.1, 0.5, 1.0)
"""An audience is the best of the active members, as many as these shares say: cut from the top, and everybody."""


class PooledModel(Protocol):
    """What a backtest asks of the pooled model."""

    def probabilities(self, matrix: Matrix, *, horizon_days: int) -> Floats:
        """float64 (rows,): calibrated, of rows as `set_matrix` makes them for the horizon."""


@dataclass(frozen=True, kw_only=True)
class BacktestedSnapshot:
    """A past moment, what followed it, and a model that had seen nothing of what followed."""

    moment: PropensityMoment
    outcomes: Outcomes
    model: PooledModel


@dataclass(frozen=True, kw_only=True)
class ScoredTarget:
    """The active members with one target and horizon, best first (equal ones by id); arrays are (members,)."""

    snapshot_at: datetime
    kind: Kind
    target: str
    horizon_days: int
    member_ids: npt.NDArray[np.str_]
    probabilities: Floats
    revenue_if_bought: Floats
    happened: Truths
    spent: Floats

    def audience(self, share: float) -> BacktestedAudience:
        """The best members: `share` of all, and one at least."""
        size = max(1, round(share * len(self.probabilities)))
        return backtested(
            self.probabilities[:size],
            self.revenue_if_bought[:size],
            self.happened[:size],
            self.spent[:size],
            snapshot_at=self.snapshot_at,
            kind=self.kind,
            target=self.target,
            horizon_days=self.horizon_days,
            share=share,
        )


def scored_targets(
    snapshot: BacktestedSnapshot,
    log: EventLog,
    sets: Sequence[ProductSet],
    *,
    events: Sequence[EventType],
    horizons: Sequence[int],
    until: datetime,
) -> Iterator[ScoredTarget]:
    """Every set, event and (with visits) lapse at each horizon that had ended by `until`, a last closed night aside."""
    moment = snapshot.moment
    known = [days for days in horizons if moment.at + timedelta(days=days) <= until + CLOSING]
    for each in sets:
        asked = products_set(moment, each.products)
        for days, probabilities in _probabilities(snapshot, asked, horizons=known):
            yield _best_first(
                snapshot,
                "products",
                each.name,
                days,
                probabilities,
                REVENUE.if_bought(asked.activities[0], moment.visits, probabilities, horizon_days=days),
                snapshot.outcomes.bought(each.products, horizon_days=days),
                snapshot.outcomes.spent(each.products, horizon_days=days),
            )
    for event in events:
        yield from _scored_event(snapshot, log, event, horizons=known)


def backtested_audiences(scored: ScoredTarget) -> list[BacktestedAudience]:
    """The audiences of SHARES; the smaller ones of a small shop that would be the same are left out."""
    sizes = {max(1, round(share * len(scored.probabilities))): share for share in SHARES}
    return [scored.audience(share) for share in sizes.values()] if len(scored.probabilities) else []


def known_at(audiences: Sequence[BacktestedAudience], at: datetime) -> list[BacktestedAudience]:
    """Those whose windows had ended by `at`: nothing else was known then."""
    return [each for each in audiences if each.snapshot_at + timedelta(days=each.horizon_days) <= at]


def fit_forecast_of(
    snapshots: Iterable[BacktestedSnapshot],
    log: EventLog,
    sets: Sequence[ProductSet],
    *,
    events: Sequence[EventType],
    horizons: Sequence[int],
    until: datetime,
    launches: Sequence[BacktestedAudience] = (),
) -> ForecastModel:
    """The errors of some past snapshots, read when their turn comes; `launches` come from their own model.

    The models of the snapshots must have learnt from labels that ended before them.
    """
    audiences: list[BacktestedAudience] = list(launches)
    for snapshot in snapshots:
        for scored in scored_targets(snapshot, log, sets, events=events, horizons=horizons, until=until):
            audiences += backtested_audiences(scored)
    LOG.info("forecast fitted on %d audiences", len(audiences))
    return fit_forecast(audiences)


def _scored_event(
    snapshot: BacktestedSnapshot, log: EventLog, event: EventType, *, horizons: Sequence[int]
) -> Iterator[ScoredTarget]:
    moment = snapshot.moment
    asked = event_set(moment, event)
    nothing = np.zeros(len(moment.member_ids))
    for days, probabilities in _probabilities(snapshot, asked, horizons=horizons):
        happened = log.happened(event, moment.member_ids, at=moment.at, horizon_days=days)
        yield _best_first(snapshot, kind_of_event(event), event.value, days, probabilities, nothing, happened, nothing)
        if event is EventType.VISIT:
            yield _best_first(snapshot, "lapse", "lapse", days, 1.0 - probabilities, nothing, ~happened, nothing)


def _probabilities(
    snapshot: BacktestedSnapshot, asked: LevelledSet, *, horizons: Sequence[int]
) -> Iterator[tuple[int, Floats]]:
    if not horizons:
        return
    matrix = set_matrix(snapshot.moment, asked, horizon_days=horizons[0])
    for days in horizons:
        at_horizon(matrix, snapshot.moment, asked, horizon_days=days)
        yield days, snapshot.model.probabilities(matrix, horizon_days=days)


def _best_first(
    snapshot: BacktestedSnapshot,
    kind: Kind,
    target: str,
    horizon_days: int,
    probabilities: Floats,
    revenue_if_bought: Floats,
    happened: Truths,
    spent: Floats,
) -> ScoredTarget:
    active = np.flatnonzero(snapshot.moment.is_active)
    # Members are in order of their id, and the sort is stable: of equal ones the smaller id comes first.
    order = active[np.argsort(-probabilities[active], kind="stable")]
    return ScoredTarget(
        snapshot_at=snapshot.moment.at,
        kind=kind,
        target=target,
        horizon_days=horizon_days,
        member_ids=snapshot.moment.member_ids[order],
        probabilities=probabilities[order],
        revenue_if_bought=revenue_if_bought[order],
        happened=happened[order],
        spent=spent[order],
    )
