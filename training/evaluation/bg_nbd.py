"""BG/NBD: who is still a customer, and how often such customers come, told from recency and frequency alone.

Source: Fader, Hardie and Lee 2005, "Counting Your Customers the Easy Way". Fitted by maximum likelihood here: the
libraries that do it are either no longer maintained (lifetimes, since 2020) or bring a probabilistic programming stack.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import gammaln

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class BgNbd:
    """Parameters of a fitted model: purchase rates are gamma(r, alpha), drop-outs beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float

    def probability(self, repeats: Floats, last: Floats, age: Floats, *, within: float) -> Floats:
        """float64 (members,): at least one purchase in the next `within`, in the unit of the ages.

        `repeats` purchases followed the first one, the latest of them `last` after it; it lies `age` back.
        """
        ratio = np.log(self.a) - np.log(self.b + np.maximum(repeats, 1.0) - 1.0)
        ratio = ratio + (self.r + repeats) * (np.log(self.alpha + age) - np.log(self.alpha + last))
        alive = np.where(repeats > 0, 1.0 / (1.0 + np.exp(np.minimum(ratio, 700.0))), 1.0)
        silent = ((self.alpha + age) / (self.alpha + age + within)) ** (self.r + repeats)
        return np.asarray(alive * (1.0 - silent))


def fit_bg_nbd(repeats: Floats, last: Floats, age: Floats, *, penalty: float = 0.01) -> BgNbd:
    """The model of some customers, arrays (customers,); the penalty keeps the parameters of few customers near 1."""

    def loss(logs: Floats) -> float:
        r, alpha, a, b = np.exp(logs)
        return float(-_log_likelihood(repeats, last, age, r, alpha, a, b).mean() + penalty * (logs**2).sum())

    found = minimize(loss, np.zeros(4), method="L-BFGS-B", bounds=[(-8.0, 8.0)] * 4)
    r, alpha, a, b = np.exp(found.x)
    return BgNbd(r=float(r), alpha=float(alpha), a=float(a), b=float(b))


def _log_likelihood(repeats: Floats, last: Floats, age: Floats, r: float, alpha: float, a: float, b: float) -> Floats:
    rates = gammaln(r + repeats) - gammaln(r) + r * np.log(alpha)
    staying = gammaln(a + b) + gammaln(b + repeats) - gammaln(b) - gammaln(a + b + repeats)
    still = -(r + repeats) * np.log(alpha + age)
    gone = np.log(a) - np.log(b + np.maximum(repeats, 1.0) - 1.0) - (r + repeats) * np.log(alpha + last)
    return np.asarray(rates + staying + np.where(repeats > 0, np.logaddexp(still, gone), still))
