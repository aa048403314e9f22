"""What a pooled model is measured against: rules and models of one target each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import lightgbm
import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from training.evaluation.bg_nbd import fit_bg_nbd
from training.propensity.calibration import fit_calibration
from training.propensity.evaluation import simple_scores
from training.propensity.set_features import FEATURE_NAMES, Matrix

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]

KEPT = tuple(
    i
    for i, name in enumerate(FEATURE_NAMES)
    if name.startswith(("set__", "category__", "taste__", "member_")) and not name.startswith("set__pen")
)
"""Columns kept for models of one target: of the set, its category, taste and the member."""
WITHOUT_TASTE = tuple(place for place, i in enumerate(KEPT) if not FEATURE_NAMES[i].startswith("taste__"))
"""Places in KEPT of what a model of one target reads by itself: taste comes with the pooled model."""
WITH_TASTE = "LightGBM per target, with taste"
MOST_ROUNDS = 200


@dataclass(frozen=True, kw_only=True)
class TargetRows:
    """One target: the active members of several snapshots to learn from, of one to calibrate on and of one to test."""

    learn: Matrix
    """float32 (rows, len(KEPT))."""
    learn_bought: Truths
    validate: Matrix
    """float32 (rows, features)."""
    validate_bought: Truths
    test: Matrix
    """float32 (members, features)."""


def baseline_probabilities(rows: TargetRows, *, horizon_days: int, seed: int, threads: int) -> Mapping[str, Floats]:
    """Probabilities (members,) of the test's members by method; rules are calibrated on the snapshot before."""
    rules = {
        name: fit_calibration(before, rows.validate_bought).apply(scores)
        for (name, scores), before in zip(
            simple_scores(rows.test).items(), simple_scores(rows.validate).values(), strict=True
        )
    }
    return {
        **rules,
        "BG/NBD per target": _bg_nbd(rows, horizon_days=horizon_days),
        "RFM logistic per target": _logistic(rows),
        "LightGBM per target": _lightgbm(rows, WITHOUT_TASTE, seed=seed, threads=threads),
        WITH_TASTE: _lightgbm(rows, range(len(KEPT)), seed=seed, threads=threads),
    }


def _bg_nbd(rows: TargetRows, *, horizon_days: int) -> Floats:
    """Of buyers by BG/NBD in weeks; of the others the share that began to buy after the snapshot before."""
    before = ~(_column(rows.validate, "set__orders_365d") > 0)
    first_buyers = rows.validate_bought[before]
    probabilities = np.full(len(rows.test), (first_buyers.sum() + 0.5) / (len(first_buyers) + 1.0))
    weeks = _column(rows.test, "set__weeks_52")
    bought = weeks > 0
    if bought.sum() < 2:
        return probabilities
    repeats = weeks[bought] - 1.0
    last = np.nan_to_num(_column(rows.test, "set__gap_days")[bought]) * repeats / 7.0
    age = last + _column(rows.test, "set__days_since")[bought] / 7.0
    model = fit_bg_nbd(repeats, last, age)
    probabilities[bought] = model.probability(repeats, last, age, within=horizon_days / 7.0)
    return probabilities


def _logistic(rows: TargetRows) -> Floats:
    names = [FEATURE_NAMES[i] for i in KEPT]
    if rows.learn_bought.all() or not rows.learn_bought.any():
        return np.full(len(rows.test), float(rows.learn_bought.mean()))
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(_rfm(rows.learn, names), rows.learn_bought)
    return np.asarray(model.predict_proba(_rfm(rows.test, list(FEATURE_NAMES)))[:, 1], dtype=np.float64)


def _rfm(matrix: Matrix, names: list[str]) -> Floats:
    """Recency, frequency and spend in the set and in its category, and of the member; logarithms of all."""
    columns = []
    for level in ("set", "category"):
        since, *counted = (
            matrix[:, names.index(f"{level}__{name}")].astype(np.float64)
            for name in ("days_since", "orders_28d", "orders_91d", "orders_365d", "spend_365d")
        )
        columns += [np.log1p(np.nan_to_num(since, nan=400.0)), np.isnan(since).astype(np.float64)]
        columns += [np.log1p(np.maximum(each, 0.0)) for each in counted]
    for name in ("days_since_order", "orders_28d", "orders_91d", "spend_91d"):
        own = matrix[:, names.index(f"member_value__{name}")].astype(np.float64)
        columns.append(np.log1p(np.maximum(np.nan_to_num(own), 0.0)))
    return np.stack(columns, axis=1)


def _lightgbm(rows: TargetRows, places: Sequence[int], *, seed: int, threads: int) -> Floats:
    if rows.learn_bought.all() or not rows.learn_bought.any():
        return np.full(len(rows.test), float(rows.learn_bought.mean()))
    kept = [KEPT[place] for place in places]
    learn = lightgbm.Dataset(rows.learn[:, list(places)], rows.learn_bought.astype(np.int8))
    watched = lightgbm.Dataset(rows.validate[:, kept], rows.validate_bought.astype(np.int8), reference=learn)
    booster = lightgbm.train(
        {
            "objective": "binary",
            "learning_rate": 0.05,
            "num_leaves": 7,
            "min_data_in_leaf": 100,
            "feature_fraction": 0.5,
            "lambda_l2": 5.0,
            "seed": seed,
            "num_threads": threads,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        },
        learn,
        MOST_ROUNDS,
        valid_sets=[watched],
        callbacks=[lightgbm.early_stopping(20, verbose=False)],
    )
    return np.asarray(booster.predict(rows.test[:, kept], num_threads=threads), dtype=np.float64)


def _column(matrix: Matrix, name: str) -> Floats:
    return matrix[:, FEATURE_NAMES.index(name)].astype(np.float64)
