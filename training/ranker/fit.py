"""Fits the ranker: LightGBM on the order of each member's candidates, and on each of them alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import lightgbm
import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from features.contracts.settings import Settings
from training.ranker.evaluator import open_evaluator
from training.ranker.features import RANKER_FEATURES
from training.ranker.model import Part, RankerModel, promotions_of
from training.ranker.rows import RankerRows, without_promotions

Objective = Literal["lambdarank", "binary"]
OBJECTIVES: tuple[Objective, ...] = ("lambdarank", "binary")
"""The order of a member's candidates, and each purchase by itself: together they rank better than either, above all
among products never bought (docs/decisions/0017)."""

MAX_BINS = 127
CALIBRATION_ROWS = 200_000
LEAST_SPREAD = 1e-9


def fit_ranker(
    rows: RankerRows,
    calibration: RankerRows,
    settings: Settings,
    *,
    as_of: datetime,
    promotions: Sequence[str],
    objectives: Sequence[Objective] = OBJECTIVES,
) -> RankerModel:
    """A ranker of sampled rows, one model for each objective, their scores weighed alike.

    `calibration` are rows of a later cut-off, on which weights and probabilities are fitted. The same rows and seed
    give the same model, whatever the threads.
    """
    late = _drawn(calibration, most=CALIBRATION_ROWS, seed=settings.seed)
    matrix = without_promotions(late.matrix, promotions)
    parts: list[Part] = []
    total = np.zeros(len(late))
    for objective in objectives:
        text = _booster(rows, settings, promotions=promotions, objective=objective).model_to_string()
        scores = open_evaluator(text, compiled=settings.ranker.compiled).predict(matrix)
        spread = float(scores.std())
        # A model that says the same of all has a spread that is rounding alone.
        weight = 1.0 / spread if spread > LEAST_SPREAD else 1.0
        parts.append(Part(objective=objective, booster_text=text, weight=weight))
        total += weight * scores
    slope, intercept = _curve(total, late.bought)
    return RankerModel(
        parts=tuple(parts), slope=slope, intercept=intercept, promotions=promotions_of(promotions), as_of=as_of
    )


def _booster(
    rows: RankerRows, settings: Settings, *, promotions: Sequence[str], objective: Objective
) -> lightgbm.Booster:
    ranker = settings.ranker
    data = lightgbm.Dataset(
        without_promotions(rows.matrix, promotions),
        label=rows.bought.astype(np.float32),
        group=rows.group_sizes if objective == "lambdarank" else None,
        feature_name=list(RANKER_FEATURES),
    )
    parameters = {
        "objective": objective,
        "lambdarank_truncation_level": ranker.truncation,
        "learning_rate": ranker.learning_rate,
        "num_leaves": ranker.leaves,
        "min_data_in_leaf": ranker.min_rows_in_leaf,
        "feature_fraction": ranker.feature_share,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "max_bin": MAX_BINS,
        "num_threads": settings.threads,
        "seed": settings.seed,
        "deterministic": True,
        "force_row_wise": True,
        "verbose": -1,
    }
    return lightgbm.train(parameters, data, num_boost_round=ranker.rounds)


def _drawn(rows: RankerRows, *, most: int, seed: int) -> RankerRows:
    if len(rows) <= most:
        return rows
    mask = np.zeros(len(rows), dtype=np.bool_)
    mask[np.random.default_rng(seed).choice(len(rows), most, replace=False)] = True
    return rows.kept(mask)


def _curve(scores: npt.NDArray[np.float64], bought: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and intercept of the logistic curve from scores to the share that was bought.

    Source: Platt 1999, "Probabilistic Outputs for Support Vector Machines".
    """
    if not bought.any() or bought.all():
        return 1.0, 0.0
    curve = LogisticRegression(C=np.inf).fit(scores[:, None], bought)
    # A slope of zero or below would turn the order round: then the scores are kept as they are.
    slope = float(curve.coef_[0, 0])
    return (slope, float(curve.intercept_[0])) if slope > 0 else (1.0, 0.0)
