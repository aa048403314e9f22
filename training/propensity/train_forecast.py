"""Learns how far forecasts miss: what the model and earlier ones said of past snapshots, beside what happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from training.launches.audiences import launch_audiences
from training.launches.train import TrainedLaunches
from training.propensity.backtest import BacktestedSnapshot, fit_forecast_of
from training.propensity.forecast import ForecastModel
from training.propensity.learn import LearntPropensity
from training.propensity.learning_rows import PropensityShop
from training.propensity.plan import PropensityPlan
from training.propensity.product_sets import ProductSet
from training.propensity.rolling import rolling_models

TARGETS = 30
"""Sets whose forecasts are compared with what happened: each brings audiences of five sizes at every horizon."""
CALIBRATION_SETS = 15


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
