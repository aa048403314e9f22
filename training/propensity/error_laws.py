"""How wrong probabilities have been on earlier snapshots, as a law that says how wrong they may be on the next.

The residual of an audience is the shift of its log odds that would have given the true count, (actual - expected) over
the variance p (1 - p); for small probabilities that is a relative error. It is taken apart into a bias (the mean over
snapshots), an error common to a snapshot (the season's drift), an error of the target within the snapshot, and chance
(one over the variance). Variances are found by moments, targets within snapshots first (DerSimonian and Laird 1986).
Everything is shrunk towards a prior that counts as much as PRIOR_BIAS or PRIOR_SNAPSHOTS snapshots, or as PRIOR_TARGETS
targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PRIOR_BIAS = 4.0
PRIOR_SNAPSHOTS = 2.0
PRIOR_TARGETS = 10.0
LEAST_VARIANCE = 1e-6
FARTHEST = 4.0
"""Residuals count as so many standard deviations (by the prior) at most: near certainty a few members off are many."""
ROUNDS = 20


@dataclass(frozen=True, kw_only=True)
class ErrorLaw:
    """The errors to expect of an audience of the next snapshot."""

    bias: float
    """Relative, as rare purchases have it: they come 1 + bias times as often as expected."""
    between_snapshots: float
    """Standard deviation of the error that all audiences of a snapshot share; that of the bias itself is in it."""
    between_targets: float
    """Standard deviation of the error that is a target's own, for an audience of rarity 1."""

    def spread(self, rarity: Floats) -> Floats:
        """float64 (audiences,): standard deviation of the error of an audience of each rarity."""
        return np.asarray(np.sqrt(self.between_snapshots**2 + self.between_targets**2 * rarity))


@dataclass(frozen=True, kw_only=True)
class Residuals:
    """One residual per audience; arrays are (audiences,)."""

    snapshots: tuple[datetime, ...]
    values: Floats
    chance: Floats
    """Variance that chance alone gives each value."""
    rarity: Floats
    """Factor of the variance that is the target's own."""

    def of_snapshot(self, at: datetime) -> Residuals:
        """Those of the audiences of one snapshot."""
        chosen = np.array([each == at for each in self.snapshots])
        return Residuals(
            snapshots=(at,) * int(chosen.sum()),
            values=self.values[chosen],
            chance=self.chance[chosen],
            rarity=self.rarity[chosen],
        )

    def variances(self, targets: float) -> Floats:
        """Chance and the target's own error together, when that has variance `targets` at rarity 1."""
        return self.chance + targets * self.rarity


def fit_law(residuals: Residuals, *, prior: ErrorLaw, independent: float | None = None) -> ErrorLaw:
    """The law of the next snapshot's errors, shrunk towards `prior`, which is returned where there are no residuals.

    `independent` says how many of the snapshots count: windows that overlap tell the same story twice.
    """
    moments = sorted(set(residuals.snapshots))
    if not moments:
        return prior
    reach = FARTHEST * np.sqrt(residuals.chance + prior.spread(residuals.rarity) ** 2)
    within = replace(residuals, values=np.clip(residuals.values, -reach, reach))
    parts = [within.of_snapshot(at) for at in moments]
    targets = _variance_within(parts, prior=prior.between_targets**2)
    # The mean of a snapshot is that of all its members together: audiences weigh as much as they may move.
    means = np.array([np.average(part.values, weights=1.0 / part.chance) for part in parts])
    errors = np.array(
        [(part.variances(targets) / part.chance**2).sum() / (1.0 / part.chance).sum() ** 2 for part in parts]
    )
    count = float(len(moments)) if independent is None else min(independent, float(len(moments)))
    # A snapshot of few audiences says little of the drift: it weighs as its error allows.
    weights = 1.0 / (errors + prior.between_snapshots**2)
    mean = float((weights * means).sum() / weights.sum())
    bias = (count * mean + PRIOR_BIAS * prior.bias) / (count + PRIOR_BIAS)
    around = np.maximum((means - bias) ** 2 - errors, 0.0)
    variance = (
        count * float((weights * around).sum() / weights.sum()) + PRIOR_SNAPSHOTS * prior.between_snapshots**2
    ) / (count + PRIOR_SNAPSHOTS)
    return ErrorLaw(
        bias=bias,
        between_snapshots=float(np.sqrt(variance * (1.0 + 1.0 / (count + PRIOR_SNAPSHOTS)))),
        between_targets=float(np.sqrt(targets)),
    )


def independent_windows(moments: Sequence[datetime], horizon_days: int) -> float:
    """How many windows of the horizon fit between the first snapshot and the end of the last one's window."""
    if not moments:
        return 0.0
    days = (max(moments) - min(moments)).total_seconds() / 86_400.0
    return 1.0 + days / horizon_days


def _variance_within(parts: Sequence[Residuals], *, prior: float) -> float:
    # Moments with weights that need the variance itself: a few rounds settle it.
    found = prior
    audiences = sum(len(part.values) for part in parts) - len(parts)
    for _ in range(ROUNDS):
        squares = by_chance = freedom = 0.0
        for part in parts:
            weights = 1.0 / part.variances(found)
            share = weights / weights.sum()
            around = part.values - (share * part.values).sum()
            squares += float((weights * around**2).sum())
            by_chance += float((weights * part.chance * (1.0 - share)).sum())
            freedom += float((weights * part.rarity * (1.0 - share)).sum())
        moment = max((squares - by_chance) / freedom, 0.0) if freedom > 0 else prior
        found = max((audiences * moment + PRIOR_TARGETS * prior) / (audiences + PRIOR_TARGETS), LEAST_VARIANCE)
    return found
