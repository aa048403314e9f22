"""Quantiles of the number of buyers and of the revenue of audiences, given how wrong probabilities tend to be.

All log odds of an audience are off by one error, which is common to its members: the season, the target. Given the
error the buyers are counted as of m equal members with probability q, where m and q give the mean and the variance
that the members' own probabilities have, and the error moves the log odds of q. So a count is never below 0 nor above
the members, for small probabilities it is a mixture of Poisson counts (a relative error), and near certainty it is
bounded.

Everything is vectorised over audiences (a,); errors (nodes,) are equally likely.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, expit, gammainc, logit, stdtrit

from training.propensity.audience_sums import AudienceSums

Floats = npt.NDArray[np.float64]

NODES = 48
TAIL_DEGREES = 5.0
"""Errors are Student's t with these degrees: a few targets are far off, as with promotions and feasts."""
LEAST_FACTOR = 0.1
HALVINGS = 45
SURE = 1e-9
"""Closest that a probability comes to 0 and 1."""
FARTHEST = 30.0
"""Log odds that an error is moved by at most."""


@dataclass(frozen=True, kw_only=True)
class Errors:
    """How far off the log odds of each audience may be, and how far what its buyers spend.

    Biases are relative, as rare purchases have them, and spreads are standard deviations of the same.
    """

    bias: float
    spread: Floats
    """float64 (a,)."""
    spend_bias: float = 0.0
    spend_spread: float = 0.0
    spend_variation: float = 0.0
    """Standard deviation of one buyer's spend over its expectation."""


def mean_buyers(sums: AudienceSums, errors: Errors) -> Floats:
    """float64 (a,): the expected number of buyers over all errors."""
    trials, chances = _trials(sums, errors)
    return np.asarray(trials * chances.mean(axis=1))


def buyers_quantile(sums: AudienceSums, errors: Errors, level: float) -> Floats:
    """float64 (a,): the least whole number of buyers that is not passed with probability `level` or more."""
    trials, chances = _trials(sums, errors)

    def at_most(counts: Floats) -> Floats:
        left = (trials - counts)[:, None]
        below = betainc(np.maximum(left, SURE), counts[:, None] + 1.0, 1.0 - chances)
        return np.where(left[:, 0] > 0, below.mean(axis=1), 1.0)

    low, high = np.full(len(trials), -1.0), np.ceil(trials)
    for _ in range(HALVINGS):
        if (high - low <= 1.0).all():
            break
        middle = np.floor((low + high) / 2.0)
        enough = at_most(middle) >= level
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def mean_revenue(sums: AudienceSums, errors: Errors) -> Floats:
    """float64 (a,): the expected revenue over all errors."""
    return np.asarray(sums.revenue * _moved_revenue(sums, errors).mean(axis=1) * _factor(errors.spend_bias))


def revenue_quantile(sums: AudienceSums, errors: Errors, level: float) -> Floats:
    """float64 (a,): the revenue that is not passed with probability `level`.

    Given the errors, revenue is nothing with the chance of no buyer, else gamma with the audience's mean and variance.
    """
    trials, chances = _trials(sums, errors)
    nothing = np.exp(trials[:, None] * np.log1p(-chances))
    scale = _moved_revenue(sums, errors) * _spend_factors(errors)[None, :]
    mean = sums.revenue[:, None] * scale
    by_chance = sums.revenue_squares * (1.0 + errors.spend_variation**2) - sums.certain_revenue_squares
    variance = scale**2 * by_chance[:, None].clip(min=0.0)
    some = np.maximum(1.0 - nothing, SURE)
    mean_if_some = np.maximum(mean / some, SURE)
    variance_if_some = np.maximum((variance + mean**2) / some - mean_if_some**2, (1e-6 * mean_if_some) ** 2)
    shape, width = mean_if_some**2 / variance_if_some, variance_if_some / mean_if_some

    def at_most(revenue: Floats) -> Floats:
        return np.asarray((nothing + (1.0 - nothing) * gammainc(shape, revenue[:, None] / width)).mean(axis=1))

    return _bisected(at_most, (mean_if_some + 12.0 * np.sqrt(variance_if_some)).max(axis=1), level)


def _trials(sums: AudienceSums, errors: Errors) -> tuple[Floats, Floats]:
    # (a,) members that would buy alike, and (a, nodes) their chance under each error.
    certain = np.maximum(sums.certain, SURE**2)
    trials = sums.buyers**2 / certain
    return trials, _chances(certain / np.maximum(sums.buyers, SURE), errors)


def _moved_revenue(sums: AudienceSums, errors: Errors) -> Floats:
    # (a, nodes) revenue under each error over the revenue without one, bounded as the number of buyers is.
    chance = np.clip(1.0 - sums.uncertain_revenue / np.maximum(sums.revenue, SURE), SURE, 1.0 - SURE)
    return _chances(chance, errors) / chance[:, None]


def _chances(chance: Floats, errors: Errors) -> Floats:
    # (a, nodes) the chance under each error. The errors are placed so that the mean is the chance moved by the bias,
    # as the bias was measured: by so many variances. Else the bend of the logistic curve would lower it.
    chance = np.clip(chance, SURE, 1.0 - SURE)
    wanted = np.clip(chance * (1.0 + errors.bias * (1.0 - chance)), SURE, 1.0 - SURE)
    moved = logit(chance)[:, None] + np.sqrt(np.log1p(errors.spread**2))[:, None] * _nodes()[None, :]
    low, high = np.full(len(chance), -FARTHEST), np.full(len(chance), FARTHEST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        enough = expit(moved + middle[:, None]).mean(axis=1) >= wanted
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.asarray(expit(moved + high[:, None]))


def _spend_factors(errors: Errors) -> Floats:
    # In an order that has nothing to do with that of the buyers' errors (a low-discrepancy one).
    places = np.argsort(np.mod(np.arange(NODES) * 0.6180339887498949, 1.0), kind="stable")
    factors = np.exp(np.sqrt(np.log1p(errors.spend_spread**2)) * _nodes()[places])
    return np.asarray(_factor(errors.spend_bias) * factors / factors.mean())


def _factor(bias: float) -> float:
    return max(1.0 + bias, LEAST_FACTOR)


def _nodes() -> Floats:
    # Equally likely errors with standard deviation 1.
    quantiles = stdtrit(TAIL_DEGREES, (np.arange(NODES) + 0.5) / NODES)
    return np.asarray(quantiles / np.sqrt(np.mean(quantiles**2)))


def _bisected(at_most: Callable[[Floats], Floats], highest: Floats, level: float) -> Floats:
    # Where nothing already has a chance of `level`, the quantile is exactly nothing.
    low = np.zeros_like(highest)
    high = np.where(at_most(low) >= level, 0.0, highest)
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        enough = at_most(middle) >= level
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high
