"""Metrics of probabilities: how well they order members, how far the top lifts, and how honest they are.

`bought` is bool (members,), `scores` float (members,), higher meaning likelier.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, roc_auc_score

Truths = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.floating]
BINS = 10


def auc(bought: Truths, scores: Numbers) -> float:
    """Probability that a buyer is scored above another member, ties counting half; NaN without both kinds."""
    if bought.all() or not bought.any():
        return float("nan")
    return float(roc_auc_score(bought, scores))


def average_precision(bought: Truths, scores: Numbers) -> float:
    """Mean precision at each buyer's place, best score first; NaN without buyers."""
    if not bought.any():
        return float("nan")
    return float(average_precision_score(bought, scores))


def lift_at(bought: Truths, scores: Numbers, ids: npt.NDArray[np.str_], *, share: float = 0.1) -> float:
    """Buyers among the best-scored round(n x share) members, over what as many members picked blindly would hold.

    Ties are broken by id, ascending. At least one member is taken; NaN without buyers.
    """
    if not bought.any():
        return float("nan")
    taken = max(1, round(len(scores) * share))
    best = np.lexsort((ids, -np.asarray(scores, dtype=np.float64)))[:taken]
    return float(bought[best].mean() / bought.mean())


def expected_calibration_error(bought: Truths, probabilities: Numbers, *, bins: int = BINS) -> float:
    """Mean distance between predicted and observed share over bins of equal count, weighted by their members.

    Members are put in order of probability (equal ones in the order given) and split into `bins` parts whose sizes
    differ by one at most.
    """
    order = np.argsort(probabilities, kind="stable")
    distance = 0.0
    for part in np.array_split(order, min(bins, len(order))):
        distance += len(part) * abs(float(probabilities[part].mean()) - float(bought[part].mean()))
    return distance / len(order)
