"""A scorer of rows, logistic or LightGBM, with the line that makes its scores probabilities; no pickle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import lightgbm
import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from features.contracts.atomic import read_json, write_json
from features.contracts.errors import ReleaseDamaged
from features.contracts.settings import CouponSettings

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]
Kind = Literal["logistic", "lightgbm"]

NEVER_DAYS = 400.0
"""Age of what never happened, in the logistic model."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a scorer is fitted."""

    kind: Kind
    regularization: float = 0.0
    """Strength (C) of the logistic model; smaller is stronger."""

    @property
    def label(self) -> str:
        return self.kind if self.kind == "lightgbm" else f"logistic C={self.regularization:g}"


@dataclass(frozen=True, kw_only=True)
class Logistic:
    """A logistic model of squeezed and scaled features; arrays are float64 (features,)."""

    means: Floats
    scales: Floats
    weights: Floats
    intercept: float

    def logits(self, values: Floats, names: Sequence[str]) -> Floats:
        """float64 (rows,)."""
        return ((squeezed(values, names) - self.means) / self.scales) @ self.weights + self.intercept


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """Scores rows of named features; the same rows give the same scores after save and load."""

    names: tuple[str, ...]
    model: Logistic | lightgbm.Booster
    slope: float = 1.0
    offset: float = 0.0
    """The calibrated log-odds are slope x log-odds + offset."""

    def logits(self, values: Floats) -> Floats:
        """float64 (rows,): log-odds before calibration."""
        if not len(values):
            return np.empty(0)
        if isinstance(self.model, Logistic):
            return self.model.logits(values, self.names)
        return np.asarray(self.model.predict(values, raw_score=True), dtype=np.float64)

    def probabilities(self, values: Floats) -> Floats:
        """float64 (rows,): calibrated."""
        return 1.0 / (1.0 + np.exp(-(self.slope * self.logits(values) + self.offset)))

    def save(self, folder: Path, name: str) -> None:
        """Writes `<name>.json`, and the trees as `<name>.lgb`."""
        folder.mkdir(parents=True, exist_ok=True)
        about: dict[str, object] = {"names": list(self.names), "slope": self.slope, "offset": self.offset}
        if isinstance(self.model, Logistic):
            arrays = {key: getattr(self.model, key).tolist() for key in ("means", "scales", "weights")}
            about["logistic"] = {**arrays, "intercept": self.model.intercept}
        else:
            self.model.save_model(folder / f"{name}.lgb")
        write_json(folder / f"{name}.json", about)


def load_scorer(folder: Path, name: str, names: Sequence[str]) -> Scorer:
    """The scorer saved under a name. Raises ReleaseDamaged when it is gone or reads others than `names`."""
    about = read_json(folder / f"{name}.json")
    if about is None:
        raise ReleaseDamaged(f"coupons: {folder / name}.json is missing; run `faces train`")
    if about["names"] != list(names):
        raise ReleaseDamaged(
            f"coupons: the model in {folder} reads other features than this code computes; run `faces train`"
        )
    logistic = about.get("logistic")
    model = (
        lightgbm.Booster(model_file=folder / f"{name}.lgb")
        if logistic is None
        else Logistic(
            **{key: np.array(logistic[key], dtype=np.float64) for key in ("means", "scales", "weights")},
            intercept=float(logistic["intercept"]),
        )
    )
    return Scorer(names=tuple(names), model=model, slope=float(about["slope"]), offset=float(about["offset"]))


def fit_scorer(
    recipe: Recipe, values: Floats, truth: Truths, names: Sequence[str], *, settings: CouponSettings, seed: int
) -> Scorer:
    """A scorer fitted on rows (rows, features); its scores are not calibrated yet."""
    if recipe.kind == "logistic":
        model: Logistic | lightgbm.Booster = _fit_logistic(values, truth, names, recipe.regularization)
    else:
        model = _fit_trees(values, truth, names, settings=settings, seed=seed)
    return Scorer(names=tuple(names), model=model)


def squeezed(values: Floats, names: Sequence[str]) -> Floats:
    """float64 (rows, features): sign times log(1 + size), a missing age as NEVER_DAYS, another missing value as 0."""
    missing = np.array([NEVER_DAYS if "days_since" in name else 0.0 for name in names])
    known = np.where(np.isnan(values), missing, values)
    return np.sign(known) * np.log1p(np.abs(known))


def _fit_logistic(values: Floats, truth: Truths, names: Sequence[str], regularization: float) -> Logistic:
    seen = squeezed(values, names)
    means, scales = seen.mean(axis=0), seen.std(axis=0)
    scales = np.where(scales > 1e-9, scales, 1.0)
    fitted = LogisticRegression(C=regularization, max_iter=5_000).fit((seen - means) / scales, truth)
    return Logistic(
        means=means,
        scales=scales,
        weights=np.asarray(fitted.coef_[0], dtype=np.float64),
        intercept=float(fitted.intercept_[0]),
    )


def _fit_trees(
    values: Floats, truth: Truths, names: Sequence[str], *, settings: CouponSettings, seed: int
) -> lightgbm.Booster:
    return lightgbm.train(
        {
            "objective": "binary",
            "learning_rate": settings.learning_rate,
            "num_leaves": settings.leaves,
            "min_data_in_leaf": min(settings.min_rows_in_leaf, max(1, len(truth) // 20)),
            "feature_fraction": 0.5,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "lambda_l2": 5.0,
            "seed": seed,
            # Rows are few: a second thread costs more than it brings.
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        },
        lightgbm.Dataset(values, truth.astype(np.int8), feature_name=list(names)),
        num_boost_round=settings.rounds,
    )
