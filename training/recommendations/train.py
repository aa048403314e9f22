"""Trains recommendations: learn the ranker, report it on later weeks, fit the sources on everything, register."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt

from features.contracts.errors import Refused
from features.contracts.settings import Settings
from features.prepared import PURCHASES_FILE
from features.store.history import History
from training.affinity.blend import blend
from training.affinity.model import AffinityModel, fit_affinity
from training.affinity.moment import read_moment
from training.evaluation.methods import baselines, lists_of_scores, lists_of_source
from training.evaluation.outcome import K, Outcome, outcome_of
from training.evaluation.summary import summarise
from training.evaluation.truth import judge_of
from training.minimum import Fallback, fitted_to
from training.protocol import catalogue_at
from training.ranker.model import RankerModel
from training.ranker.rows import rows_of_stage, without_promotions
from training.ranker.stage import Stage, positions_of
from training.recommendations.learning import Learner
from training.recommendations.plan import first_purchase_at, plan_training
from training.recommendations.report import ORDER, RecommendationReport, register_affinity
from training.release.products import build_products, read_names
from training.tracking import ModelVersion, Tracking

LOG = logging.getLogger(__name__)

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A trained model, registered."""

    model: AffinityModel
    ranker: RankerModel | None
    """None in a shop too small for one: the blend orders there."""
    version: ModelVersion
    report: RecommendationReport


def train_recommendations(
    settings: Settings,
    history: History,
    tracking: Tracking,
    *,
    as_of: datetime,
    progress: Progress = lambda _done, _all, _what: None,
) -> TrainedModel:
    """The sources and the ranker of everything before `as_of`, with a report on later weeks, as a new version.

    Features must have been built at `as_of` and at the plan's moments. A shop too small for what the settings ask gets
    what it can bear, and the report says so. Raises NothingLoaded when features were not built, and Refused when no
    member bought anything lately.
    """
    started = perf_counter()
    purchases = history.build.folder / PURCHASES_FILE
    fitted = fitted_to(settings, purchases, as_of=as_of)
    settings = fitted.settings
    fallbacks: list[Fallback] = list(fitted.fallbacks)
    tables_folder = settings.paths.tables / history.build.tables_version
    plan = plan_training(settings, as_of=as_of, first=first_purchase_at(purchases))
    steps = len(plan.moments) + 3
    done = iter(range(steps))

    def step(what: str) -> None:
        progress(next(done), steps, what)

    learner = Learner(settings=settings, history=history, tables_folder=tables_folder, missing=list(plan.missing))
    learning = learner.learn(plan, step=step)
    ranker: RankerModel | None = None
    step("the ranker")
    if learning.suffices:
        ranker = learning.fit(promotions=settings.ranker.promotions)
    else:
        fallbacks.append(learning.too_little)
    del learning
    outcomes: list[Outcome] = []
    for cutoff in plan.tests:
        step(f"testing on week {cutoff.week}")
        stage = learner.stage(cutoff)
        if stage is not None:
            outcomes += _outcomes(stage, ranker)
            del stage
    step("the sources of everything")
    model = _final_model(settings, history, tables_folder, as_of=as_of)
    step("registering")
    if len(model.catalogue) <= K:
        learner.missing.append(f"{len(model.catalogue)} products to choose from: any list of {K} holds them all")
    report = RecommendationReport(
        rows=tuple(summarise(outcomes, seed=settings.seed)) if outcomes else (),
        not_evaluated=tuple(learner.missing),
        fallbacks=tuple(fallbacks),
    )
    version = register_affinity(settings, tracking, model, ranker, report)
    progress(steps, steps, "done")
    LOG.info("recommendations trained: version %d in %.1f seconds", version.number, perf_counter() - started)
    return TrainedModel(model=model, ranker=ranker, version=version, report=report)


def _outcomes(stage: Stage, ranker: RankerModel | None) -> list[Outcome]:
    judge = judge_of(stage)
    rows = rows_of_stage(stage)
    if ranker is not None:
        matrix = without_promotions(rows.matrix, ranker.promotions)
        scores = ranker.evaluator(compiled=True).predict(matrix)
    else:
        scores = _blended(stage)
    served = outcome_of(ORDER, "variant", lists_of_scores(rows, scores, judge), judge)
    simple = [
        outcome_of(name, "baseline", lists_of_source(source, stage, judge), judge)
        for name, source in baselines(stage).items()
    ]
    return [served, *simple]


def _blended(stage: Stage) -> npt.NDArray[np.float64]:
    parts: list[npt.NDArray[np.float32]] = []
    for _, union in stage.unions():
        rows, places = positions_of(union)
        parts.append(blend(union.values, stage.affinity.weights, stage.as_of_days).scores[rows, places])
    return np.concatenate(parts).astype(np.float64)


def _final_model(settings: Settings, history: History, tables_folder: Path, *, as_of: datetime) -> AffinityModel:
    catalogue = catalogue_at(history.build.folder / PURCHASES_FILE, at=as_of, settings=settings.affinity)
    if not len(catalogue):
        raise Refused(
            f"train: no product sold in the last {settings.affinity.sold_within_days} days before {as_of:%Y-%m-%d} "
            "was ever bought by a member; load order lines that say whose they are"
        )
    shelf = build_products(history, read_names(tables_folder), as_of=as_of)
    moment = read_moment(history, history.build.folder, shelf, catalogue, at=as_of, tables_folder=tables_folder)
    return fit_affinity(moment, settings, as_of=as_of)
