"""Trains purchase propensity: learn, calibrate, report on a later snapshot, log and register."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter

from features.contracts.errors import Refused
from features.contracts.settings import Settings
from features.prepared import VISITS_FILE
from features.store.history import History
from training.launches.train import fit_launches
from training.propensity.evaluation import PropensityQuality
from training.propensity.learn import learn_propensity
from training.propensity.learning_rows import (
    PropensityShop,
    open_propensity_shop,
)
from training.propensity.model import PropensityModel
from training.propensity.plan import PropensityPlan, plan_propensity
from training.propensity.product_sets import ProductSet, evaluation_sets, learning_sets, sets_by_kind
from training.propensity.report import register, tested_on
from training.propensity.train_forecast import learn_forecast
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
    """A trained propensity model, registered."""

    model: PropensityModel
    version: ModelVersion
    plan: PropensityPlan
    quality: PropensityQuality


def train_propensity(
    settings: Settings,
    history: History,
    tracking: Tracking,
    *,
    as_of: datetime,
    progress: Progress = lambda _done, _all, _what: None,
) -> TrainedPropensity:
    """The model learnt on earlier snapshots, calibrated on the next and reported on the last before `as_of`.

    Raises Refused when the data is too short, or nobody bought in a window that is learnt from.
    """
    started = perf_counter()
    plan = plan_propensity(settings, as_of=as_of, first=first_purchase_at(history.build.folder / VISITS_FILE))
    shop = open_propensity_shop(settings, history)
    steps = len(plan.moments) + 5
    targets = chosen_targets(shop, plan, seed=settings.seed)
    learnt = learn_propensity(shop, plan, targets.learnt, progress=lambda done, what: progress(done, steps, what))
    progress(steps - 4, steps, f"testing on week {plan.test.week}")
    tested = tested_on(shop, plan.test, learnt.model, targets.evaluated)
    progress(steps - 3, steps, "learning launches")
    launches = fit_launches(settings, history.build, as_of=as_of)
    progress(steps - 2, steps, "learning how far forecasts miss")
    forecast = learn_forecast(
        shop, plan, learnt, sets=targets.learnt, evaluated=targets.evaluated, launches=launches, as_of=as_of
    )
    progress(steps - 1, steps, "registering")

    def save(folder: Path) -> None:
        learnt.model.save(folder)
        forecast.save(folder)
        if launches is not None:
            launches.model.save(folder)

    version = register(settings, tracking, learnt.model, plan, tested, save=save, as_of=as_of)
    progress(steps, steps, "done")
    LOG.info("propensity trained: version %d in %.1f seconds", version.number, perf_counter() - started)
    return TrainedPropensity(model=learnt.model, version=version, plan=plan, quality=tested.quality)


def chosen_targets(shop: PropensityShop, plan: PropensityPlan, *, seed: int) -> PropensityTargets:
    """The targets of a plan, by what was bought in the 28 days after an early snapshot. Raises Refused."""
    at = plan.learn[min(CHOOSING_SNAPSHOT, len(plan.learn) - 1)].at
    moment, outcomes = shop.snapshot(at)
    known = sets_by_kind(shop.groupings, outcomes, moment.is_active)
    evaluated = evaluation_sets(known, seed=seed)
    learnt = learning_sets(known, count=shop.settings.propensity.targets, seed=seed, held_back=evaluated)
    if not learnt:
        raise Refused(f"propensity: nobody bought anything in the 28 days from {at:%Y-%m-%d}; load more history")
    return PropensityTargets(learnt=tuple(learnt), evaluated=tuple(evaluated))
