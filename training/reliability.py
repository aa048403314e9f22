"""Predicted against observed: what probabilities say beside what came true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BINS = 20


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """Rows of about the same probability."""

    predicted: float
    """Mean probability."""
    observed: float
    """Share of them that came true."""
    rows: int


def reliability_bins(
    happened: npt.NDArray[np.bool_], probabilities: npt.NDArray[np.float64], *, bins: int = BINS
) -> tuple[ReliabilityBin, ...]:
    """Bins of equal count, the lowest probabilities first; both arrays are (rows,)."""
    order = np.argsort(probabilities, kind="stable")
    return tuple(
        ReliabilityBin(
            predicted=float(probabilities[part].mean()), observed=float(happened[part].mean()), rows=len(part)
        )
        for part in np.array_split(order, max(1, min(bins, len(order))))
        if len(part)
    )
