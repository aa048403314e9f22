"""Quality of the propensity model on a later snapshot, category by category, beside its baselines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.encoding import encode_column
from features.store.history import EVENT_TIMESTAMP
from training.metrics import auc, average_precision, expected_calibration_error, lift_at
from training.propensity.rows import LABEL

MODEL = "thousand-faces"
MEASURES = ("auc", "ap", "lift10", "ece")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class PropensityQuality:
    """One row per method and category, and what follows from it."""

    rows: pd.DataFrame
    """Columns method, category, buyers, auc, ap, lift10, ece."""

    def means(self) -> pd.DataFrame:
        """Mean of each measure over categories and the standard error of the mean AUC. One row per method."""
        grouped = self.rows.groupby("method", sort=False)
        means = grouped[list(MEASURES)].mean()
        means["auc_standard_error"] = grouped["auc"].sem().fillna(0.0)
        means["categories"] = grouped.size()
        return means.reset_index()


def baseline_scores(features: pd.DataFrame) -> dict[str, Floats]:
    """Scores (rows,) of the baselines, higher is likelier; a member who never bought the category comes last.

    `popularity` is the same for every member of a category, so it can only tie: its AUC is 0.5 by construction.
    """
    last = encode_column(features["member_category__last_ordered_at"])
    now = encode_column(features[EVENT_TIMESTAMP])
    return {
        "recency": np.nan_to_num(-(now - last), nan=-1e6),
        "frequency": np.nan_to_num(encode_column(features["member_category__orders_91d"])),
        "popularity": np.nan_to_num(encode_column(features["category_demand__buyers_91d"])),
    }


def evaluate_propensity(features: pd.DataFrame, probabilities: Floats, *, min_buyers: int) -> PropensityQuality:
    """The model and its baselines on labelled rows, over the categories with enough buyers in the label window.

    Ties in a ranking go by member id, ascending. ECE is given for probabilities alone.
    """
    scores = {MODEL: probabilities, **baseline_scores(features)}
    came_true = features[LABEL].to_numpy(dtype=bool)
    ids = features["member_id"].to_numpy(dtype=np.str_)
    found = []
    for category, positions in features.groupby("category", sort=True).indices.items():
        buyers = int(came_true[positions].sum())
        if buyers < min_buyers or buyers == len(positions):
            continue
        for method, values in scores.items():
            found.append(
                {
                    "method": method,
                    "category": category,
                    "buyers": buyers,
                    **_measures(came_true[positions], values[positions], ids[positions], method == MODEL),
                }
            )
    columns = ["method", "category", "buyers", *MEASURES]
    return PropensityQuality(rows=pd.DataFrame(found, columns=columns))


def _measures(
    came_true: npt.NDArray[np.bool_], scores: Floats, ids: npt.NDArray[np.str_], is_probability: bool
) -> dict[str, float]:
    return {
        "auc": auc(came_true, scores),
        "ap": average_precision(came_true, scores),
        "lift10": lift_at(came_true, scores, ids, share=0.1),
        "ece": expected_calibration_error(came_true, scores) if is_probability else float("nan"),
    }
