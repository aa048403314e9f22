"""Learns the pooled model of a plan, its labels ending before the next snapshot that is looked at begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from features.contracts.errors import TooLittleData
from training.cutoffs import Cutoff
from training.propensity.learning_rows import PropensityShop, SnapshotRows, calibration_rows, learning_rows
from training.propensity.model import PropensityModel, fit_propensity
from training.propensity.plan import PropensityPlan
from training.propensity.product_sets import ProductSet


@dataclass(frozen=True, kw_only=True)
class LearntPropensity:
    """A model and what it was made of."""

    model: PropensityModel
    learn: tuple[SnapshotRows, ...]
    calibrate: tuple[SnapshotRows, ...]


def learn_propensity(
    shop: PropensityShop,
    plan: PropensityPlan,
    sets: Sequence[ProductSet],
    *,
    progress: Callable[[int, str], None] = lambda _done, _what: None,
    also: Callable[[Cutoff], None] = lambda _cutoff: None,
) -> LearntPropensity:
    """The model of a plan: labels that are learnt from end before the calibration, and those of it before the test.

    Raises TooLittleData when a snapshot that is learnt from or calibrated on holds no buyers to tell from others.
    """
    events = shop.recorded_events(plan.learn[len(plan.learn) // 2].at)
    learn = []
    for done, cutoff in enumerate(plan.learn):
        progress(done, f"reading week {cutoff.week} to learn from")
        learn.append(learning_rows(shop, cutoff, sets, events, until=plan.validate.at))
        also(cutoff)
    progress(len(plan.learn), f"reading week {plan.validate.week} to calibrate on")
    calibrate = [calibration_rows(shop, plan.validate, sets, events, until=plan.test.at)]
    for what, rows in (("learnt from", learn), ("calibrated on", calibrate)):
        happened = np.concatenate([each.happened for each in rows])
        if not happened.any() or happened.all():
            raise TooLittleData("propensity", f"the snapshots {what} hold no buyers to tell from others")
    progress(len(plan.learn) + 1, "learning")
    model = fit_propensity(
        learn,
        calibrate,
        settings=shop.settings.propensity,
        seed=shop.settings.seed,
        threads=shop.settings.threads,
        events=events,
    )
    return LearntPropensity(model=model, learn=tuple(learn), calibrate=tuple(calibrate))
