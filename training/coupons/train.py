"""Trains the coupon model: choose on earlier campaigns, report on later ones, learn from all, log and register."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from math import isnan
from pathlib import Path
from time import perf_counter

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from features.contracts.settings import Settings
from features.store.history import History
from training.coupons.evaluation import MODEL, CouponEvaluation, CouponQuality, choose_recipes, evaluate_coupons
from training.coupons.model import CouponModel, Recipes, fit_coupon_model
from training.coupons.plan import CouponPlan, plan_coupons
from training.coupons.report import quality_frame
from training.coupons.rows import CHOICE_FEATURES, REDEMPTION_FEATURES, CouponRows, coupon_rows
from training.coupons.tables import CouponTables, open_coupon_tables
from training.promotion import PRIMARY, PRIMARY_ERROR
from training.tracking import RELIABILITY, TENTHS, ModelVersion, Tracking

LOG = logging.getLogger(__name__)

Progress = Callable[[int, int, str], None]
STEPS = 4


@dataclass(frozen=True, kw_only=True)
class CouponReport:
    """What was chosen on earlier campaigns, and its quality on later ones."""

    plan: CouponPlan
    recipes: Recipes
    evaluation: CouponEvaluation

    @property
    def quality(self) -> tuple[CouponQuality, ...]:
        """The table."""
        return self.evaluation.quality


@dataclass(frozen=True, kw_only=True)
class TrainedCoupons:
    """A trained coupon model, registered."""

    model: CouponModel
    version: ModelVersion
    report: CouponReport


@dataclass(frozen=True, kw_only=True)
class NotTrained:
    """Why this shop has no coupon model."""

    sentence: str


def report_on_coupons(
    settings: Settings,
    history: History,
    *,
    as_of: datetime,
    progress: Progress = lambda _done, _all, _what: None,
) -> CouponReport | NotTrained:
    """The quality of the coupon model as of a moment; NotTrained where there are too few campaigns or redemptions."""
    with open_coupon_tables(settings, history.build) as tables:
        return _report(settings, history, tables, as_of=as_of, progress=progress)


def train_coupons(
    settings: Settings,
    history: History,
    tracking: Tracking,
    *,
    as_of: datetime,
    progress: Progress = lambda _done, _all, _what: None,
) -> TrainedCoupons | NotTrained:
    """The model of every campaign so far, with a report on the latest ones, registered as a new version.

    NotTrained for a shop without coupons, or with too few redemptions to tell who redeems.
    """
    started = perf_counter()
    with open_coupon_tables(settings, history.build) as tables:
        report = _report(settings, history, tables, as_of=as_of, progress=progress)
        if isinstance(report, NotTrained):
            return report
        progress(3, STEPS, "the model of every campaign")
        rows = coupon_rows(history, tables, report.plan.every, seen_until=as_of)
    with _one_thread():
        model = fit_coupon_model(rows, report.recipes, settings=settings.coupons, seed=settings.seed)
    version = _register(settings, tracking, model, report, rows, as_of=as_of)
    progress(STEPS, STEPS, "done")
    LOG.info("coupons trained: version %d in %.1f seconds", version.number, perf_counter() - started)
    return TrainedCoupons(model=model, version=version, report=report)


def _report(
    settings: Settings, history: History, tables: CouponTables, *, as_of: datetime, progress: Progress
) -> CouponReport | NotTrained:
    plan = plan_coupons(tables, settings.coupons, as_of=as_of)
    if plan is None:
        return NotTrained(sentence="coupons: fewer than three campaigns with coupons have run; no coupon model")
    progress(0, STEPS, "reading campaigns")
    before = coupon_rows(history, tables, plan.before_test, seen_until=as_of)
    test = coupon_rows(history, tables, plan.test, seen_until=as_of)
    if not before.can_be_learnt:
        return NotTrained(sentence="coupons: too few redemptions to tell who redeems; no coupon model")
    with _one_thread():
        progress(1, STEPS, "choosing on earlier campaigns")
        recipes = choose_recipes(
            before.of_campaigns(plan.learn),
            before.of_campaigns(plan.validate),
            settings=settings.coupons,
            seed=settings.seed,
        )
        progress(2, STEPS, "testing on later campaigns")
        evaluation = evaluate_coupons(before, test, recipes, settings=settings.coupons, seed=settings.seed)
    return CouponReport(plan=plan, recipes=recipes, evaluation=evaluation)


def _register(
    settings: Settings,
    tracking: Tracking,
    model: CouponModel,
    report: CouponReport,
    rows: CouponRows,
    *,
    as_of: datetime,
) -> ModelVersion:
    params = {
        **settings.coupons.model_dump(mode="json"),
        "redemption_model": report.recipes.redemption.label,
        "choice_model": report.recipes.choice.label,
        "chosen_on": ", ".join(report.plan.validate),
        "tested_on": ", ".join(report.plan.test),
        "learnt_from": ", ".join(report.plan.every),
    }
    features = [f"redemption: {name}" for name in REDEMPTION_FEATURES] + [f"choice: {name}" for name in CHOICE_FEATURES]
    with tracking.run(model="coupon_redemption", as_of=as_of, features=features, params=params) as run:
        run.metrics({"redemptions": int(rows.redeemed.sum()), **_metrics(report.quality)})
        run.table("quality", quality_frame(report.quality))
        run.table(RELIABILITY, report.evaluation.reliability)
        run.table(TENTHS, report.evaluation.tenths)
        with tempfile.TemporaryDirectory() as parent:
            folder = Path(parent) / "model"
            model.save(folder)
            run.model(folder)
    return tracking.register(run)


def _metrics(quality: tuple[CouponQuality, ...]) -> dict[str, float]:
    ours = {row.task: row for row in quality if row.method == MODEL}
    redemption, choice = ours["redemption"], ours["choice"]
    found = {
        "auc": redemption.auc,
        "lift10": redemption.lift10,
        "ece": redemption.ece,
        "hit1": choice.hit1,
        "recall10": choice.recall10,
        PRIMARY: redemption.auc,
        PRIMARY_ERROR: redemption.auc_error,
    }
    return {name: value for name, value in found.items() if not isnan(value)}


def _one_thread() -> threadpool_limits:
    # Rows are few: threads of the linear algebra would wait for each other, worst on busy cores.
    return threadpool_limits(limits=1)
