"""The launch model: a LightGBM booster, its rates and the launches it knows, saved as text and arrays."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import lightgbm
import numpy as np
import numpy.typing as npt

from features.contracts.errors import ReleaseDamaged
from training.launches.features import FEATURE_NAMES, Matrix
from training.launches.past import PastLaunches
from training.launches.rates import LaunchRates
from training.propensity.groupings import Groupings
from training.protocol import Ids

FOLDER = "launch"
"""Within the propensity model's folder."""
BOOSTER_FILE = "model.lgb"
PAST_FILE = "past.npz"
ABOUT_FILE = "launch.json"

ROWS_AT_ONCE = 250_000
"""Rows scored in one call: bounds what LightGBM allocates beside them."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class KnownLaunches:
    """Past launches by product id; arrays are (launches,)."""

    product_ids: Ids
    at_days: Floats
    buyers: npt.NDArray[np.int64]
    share: Floats

    def among(self, groupings: Groupings) -> PastLaunches:
        """The launches as rows of the products of a moment; those that it does not know are left out."""
        rows = groupings.rows_of(self.product_ids)
        past = PastLaunches(product_rows=rows, at_days=self.at_days, buyers=self.buyers, share=self.share)
        return past.take(rows >= 0)


@dataclass(frozen=True, kw_only=True)
class LaunchModel:
    """Scores the members of a moment for a launch; saved and loaded it gives the same probabilities."""

    booster: lightgbm.Booster
    rates: LaunchRates
    past: KnownLaunches
    min_buyers: int
    """Buyers in their first 28 days that the launches had which it was learnt from."""

    def probabilities(self, matrix: Matrix, *, horizon_days: int, threads: int = 0) -> Floats:
        """float64 (members,): P(purchase within the horizon); `matrix` holds every member of the moment."""
        if not len(matrix):
            return np.empty(0)
        return self.rates.apply(raw_probabilities(self.booster, matrix, threads=threads), horizon_days=horizon_days)

    def contributions(self, matrix: Matrix, *, threads: int = 0) -> Matrix:
        """float32 (rows, features): log odds that each feature adds, without what every row has."""
        if not len(matrix):
            return np.empty((0, len(FEATURE_NAMES)), dtype=np.float32)
        found = self.booster.predict(matrix, pred_contrib=True, num_threads=threads)
        return np.asarray(found, dtype=np.float32)[:, :-1]

    def save(self, folder: Path) -> None:
        """Writes the model into `folder`/FOLDER."""
        own = folder / FOLDER
        own.mkdir(parents=True, exist_ok=True)
        self.booster.save_model(own / BOOSTER_FILE)
        np.savez(own / PAST_FILE, **asdict(self.past))
        rates = {**asdict(self.rates), "horizon_ratios": {str(d): r for d, r in self.rates.horizon_ratios.items()}}
        about = {"feature_names": list(FEATURE_NAMES), "min_buyers": self.min_buyers, "rates": rates}
        (own / ABOUT_FILE).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def raw_probabilities(booster: lightgbm.Booster, matrix: Matrix, *, threads: int = 0) -> Floats:
    """float64 (rows,): the booster's own probabilities, good for ranking alone."""
    scores = np.empty(len(matrix))
    for start in range(0, len(matrix), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        scores[part] = booster.predict(matrix[part], num_threads=threads)
    return scores


def load_launch_model(folder: Path) -> LaunchModel | None:
    """The model saved in `folder`/FOLDER, None where a shop had too few launches for one.

    Raises ReleaseDamaged when its features are not those of this code, or a file is missing.
    """
    own = folder / FOLDER
    if not own.is_dir():
        return None
    try:
        about = json.loads((own / ABOUT_FILE).read_text(encoding="utf-8"))
        if tuple(about["feature_names"]) != FEATURE_NAMES:
            raise ReleaseDamaged(
                f"release: the launch model in {own} reads other features than this code computes; run `faces train`"
            )
        with np.load(own / PAST_FILE, allow_pickle=False) as arrays:
            past = KnownLaunches(**{name: arrays[name] for name in KnownLaunches.__dataclass_fields__})
        ratios = {int(days): float(ratio) for days, ratio in about["rates"].pop("horizon_ratios").items()}
        return LaunchModel(
            booster=lightgbm.Booster(model_file=own / BOOSTER_FILE),
            rates=LaunchRates(**about["rates"], horizon_ratios=ratios),
            past=past,
            min_buyers=int(about["min_buyers"]),
        )
    except (OSError, ValueError, KeyError, TypeError, lightgbm.basic.LightGBMError) as error:
        raise ReleaseDamaged(
            f"release: the launch model in {own} cannot be read ({error}); run `faces train`"
        ) from error
