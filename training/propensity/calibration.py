"""Turns scores into probabilities that can be added up: isotonic regression, kept as two arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.isotonic import IsotonicRegression

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A non-decreasing curve from score to probability, given by its corners (points,)."""

    scores: Floats
    probabilities: Floats

    def apply(self, scores: Floats) -> Floats:
        """float64 (rows,) in [0, 1]; beyond the corners the curve is flat."""
        return np.interp(scores, self.scores, self.probabilities)


def fit_calibration(scores: Floats, came_true: npt.NDArray[np.bool_]) -> Calibration:
    """The isotonic curve of `came_true` over `scores`, both (rows,).

    A step of the curve is a count of rows and of those that came true; its probability is their share with one row of
    the overall share added, so that a short step at either end never says never or always. Added to every step, half
    a row of each kind would do that too, but there the probabilities of rare purchases add up to some percent too many.
    """
    order = np.argsort(scores, kind="stable")
    fitted = IsotonicRegression().fit_transform(scores[order], came_true[order].astype(np.float64))
    starts = np.flatnonzero(np.diff(fitted, prepend=-1.0))
    rows = np.diff(np.append(starts, len(fitted)))
    buyers = fitted[starts] * rows
    share = (came_true.sum() + 0.5) / (len(came_true) + 1.0)
    # Of two steps with nearly the same share the shorter one moves more: they must not change places.
    estimates = np.maximum.accumulate((buyers + share) / (rows + 1.0))
    lowest = scores[order][starts]
    highest = scores[order][np.append(starts[1:], len(fitted)) - 1]
    return Calibration(
        scores=np.stack([lowest, highest], axis=1).ravel(),
        probabilities=np.repeat(estimates, 2),
    )
