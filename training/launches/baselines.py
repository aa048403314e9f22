"""Simple rules for whom to tell of a launch; the model has to be better than each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from training.launches.features import FEATURE_NAMES, Matrix

Floats = npt.NDArray[np.float64]

RULES = {
    "category spend": "category__spend_365d",
    "brand in category": "brand__orders_365d",
    "type frequency": "type__orders_365d",
    "analogue frequency": "member__closeness",
    "visits": "visits__orders_91d",
}
"""The feature that each rule goes by."""
TIE = 1e-9
"""Members whom a rule cannot tell apart stand in the order of their spend in the category, which is far below this."""


def baseline_scores(matrix: Matrix) -> dict[str, Floats]:
    """float64 (members,) of each rule, higher is likelier; `matrix` is a launch's."""
    spend = np.nan_to_num(_column(matrix, RULES["category spend"]))
    scores = {name: np.nan_to_num(_column(matrix, feature)) for name, feature in RULES.items()}
    return {name: values if name == "category spend" else values + TIE * spend for name, values in scores.items()}


def _column(matrix: Matrix, name: str) -> Floats:
    return matrix[:, FEATURE_NAMES.index(name)].astype(np.float64)
