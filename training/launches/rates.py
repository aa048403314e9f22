"""How many will buy: turns the booster's ranking into probabilities that add up over a launch.

Launches differ far more in how many buy than can be told beforehand, so the sum that the booster predicts is drawn
towards what past launches had, and everybody's log odds are shifted until the probabilities add up to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit
from sklearn.linear_model import PoissonRegressor

from training.launches.past import BASE_HORIZON

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]

HORIZONS = (7, 14, 28, 56)
SLOPES = np.arange(0.5, 1.55, 0.05)
"""Slopes of the log odds that are tried."""
STEPS = 30
LEAST = 1e-7
"""No probability is taken for less than this, nor for more than 1 less it."""


@dataclass(frozen=True, kw_only=True)
class LaunchRates:
    """From raw probabilities of a launch's members to calibrated ones."""

    slope: float
    """Of the log odds within a launch."""
    intercept: float
    """Share of buyers among the members: exp(intercept + weight x log(mean raw probability))."""
    weight: float
    horizon_ratios: Mapping[int, float]
    """Buyers within each horizon over those within BASE_HORIZON."""

    def share(self, raw: Floats, *, horizon_days: int) -> float:
        """Expected share of buyers among all members of a launch; `raw` (members,)."""
        mean = max(float(raw.mean()), LEAST)
        share = np.exp(self.intercept + self.weight * np.log(mean)) * self.ratio(horizon_days)
        return float(np.clip(share, LEAST, 0.99))

    def apply(self, raw: Floats, *, horizon_days: int) -> Floats:
        """float64 (members,): probabilities of a purchase within the horizon, adding up to the expected buyers.

        `raw` holds every member of the moment: the sum over all of them is what is known of past launches.
        """
        if not len(raw):
            return np.empty(0)
        odds = self.slope * logit(np.clip(raw, LEAST, 1.0 - LEAST))
        return np.asarray(expit(odds + shift_to(odds, self.share(raw, horizon_days=horizon_days))))

    def ratio(self, horizon_days: int) -> float:
        """Buyers within a horizon over those within BASE_HORIZON, between known horizons on the scale of logarithms."""
        known = sorted(self.horizon_ratios)
        logs = np.log([self.horizon_ratios[days] for days in known])
        return float(np.exp(np.interp(np.log(horizon_days), np.log(known), logs)))


def shift_to(odds: Floats, share: float) -> float:
    """What must be added to the log odds (members,) for the mean probability to be `share`."""
    shift = float(logit(share) - logit(np.clip(expit(odds).mean(), LEAST, 1.0 - LEAST)))
    for _ in range(STEPS):
        mean = float(np.clip(expit(odds + shift).mean(), LEAST, 1.0 - LEAST))
        step = float(logit(share) - logit(mean))
        shift += step
        if abs(step) < 1e-6:
            break
    return shift


def fit_rates(raw: Sequence[Floats], bought: Sequence[Truths], *, buyers: Mapping[int, tuple[int, int]]) -> LaunchRates:
    """The rates of past launches, each predicted by a model that had not seen it.

    `raw` and `bought` hold the members of each launch. `buyers` gives, by horizon, the buyers within it and those
    within BASE_HORIZON over the launches of which both are known.
    """
    predicted = np.array([max(float(each.mean()), LEAST) for each in raw])
    actual = np.array([float(each.mean()) for each in bought])
    members = np.array([len(each) for each in raw], dtype=np.float64)
    logs = np.log(predicted).reshape(-1, 1)
    fitted = PoissonRegressor(alpha=0.0, max_iter=1000).fit(logs, actual / actual.mean(), sample_weight=members)
    # A launch that was ranked as a big one is never expected to be a smaller one for it.
    weight = float(np.clip(fitted.coef_[0], 0.0, 1.0))
    level = float((actual * members).sum() / (np.exp(weight * logs[:, 0]) * members).sum())
    return LaunchRates(
        slope=_best_slope(raw, bought),
        intercept=float(np.log(level)),
        weight=weight,
        horizon_ratios=_ratios(buyers),
    )


def _best_slope(raw: Sequence[Floats], bought: Sequence[Truths]) -> float:
    """The slope under which what happened was likeliest, each launch having its true share of buyers."""
    likelihood = np.zeros(len(SLOPES))
    for scores, came_true in zip(raw, bought, strict=True):
        if not came_true.any() or came_true.all():
            continue
        odds = logit(np.clip(scores, LEAST, 1.0 - LEAST))
        for number, slope in enumerate(SLOPES):
            shifted = slope * odds + shift_to(slope * odds, float(came_true.mean()))
            likelihood[number] += float(shifted[came_true].sum() - np.logaddexp(0.0, shifted).sum())
    return float(SLOPES[int(np.argmax(likelihood))])


def _ratios(buyers: Mapping[int, tuple[int, int]]) -> dict[int, float]:
    ratios = {days: within / base for days, (within, base) in buyers.items() if within > 0 and base > 0}
    ratios[BASE_HORIZON] = 1.0
    # The longer the horizon the more buyers, however few launches say so.
    known = sorted(ratios)
    grown = np.maximum.accumulate([ratios[days] for days in known])
    return dict(zip(known, grown.tolist(), strict=True))
