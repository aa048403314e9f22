"""How unlikely a difference would be had the audience been drawn from its population by lot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import bdtr, bdtrc, ndtr

LEVEL = 0.05
"""Chance of calling any difference of a whole table real when none is."""

FEW = 20.0
"""Below so many expected on either side a count is no bell curve."""


def share_p_value(share: float, base: float, *, drawn: int, population: int) -> float:
    """Chance of a share so far from the population's `base`, either way, among `drawn` members."""
    if drawn >= 1 and 0 < base < 1 and drawn < population and min(base, 1 - base) * drawn < FEW:
        count = round(share * drawn)
        tail = min(float(bdtr(count, drawn, base)), float(bdtrc(count - 1, drawn, base)) if count else 1.0)
        return min(1.0, 2 * tail)
    return p_value(share - base, variance=base * (1 - base), drawn=drawn, population=population)


def p_value(difference: float, *, variance: float, drawn: int, population: int) -> float:
    """Chance of a difference of means at least so large, either way; 1 where nothing can differ.

    `variance` is that of one member in the population, `drawn` and `population` count members.
    """
    if drawn < 1 or population < 2 or variance <= 0:
        return 1.0
    share = (population - drawn) / (population - 1) / drawn
    if share <= 0:
        return 1.0
    return float(2 * ndtr(-abs(difference) / np.sqrt(variance * share)))


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values corrected for being many, by Holm: below LEVEL is significant among all of them."""
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(stepped, 1.0)
    return [float(each) for each in corrected]
