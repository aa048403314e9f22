"""Trains purchase propensity: learn, calibrate, report on a later snapshot, log and register."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter

from features.contracts.errors import TooLittleData
from features.contracts.settings import Settings
from features.prepared import VISITS_FILE
from features.store.history import History
from training.launches.train import TrainedLaunches, fit_launches
from training.minimum import LEAST_MEMBERS, Fallback
from training.propensity.evaluation import PropensityQuality
from training.propensity.forecast import ForecastModel
from training.propensity.frequency_rule import Propensity, frequency_rule
from training.propensity.learn import learn_propensity
from training.propensity.learning_rows import (
    PropensityShop,
    open_propensity_shop,
)
from training.propensity.model import PropensityModel
from training.propensity.plan import PropensityPlan, last_cutoff, plan_propensity
from training.propensity.product_sets import ProductSet, evaluation_sets, learning_sets, sets_by_kind
from training.propensity.report import TestedPropensity, register, snapshots_of, tested_on
from training.propensity.train_forecast import learn_forecast, tested_rule
from training.recommendations.plan import first_purchase_at
from training.tracking import ModelVersion, Tracking

LOG = logging.getLogger(__name__)

Progress = Callable[[int, int, str], None]
CHOOSING_SNAPSHOT = 2
"""Targets are chosen by what was bought in the 28 days after this one of the snapshots that are learnt from."""


@dataclass(frozen=True, kw_only=True)
class PropensityTargets:
    """The sets of a training: those that are learnt from, and those that are only measured on."""

    learnt: tuple[ProductSet, ...]
    evaluated: tuple[ProductSet, ...]


@dataclass(frozen=True, kw_only=True)
class TrainedPropensity:
    """A trained propensity model, or the rule that answers in its place, registered."""

    propensity: Propensity
    version: ModelVersion
    tested_at: datetime | None
    """The snapshot that `quality` was measured on; None where nothing could be measured."""
    quality: PropensityQuality | None
    fallbacks: tuple[Fallback, ...]
    """What answers in the place of models that the shop is too small for."""

    @property
    def is_learnt(self) -> bool:
        """Whether there is a model; else the frequency rule answers."""
        return isinstance(self.propensity, PropensityModel)


@dataclass(frozen=True, kw_only=True)
class _Made:
    propensity: Propensity
    forecast: ForecastModel
    tested: TestedPropensity | None
    tested_at: datetime | None
    snapshots: dict[str, str]
    fallbacks: tuple[Fallback, ...]


def train_propensity(
    settings: Settings,
    history: History,
    tracking: Tracking,
    *,
    as_of: datetime,
    progress: Progress = lambda _done, _all, _what: None,
) -> TrainedPropensity:
    """The model learnt on earlier snapshots, calibrated on the next and reported on the last before `as_of`.

    In a shop too young or too small for one the frequency rule is registered, with the reason.
    """
    started = perf_counter()
    shop = open_propensity_shop(settings, history)
    first = first_purchase_at(history.build.folder / VISITS_FILE)
    progress(0, 1, "learning launches")
    launches = fit_launches(settings, history.build, as_of=as_of)
    learnt_launches = None if isinstance(launches, Fallback) else launches
    try:
        made = _learnt(shop, learnt_launches, first=first, as_of=as_of, progress=progress)
    except TooLittleData as error:
        made = _rule(shop, learnt_launches, why=error.why, first=first, as_of=as_of)
    fallbacks = (*made.fallbacks, *((launches,) if isinstance(launches, Fallback) else ()))
    progress(1, 1, "registering")

    def save(folder: Path) -> None:
        made.propensity.save(folder)
        made.forecast.save(folder)
        if learnt_launches is not None:
            learnt_launches.model.save(folder)

    version = register(
        settings,
        tracking,
        made.propensity,
        made.tested,
        launches=None if learnt_launches is None else learnt_launches.tested,
        snapshots=made.snapshots,
        fallbacks=fallbacks,
        save=save,
        as_of=as_of,
    )
    LOG.info("propensity trained: version %d in %.1f seconds", version.number, perf_counter() - started)
    return TrainedPropensity(
        propensity=made.propensity,
        version=version,
        tested_at=made.tested_at,
        quality=None if made.tested is None else made.tested.quality,
        fallbacks=fallbacks,
    )


def _learnt(
    shop: PropensityShop,
    launches: TrainedLaunches | None,
    *,
    first: datetime,
    as_of: datetime,
    progress: Progress,
) -> _Made:
    """The pooled model. Raises TooLittleData."""
    plan = plan_propensity(shop.settings, as_of=as_of, first=first)
    require_members(shop, plan)
    steps = len(plan.moments) + 3
    targets = chosen_targets(shop, plan, seed=shop.settings.seed)
    learnt = learn_propensity(shop, plan, targets.learnt, progress=lambda done, what: progress(done, steps, what))
    progress(steps - 2, steps, f"testing on week {plan.test.week}")
    tested = tested_on(shop, plan.test, learnt.model, targets.evaluated)
    progress(steps - 1, steps, "learning how far forecasts miss")
    forecast = learn_forecast(
        shop, plan, learnt, sets=targets.learnt, evaluated=targets.evaluated, launches=launches, as_of=as_of
    )
    return _Made(
        propensity=learnt.model,
        forecast=forecast,
        tested=tested,
        tested_at=plan.test.at,
        snapshots=snapshots_of(plan),
        fallbacks=(),
    )


def _rule(
    shop: PropensityShop, launches: TrainedLaunches | None, *, why: str, first: datetime, as_of: datetime
) -> _Made:
    """The frequency rule, tested on the latest snapshot whose default horizon has ended, where there is one."""
    asked = shop.settings.propensity
    events = shop.recorded_events(as_of)
    rule = frequency_rule(why=why, horizons=asked.horizons, events=events)
    fallbacks = [Fallback(part="purchase propensity", why=why)]
    last = last_cutoff(shop.settings, as_of=as_of)
    tested, forecast = None, ForecastModel(laws={})
    if last.at > first:
        with contextlib.suppress(TooLittleData):
            tested, forecast = tested_rule(shop, rule, last, launches=launches, as_of=as_of)
    if not forecast.laws:
        weeks = asked.horizon_days // 7
        fallbacks.append(
            Fallback(part="forecasts", why=f"no target had {asked.min_buyers} buyers in the last {weeks} weeks")
        )
    return _Made(
        propensity=rule,
        forecast=forecast,
        tested=tested,
        tested_at=None if tested is None else last.at,
        snapshots={} if tested is None else {"tested_on": f"{last.at:%Y-%m-%d}"},
        fallbacks=tuple(fallbacks),
    )


def require_members(shop: PropensityShop, plan: PropensityPlan) -> None:
    """Raises TooLittleData where the latest snapshot that is learnt from has too few active members."""
    at = plan.learn[-1].at
    members = int(shop.snapshot(at)[0].is_active.sum())
    if members < LEAST_MEMBERS:
        raise TooLittleData(
            "propensity",
            f"{members} members were active on {at:%Y-%m-%d}, and {LEAST_MEMBERS} are needed to learn from",
        )


def chosen_targets(shop: PropensityShop, plan: PropensityPlan, *, seed: int) -> PropensityTargets:
    """The targets of a plan, by what was bought in the 28 days after an early snapshot. Raises TooLittleData."""
    at = plan.learn[min(CHOOSING_SNAPSHOT, len(plan.learn) - 1)].at
    moment, outcomes = shop.snapshot(at)
    known = sets_by_kind(shop.groupings, outcomes, moment.is_active)
    evaluated = evaluation_sets(known, seed=seed)
    learnt = learning_sets(known, count=shop.settings.propensity.targets, seed=seed, held_back=evaluated)
    if not learnt:
        raise TooLittleData("propensity", f"nobody bought a known product in the 28 days from {at:%Y-%m-%d}")
    return PropensityTargets(learnt=tuple(learnt), evaluated=tuple(evaluated))
