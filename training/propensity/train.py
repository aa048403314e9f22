"""Trains purchase propensity: learn, calibrate, report on a later snapshot, log and register."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from features.contracts.errors import Refused
from features.contracts.settings import Settings
from features.prepared import VISITS_FILE
from features.store.history import History
from training.cutoffs import Cutoff, plan_cutoffs
from training.promotion import PRIMARY, PRIMARY_ERROR
from training.propensity.charts import auc_chart, reliability_chart
from training.propensity.evaluation import MEASURES, MODEL, PropensityQuality, evaluate_propensity
from training.propensity.model import ENCODING, SERVICE, PropensityModel, fit_propensity, matrix
from training.propensity.rows import LABEL, PairSource
from training.recommendations.plan import first_purchase_at
from training.tracking import ModelVersion, Tracking, save_lightgbm

LOG = logging.getLogger(__name__)

Progress = Callable[[int, int, str], None]
STEPS = 5


@dataclass(frozen=True, kw_only=True)
class PropensityPlan:
    """The snapshots that are learnt from, calibrated on and reported."""

    learn: tuple[Cutoff, ...]
    validate: Cutoff
    test: Cutoff


@dataclass(frozen=True, kw_only=True)
class TrainedPropensity:
    """A trained propensity model, registered."""

    model: PropensityModel
    version: ModelVersion
    plan: PropensityPlan
    quality: PropensityQuality


def plan_propensity(settings: Settings, *, as_of: datetime, first: datetime) -> PropensityPlan:
    """The plan as of a moment; `first` is the first purchase. Raises Refused when the data is too short."""
    asked = settings.propensity
    cutoffs = plan_cutoffs(
        [*asked.train_weeks, asked.validate_week, asked.test_week],
        anchor=settings.week_anchor,
        horizon=timedelta(days=asked.horizon_days),
        as_of=as_of,
        first=first,
    )
    if len(cutoffs) < 3:
        raise Refused(
            f"propensity: from {first:%Y-%m-%d} to {as_of:%Y-%m-%d} there are {len(cutoffs)} of the snapshots that "
            "propensity.train_weeks, validate_week and test_week ask for, and three are needed; load more history"
        )
    *learn, validate, test = cutoffs
    return PropensityPlan(learn=tuple(learn), validate=validate, test=test)


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
    source = PairSource(build=history.build, settings=settings.propensity)
    progress(0, STEPS, "reading snapshots to learn from")
    learn = _labelled(history, source, _learning_rows(source, plan, settings))
    progress(1, STEPS, f"reading week {plan.validate.week} to calibrate on")
    validate = _labelled(history, source, source.pairs_at(plan.validate.at))
    for what, rows in (("learnt from", learn), ("calibrated on", validate)):
        if not rows[LABEL].any() or rows[LABEL].all():
            raise Refused(f"propensity: the snapshots {what} hold no buyers to tell from others; load more history")
    progress(2, STEPS, "learning")
    model = fit_propensity(
        (matrix(learn), learn[LABEL].to_numpy()),
        (matrix(validate), validate[LABEL].to_numpy()),
        settings=settings.propensity,
        seed=settings.seed,
        threads=settings.threads,
    )
    progress(3, STEPS, f"testing on week {plan.test.week}")
    test = _labelled(history, source, source.pairs_at(plan.test.at))
    if test.empty:
        raise Refused(f"propensity: week {plan.test.week} holds no active member to test on; load more history")
    probabilities = model.probabilities(test)
    quality = evaluate_propensity(test, probabilities, min_buyers=settings.propensity.min_buyers)
    progress(4, STEPS, "registering")
    version = _register(settings, tracking, model, plan, quality, (test[LABEL].to_numpy(), probabilities), as_of=as_of)
    progress(STEPS, STEPS, "done")
    LOG.info("propensity trained: version %d in %.1f seconds", version.number, perf_counter() - started)
    return TrainedPropensity(model=model, version=version, plan=plan, quality=quality)


def _learning_rows(source: PairSource, plan: PropensityPlan, settings: Settings) -> pd.DataFrame:
    # Labels that are learnt from end before the validation snapshot begins.
    latest = plan.validate.at - timedelta(days=settings.propensity.horizon_days)
    sampled = [source.sampled_late(cutoff.at, latest=latest, seed=settings.seed) for cutoff in plan.learn]
    return pd.concat(sampled, ignore_index=True)


def _labelled(history: History, source: PairSource, rows: pd.DataFrame) -> pd.DataFrame:
    return history.features_at(SERVICE, source.with_labels(rows))


def _register(
    settings: Settings,
    tracking: Tracking,
    model: PropensityModel,
    plan: PropensityPlan,
    quality: PropensityQuality,
    tested: tuple[np.ndarray, np.ndarray],
    *,
    as_of: datetime,
) -> ModelVersion:
    params = {
        **settings.propensity.model_dump(mode="json"),
        "threads": settings.threads,
        "learnt_from": ", ".join(f"{cutoff.at:%Y-%m-%d}" for cutoff in plan.learn),
        "calibrated_on": f"{plan.validate.at:%Y-%m-%d}",
        "tested_on": f"{plan.test.at:%Y-%m-%d}",
    }
    means = quality.means()
    with tracking.run(model="purchase_propensity", as_of=as_of, features=ENCODING.model_names, params=params) as run:
        run.metrics({"trees": model.booster.num_trees(), **_metrics(means)})
        run.table("quality", means)
        run.table("quality_by_category", quality.rows)
        run.figure("auc", auc_chart(means))
        run.figure("reliability", reliability_chart(*tested))
        with tempfile.TemporaryDirectory() as parent:
            folder = Path(parent) / "model"
            save_lightgbm(model.booster, folder)
            model.save(folder)
            run.model(folder)
    return tracking.register(run)


def _metrics(means: pd.DataFrame) -> dict[str, float]:
    found: dict[str, float] = {}
    for row in means.to_dict("records"):
        name = str(row["method"]).replace("-", "_")
        found |= {f"{name}_{measure}": row[measure] for measure in MEASURES if not np.isnan(row[measure])}
        if row["method"] == MODEL:
            found |= {PRIMARY: row["auc"], PRIMARY_ERROR: row["auc_standard_error"]}
    return found
