"""Learns how far forecasts miss: what the model and earlier ones said of past snapshots, beside what happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from training.cutoffs import Cutoff
from training.launches.audiences import launch_audiences
from training.launches.train import TrainedLaunches
from training.propensity.backtest import BacktestedSnapshot, fit_forecast_of
from training.propensity.forecast import ForecastModel
from training.propensity.frequency_rule import FrequencyRule
from training.propensity.learn import LearntPropensity
from training.propensity.learning_rows import PropensityShop
from training.propensity.plan import PropensityPlan
from training.propensity.product_sets import ProductSet, sets_by_kind
from training.propensity.report import TestedPropensity, tested_on
from training.propensity.rolling import rolling_models

TARGETS = 30
"""Sets whose forecasts are compared with what happened: each brings audiences of five sizes at every horizon."""
CALIBRATION_SETS = 15
RULE_TARGETS = 90
"""Sets that the frequency rule is measured on: in a small shop few others have buyers enough."""


def learn_forecast(
    shop: PropensityShop,
    plan: PropensityPlan,
    learnt: LearntPropensity,
    *,
    sets: Sequence[ProductSet],
    evaluated: Sequence[ProductSet],
    launches: TrainedLaunches | None,
    as_of: datetime,
) -> ForecastModel:
    """The errors of the model on its test snapshot, of refits on two snapshots before it, and of past launches.

    The models learnt from `sets`, and none of them from those `evaluated`, of which the errors are told. None has seen
    anything of the snapshots that it is compared on.
    """
    events = learnt.model.events
    models = rolling_models(shop, sets, events, calibration_sets=CALIBRATION_SETS)

    def snapshots() -> Iterator[BacktestedSnapshot]:
        yield from models.snapshots(plan.learn, [plan.learn[-1], plan.validate], rows=learnt.learn)
        moment, outcomes = shop.snapshot(plan.test.at)
        yield BacktestedSnapshot(moment=moment, outcomes=outcomes, model=learnt.model)

    return fit_forecast_of(
        snapshots(),
        shop.log,
        evaluated[:: max(1, len(evaluated) // TARGETS)],
        events=events,
        horizons=shop.settings.propensity.horizons,
        until=as_of,
        launches=() if launches is None else launch_audiences(launches.predicted),
    )


def tested_rule(
    shop: PropensityShop, rule: FrequencyRule, cutoff: Cutoff, *, launches: TrainedLaunches | None, as_of: datetime
) -> tuple[TestedPropensity, ForecastModel]:
    """The rule's quality and errors on one snapshot, of targets bought in the window. Raises TooLittleData.

    The rule has learnt nothing, so what is measured on may be chosen by what happened.
    """
    moment, outcomes = shop.snapshot(cutoff.at)
    known = sets_by_kind(shop.groupings, outcomes, moment.is_active)
    bought_most = sorted((each for sets in known.values() for each in sets), key=lambda each: -each.penetration)
    targets = bought_most[:RULE_TARGETS]
    tested = tested_on(shop, cutoff, rule, targets)
    forecast = fit_forecast_of(
        [BacktestedSnapshot(moment=moment, outcomes=outcomes, model=rule)],
        shop.log,
        targets[:: max(1, len(targets) // TARGETS)],
        events=rule.events,
        horizons=shop.settings.propensity.horizons,
        until=as_of,
        launches=() if launches is None else launch_audiences(launches.predicted),
    )
    return tested, forecast
