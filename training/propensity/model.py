"""The propensity model: a LightGBM booster and its calibration, saved as text and arrays."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import lightgbm
import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts.errors import ReleaseDamaged
from features.contracts.settings import PropensitySettings
from features.encoding import Encoding, Vectors, as_days
from features.groups.catalogue import GROUPS
from features.store.history import EVENT_TIMESTAMP
from training.propensity.calibration import Calibration, fit_calibration

SERVICE = "purchase_propensity"
"""Feast feature service that the model reads."""

ENCODING = Encoding(
    groups=tuple(
        GROUPS[name] for name in ("member_value", "member_rhythm", "member_mix", "member_category", "category_demand")
    )
)

BOOSTER_FILE = "model.lgb"
CALIBRATION_FILE = "calibration.npz"
ABOUT_FILE = "propensity.json"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class PropensityModel:
    """Scores rows of features; the same rows give the same probabilities after save and load."""

    booster: lightgbm.Booster
    calibration: Calibration
    feature_names: tuple[str, ...]
    horizon_days: int

    def probabilities(self, features: pd.DataFrame) -> Floats:
        """float64 (rows,): probability of a purchase within the horizon after each row's `event_timestamp`."""
        if features.empty:
            return np.empty(0)
        return self.calibration.apply(predict(self.booster, matrix(features)))

    def save(self, folder: Path) -> None:
        """Writes the booster as LightGBM text and the calibration as arrays."""
        folder.mkdir(parents=True, exist_ok=True)
        self.booster.save_model(folder / BOOSTER_FILE)
        np.savez(
            folder / CALIBRATION_FILE, scores=self.calibration.scores, probabilities=self.calibration.probabilities
        )
        about = {"feature_names": list(self.feature_names), "horizon_days": self.horizon_days}
        (folder / ABOUT_FILE).write_text(json.dumps(about, indent=2), encoding="utf-8")


def load_propensity(folder: Path) -> PropensityModel:
    """The model saved in `folder`. Raises ReleaseDamaged when its features are not those of this code."""
    about = json.loads((folder / ABOUT_FILE).read_text(encoding="utf-8"))
    if tuple(about["feature_names"]) != ENCODING.model_names:
        raise ReleaseDamaged(
            f"release: the propensity model in {folder} reads other features than this code computes; run `faces train`"
        )
    with np.load(folder / CALIBRATION_FILE, allow_pickle=False) as arrays:
        calibration = Calibration(scores=arrays["scores"], probabilities=arrays["probabilities"])
    return PropensityModel(
        booster=lightgbm.Booster(model_file=folder / BOOSTER_FILE),
        calibration=calibration,
        feature_names=ENCODING.model_names,
        horizon_days=int(about["horizon_days"]),
    )


def matrix(features: pd.DataFrame) -> Vectors:
    """float32 (rows, features): what the booster reads of rows that came from the feature service."""
    return ENCODING.model_matrix(ENCODING.encode(features), as_days(features[EVENT_TIMESTAMP]))


def predict(booster: lightgbm.Booster, values: Vectors) -> Floats:
    """float64 (rows,): the booster's raw probabilities, before calibration."""
    return np.asarray(booster.predict(values), dtype=np.float64)


def fit_propensity(
    learn: tuple[Vectors, npt.NDArray[np.bool_]],
    validate: tuple[Vectors, npt.NDArray[np.bool_]],
    *,
    settings: PropensitySettings,
    seed: int,
    threads: int,
) -> PropensityModel:
    """A booster fitted on `learn`, stopped early and calibrated on `validate`; each is (features, labels)."""
    training_set = lightgbm.Dataset(
        learn[0], learn[1].astype(np.int8), feature_name=list(ENCODING.model_names), free_raw_data=True
    )
    # Early stopping asks for a ranking measure; a tenth of the validation rows gives it within its noise.
    part = slice(None, None, max(1, len(validate[1]) // 100_000))
    watched = lightgbm.Dataset(validate[0][part], validate[1][part].astype(np.int8), reference=training_set)
    booster = lightgbm.train(
        {
            "objective": "binary",
            "metric": "binary_logloss",
            "learning_rate": settings.learning_rate,
            "num_leaves": settings.leaves,
            "min_data_in_leaf": min(settings.min_rows_in_leaf, max(1, len(learn[1]) // 20)),
            "feature_fraction": 0.7,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "seed": seed,
            "num_threads": threads,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        },
        training_set,
        num_boost_round=settings.rounds,
        valid_sets=[watched],
        callbacks=[lightgbm.early_stopping(30, verbose=False)],
    )
    return PropensityModel(
        booster=booster,
        calibration=fit_calibration(predict(booster, validate[0]), validate[1]),
        feature_names=ENCODING.model_names,
        horizon_days=settings.horizon_days,
    )
