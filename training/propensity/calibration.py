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
    """The isotonic curve of `came_true` over `scores`, both (rows,), straight between the centres of its steps.

    A step of the curve is a count of rows and of those that came true; its probability is their share with one row of
    the overall share added, so that a short step at either end never says never or always. Added to every step, half
    a row of each kind would do that too, but there the probabilities of rare purchases add up to some percent too many.
    Flat steps would make equals of members whom the scores tell apart; from the outermost centres the curve therefore
    goes on towards a score of 0 and 1, where the probability is half and a quarter nearer to them.
    Source: Oron and Flournoy 2017, "Centered Isotonic Regression".
    """
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    fitted = IsotonicRegression().fit_transform(ordered, came_true[order].astype(np.float64))
    starts = np.flatnonzero(np.diff(fitted, prepend=-1.0))
    rows = np.diff(np.append(starts, len(fitted)))
    buyers = fitted[starts] * rows
    share = (came_true.sum() + 0.5) / (len(came_true) + 1.0)
    # Of two steps with nearly the same share the shorter one moves more: they must not change places.
    estimates = np.maximum.accumulate((buyers + share) / (rows + 1.0))
    centres = np.add.reduceat(ordered, starts) / rows
    corners = np.concatenate([[min(0.0, centres[0])], centres, [max(1.0, centres[-1])]])
    heights = np.concatenate([[estimates[0] / 2], estimates, [estimates[-1] + (1 - estimates[-1]) / 4]])
    # Straight lines over a bent curve add up to a little more than its steps do.
    excess = np.interp(ordered, corners, heights).sum() / (estimates @ rows)
    return Calibration(scores=corners, probabilities=heights / max(1.0, excess))
