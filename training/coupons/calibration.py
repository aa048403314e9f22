"""Makes a scorer's scores probabilities, from scores that each row got of a scorer that had not seen it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from features.contracts.settings import CouponSettings
from training.coupons.scorer import Floats, Recipe, Scorer, Truths, fit_scorer

FOLDS = 8
"""Parts of campaigns at most; with fewer campaigns each one is a part."""


def fit_calibrated(
    recipe: Recipe,
    values: Floats,
    truth: Truths,
    campaigns: npt.NDArray[np.str_],
    names: tuple[str, ...],
    *,
    settings: CouponSettings,
    seed: int,
) -> Scorer:
    """The scorer of all rows, calibrated on the scores of scorers that each left a part of the campaigns out.

    In service it scores campaigns that it did not learn from, and those differ more than members do. A line on the
    log-odds (Platt): two numbers are what few redeemers can carry, and unlike steps it makes no ties.
    """
    scorer = fit_scorer(recipe, values, truth, names, settings=settings, seed=seed)
    fold = folds(campaigns)
    unseen = np.full(len(truth), np.nan)
    for part in range(FOLDS):
        held = fold == part
        if not held.any() or truth[~held].all() or not truth[~held].any():
            continue
        fitted = fit_scorer(recipe, values[~held], truth[~held], names, settings=settings, seed=seed)
        unseen[held] = fitted.logits(values[held])
    known = ~np.isnan(unseen)
    if truth[known].all() or not truth[known].any():
        return scorer
    line = LogisticRegression(C=1e6).fit(unseen[known][:, None], truth[known])
    slope = float(line.coef_[0][0])
    if slope <= 0:
        # Too few rows to say more than the overall share; the order of the scores is kept all the same.
        return scorer
    return replace(scorer, slope=slope, offset=float(line.intercept_[0]))


def folds(campaigns: npt.NDArray[np.str_]) -> npt.NDArray[np.int64]:
    """int64 (rows,): a part for each row, the same for all rows of a campaign; the largest campaigns are kept apart."""
    names, number, rows = np.unique(campaigns, return_inverse=True, return_counts=True)
    parts = np.empty(len(names), dtype=np.int64)
    parts[np.lexsort((names, -rows))] = np.arange(len(names)) % FOLDS
    found: npt.NDArray[np.int64] = parts[number]
    return found
