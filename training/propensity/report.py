"""Reports a propensity model on the snapshot after everything it has seen, and registers it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts.errors import TooLittleData
from features.contracts.settings import Settings
from training.cutoffs import Cutoff
from training.launches.tested import LaunchesTested
from training.minimum import Fallback
from training.promotion import PRIMARY, PRIMARY_ERROR
from training.propensity.charts import auc_chart, reliability_chart
from training.propensity.evaluation import MEASURES, MODEL, PropensityQuality, TargetQuality, judged_simply
from training.propensity.frequency_rule import Propensity
from training.propensity.learning_rows import PropensityShop, labelled_sets
from training.propensity.model import PropensityModel
from training.propensity.plan import PropensityPlan
from training.propensity.product_sets import ProductSet
from training.propensity.set_features import FEATURE_NAMES
from training.reliability import reliability_bins
from training.tenths import Tenth, ranked_buyers, tenths_of
from training.tracking import (
    RELIABILITY,
    TENTHS,
    ModelVersion,
    TrackedRun,
    Tracking,
    fallback_tags,
    save_lightgbm,
)


@dataclass(frozen=True, kw_only=True)
class TestedPropensity:
    """Quality target by target, and every row behind it; arrays are (rows,)."""

    quality: PropensityQuality
    bought: npt.NDArray[np.bool_]
    probabilities: npt.NDArray[np.float64]
    tenths: tuple[Tenth, ...]


def tested_on(shop: PropensityShop, cutoff: Cutoff, model: Propensity, sets: Sequence[ProductSet]) -> TestedPropensity:
    """The model or rule beside simple baselines over the sets with enough buyers. Raises TooLittleData without one."""
    asked = shop.settings.propensity
    moment, _ = shop.snapshot(cutoff.at)
    rows: list[TargetQuality] = []
    truths, told, rankings = [], [], []
    for each, matrix, bought in labelled_sets(shop, cutoff.at, sets, horizon_days=asked.horizon_days):
        probabilities = model.probabilities(matrix, horizon_days=asked.horizon_days, threads=shop.settings.threads)
        buyers = int(bought[moment.is_active].sum())
        if asked.min_buyers <= buyers < moment.is_active.sum():
            rows += judged_simply(each, matrix, probabilities, bought, moment)
            active = moment.is_active
            truths.append(bought[active])
            told.append(probabilities[active])
            rankings.append(ranked_buyers(bought[active], probabilities[active], moment.member_ids[active]))
    if not rows:
        raise TooLittleData(
            "propensity",
            f"after week {cutoff.week} no target has {asked.min_buyers} buyers among the active members to test on",
        )
    return TestedPropensity(
        quality=PropensityQuality(rows=tuple(rows)),
        bought=np.concatenate(truths),
        probabilities=np.concatenate(told),
        tenths=tenths_of(rankings),
    )


def register(
    settings: Settings,
    tracking: Tracking,
    propensity: Propensity,
    tested: TestedPropensity | None,
    *,
    launches: LaunchesTested | None = None,
    snapshots: Mapping[str, str],
    fallbacks: Sequence[Fallback],
    save: Callable[[Path], None],
    as_of: datetime,
) -> ModelVersion:
    """A registered version of the files that `save` writes into a folder, with its figures.

    `snapshots` says what was learnt from, calibrated and tested on.
    """
    params = {**settings.propensity.model_dump(mode="json"), "threads": settings.threads, **snapshots}
    tags = fallback_tags(fallbacks)
    with tracking.run(
        model="purchase_propensity", as_of=as_of, features=FEATURE_NAMES, params=params, tags=tags
    ) as run:
        if tested is not None:
            _log_quality(run, tested)
        if launches is not None:
            _log_launches(run, launches)
        with tempfile.TemporaryDirectory() as parent:
            folder = Path(parent) / "model"
            if isinstance(propensity, PropensityModel):
                run.metrics({"trees": propensity.booster.num_trees()})
                save_lightgbm(propensity.booster, folder)
            save(folder)
            run.model(folder)
    return tracking.register(run)


def snapshots_of(plan: PropensityPlan) -> dict[str, str]:
    """What a plan learns from, calibrates and tests on, as days."""
    return {
        "learnt_from": ", ".join(f"{cutoff.at:%Y-%m-%d}" for cutoff in plan.learn),
        "calibrated_on": f"{plan.validate.at:%Y-%m-%d}",
        "tested_on": f"{plan.test.at:%Y-%m-%d}",
    }


def _log_quality(run: TrackedRun, tested: TestedPropensity) -> None:
    quality = tested.quality
    means = quality.means()
    run.metrics(_metrics(means))
    run.table("quality", means)
    run.table("quality_by_target", quality.frame())
    run.table(RELIABILITY, reliability_bins(tested.bought, tested.probabilities))
    run.table(TENTHS, tested.tenths)
    run.figure("auc", auc_chart(means))
    run.figure("reliability", reliability_chart(tested.bought, tested.probabilities))


def _log_launches(run: TrackedRun, tested: LaunchesTested) -> None:
    run.table("launches", tested.means)
    run.table(f"launches_{RELIABILITY}", tested.reliability)
    run.table(f"launches_{TENTHS}", tested.tenths)


def _metrics(means: pd.DataFrame) -> dict[str, float]:
    found: dict[str, float] = {}
    for row in means.to_dict("records"):
        name = str(row["method"]).replace("-", "_")
        found |= {f"{name}_{measure}": row[measure] for measure in MEASURES if not np.isnan(row[measure])}
        if row["method"] == MODEL:
            found |= {PRIMARY: row["auc"], PRIMARY_ERROR: row["auc_error"]}
    return found
