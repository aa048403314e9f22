"""The pooled propensity model: a LightGBM booster for any target, and its calibration, saved as text and arrays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import lightgbm
import numpy as np
import numpy.typing as npt

from features.contracts.errors import ReleaseDamaged
from features.contracts.settings import PropensitySettings
from training.propensity.calibration import Calibration, fit_calibration
from training.propensity.learning_rows import SnapshotRows
from training.propensity.set_features import FEATURE_NAMES, HORIZON_COLUMN, Matrix
from training.propensity.target import EventType

BOOSTER_FILE = "model.lgb"
CALIBRATION_FILE = "calibration.npz"
ABOUT_FILE = "propensity.json"

ROWS_AT_ONCE = 250_000
"""Rows scored in one call: bounds what LightGBM allocates beside them."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class PropensityModel:
    """Scores rows of members and targets; the same rows give the same probabilities after save and load."""

    booster: lightgbm.Booster
    calibration: Calibration
    feature_names: tuple[str, ...]
    horizons: tuple[int, ...]
    """Days within which it can say what happens."""
    events: tuple[EventType, ...] = ()
    """Events that it has learnt."""

    def probabilities(self, matrix: Matrix, *, horizon_days: int, threads: int = 0) -> Floats:
        """float64 (rows,): calibrated, of rows that `set_matrix` made for the same horizon.

        Raises ValueError for a horizon that was not learnt.
        """
        if horizon_days not in self.horizons:
            raise ValueError(f"horizon of {horizon_days} days: learnt are {self.horizons}")
        return self.calibration.apply(predict(self.booster, matrix, threads=threads))

    def save(self, folder: Path) -> None:
        """Writes the booster as LightGBM text and the calibration as arrays."""
        folder.mkdir(parents=True, exist_ok=True)
        self.booster.save_model(folder / BOOSTER_FILE)
        np.savez(
            folder / CALIBRATION_FILE, scores=self.calibration.scores, probabilities=self.calibration.probabilities
        )
        about = {
            "feature_names": list(self.feature_names),
            "horizons": list(self.horizons),
            "events": [str(event) for event in self.events],
        }
        (folder / ABOUT_FILE).write_text(json.dumps(about, indent=2), encoding="utf-8")


def load_propensity(folder: Path) -> PropensityModel:
    """The model saved in `folder`. Raises ReleaseDamaged when its features are not those of this code."""
    about = json.loads((folder / ABOUT_FILE).read_text(encoding="utf-8"))
    if tuple(about["feature_names"]) != FEATURE_NAMES:
        raise ReleaseDamaged(
            f"release: the propensity model in {folder} reads other features than this code computes; run `faces train`"
        )
    with np.load(folder / CALIBRATION_FILE, allow_pickle=False) as arrays:
        calibration = Calibration(scores=arrays["scores"], probabilities=arrays["probabilities"])
    return PropensityModel(
        booster=lightgbm.Booster(model_file=folder / BOOSTER_FILE),
        calibration=calibration,
        feature_names=FEATURE_NAMES,
        horizons=tuple(int(days) for days in about["horizons"]),
        events=tuple(EventType(event) for event in about["events"]),
    )


def predict(booster: lightgbm.Booster, matrix: Matrix, *, threads: int = 0) -> Floats:
    """float64 (rows,): the booster's raw probabilities, before calibration."""
    scores = np.empty(len(matrix))
    for start in range(0, len(matrix), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        scores[part] = booster.predict(matrix[part], num_threads=threads)
    return scores


def contributions(booster: lightgbm.Booster, matrix: Matrix, *, threads: int = 0) -> Matrix:
    """float32 (rows, features): log odds that each feature adds, without what every row has."""
    if not len(matrix):
        return np.empty((0, booster.num_feature()), dtype=np.float32)
    found = booster.predict(matrix, pred_contrib=True, num_threads=threads)
    return np.asarray(found, dtype=np.float32)[:, :-1]


def fit_propensity(
    learn: Sequence[SnapshotRows],
    calibrate: Sequence[SnapshotRows],
    *,
    settings: PropensitySettings,
    seed: int,
    threads: int,
    events: Sequence[EventType] = (),
) -> PropensityModel:
    """The model learnt on the rows of some snapshots and calibrated on those of later ones.

    One calibration holds for all horizons: the noise of a single week is not taken for a habit.
    """
    matrix = np.concatenate([rows.matrix for rows in learn])
    happened = np.concatenate([rows.happened for rows in learn])
    weights = np.concatenate([rows.weights for rows in learn])
    training_set = lightgbm.Dataset(
        matrix,
        happened.astype(np.int8),
        weight=weights,
        feature_name=list(FEATURE_NAMES),
        params={"max_bin": 127, "num_threads": threads},
    )
    booster = lightgbm.train(
        _parameters(settings, rows=len(matrix), seed=seed, threads=threads), training_set, settings.rounds
    )
    raw = np.concatenate([predict(booster, rows.matrix, threads=threads) for rows in calibrate])
    truth = np.concatenate([rows.happened for rows in calibrate])
    return PropensityModel(
        booster=booster,
        calibration=fit_calibration(raw, truth),
        feature_names=FEATURE_NAMES,
        horizons=tuple(settings.horizons),
        events=tuple(events),
    )


def _parameters(settings: PropensitySettings, *, rows: int, seed: int, threads: int) -> dict[str, object]:
    # The longer the horizon, the likelier: what is learnt must not contradict it.
    constraints = [1 if column == HORIZON_COLUMN else 0 for column in range(len(FEATURE_NAMES))]
    return {
        "objective": "binary",
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": min(settings.min_rows_in_leaf, max(1, rows // 20)),
        "feature_fraction": settings.feature_share,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 5.0,
        "monotone_constraints": constraints,
        "seed": seed,
        "num_threads": threads,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
