"""What telling an audience changed: selected against held-out members, with 95% intervals.

Rates are compared by score intervals: the difference as Mee 1984 (restricted estimates as in Miettinen and Nurminen
1985, without their factor N / (N - 1)), the ratio as Koopman 1984. Both turn round the same chi-square test without
a correction, so one holds "no effect" exactly when the other does, and neither needs a count above zero: they keep
close to their level where Wald's and log intervals fail. Means of money are compared as Welch 1947.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

LEVEL = 0.95
HALVINGS = 200


@dataclass(frozen=True, kw_only=True)
class Effect:
    """An estimate and its 95% interval; None where it cannot be said (nobody held out, or nothing to divide by)."""

    estimate: float | None
    low: float | None
    high: float | None
    """None: there is no upper bound."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Members that were treated alike."""

    members: int
    buyers: int

    @property
    def rate(self) -> float:
        """Share of buyers; 0 without members."""
        return self.buyers / self.members if self.members else 0.0


NOTHING = Effect(estimate=None, low=None, high=None)


def rate_difference(selected: Group, held_out: Group) -> Effect:
    """The share of buyers among the selected minus that among the held out."""
    if not (selected.members and held_out.members):
        return NOTHING
    estimate = selected.rate - held_out.rate

    def distance(difference: float) -> float:
        return _score(selected, held_out, difference, *_rates_of_difference(selected, held_out, difference))

    return Effect(
        estimate=estimate,
        low=_crossing(distance, -1.0, estimate),
        high=_crossing(distance, 1.0, estimate),
    )


def rate_ratio(selected: Group, held_out: Group) -> Effect:
    """The share of buyers among the selected over that among the held out: the lift."""
    if not (selected.members and held_out.members) or not (selected.buyers or held_out.buyers):
        return NOTHING
    estimate = selected.rate / held_out.rate if held_out.buyers else None

    def distance(angle: float) -> float:
        # Ratios from none to endless as an angle, so that both ends can be reached.
        ratio = angle / (1.0 - angle)
        return _ratio_score(selected, held_out, ratio)

    centre = selected.rate / (selected.rate + held_out.rate)
    low = _crossing(distance, 1e-12, centre) if selected.buyers else 0.0
    high = _crossing(distance, 1.0 - 1e-12, centre) if held_out.buyers else None
    return Effect(estimate=estimate, low=low / (1.0 - low), high=None if high is None else high / (1.0 - high))


def mean_difference(selected: npt.NDArray[np.float64], held_out: npt.NDArray[np.float64]) -> Effect:
    """The mean of a member's revenue among the selected minus that among the held out; arrays are (members,)."""
    if len(selected) < 2 or len(held_out) < 2:
        return NOTHING
    estimate = float(selected.mean() - held_out.mean())
    shares = [float(group.var(ddof=1)) / len(group) for group in (selected, held_out)]
    error = sqrt(sum(shares))
    if error == 0.0:
        return Effect(estimate=estimate, low=estimate, high=estimate)
    freedom = sum(shares) ** 2 / sum(
        share**2 / (len(group) - 1) for share, group in zip(shares, (selected, held_out), strict=True)
    )
    reach = float(stdtrit(freedom, 0.5 + LEVEL / 2.0)) * error
    return Effect(estimate=estimate, low=estimate - reach, high=estimate + reach)


def _score(selected: Group, held_out: Group, off: float, one: float, other: float) -> float:
    # How many standard errors the observed difference lies from the one asked about.
    variance = one * (1.0 - one) / selected.members + other * (1.0 - other) / held_out.members
    difference = selected.rate - held_out.rate - off
    if variance <= 1e-18:
        return 0.0 if abs(difference) < 1e-12 else inf
    return abs(difference) / sqrt(variance)


def _rates_of_difference(selected: Group, held_out: Group, difference: float) -> tuple[float, float]:
    # The likeliest two rates that differ by `difference`: the likelihood is concave, so halving its slope finds them.
    low, high = max(0.0, -difference), min(1.0, 1.0 - difference)
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
        if _slope(held_out, middle) + _slope(selected, middle + difference) > 0.0:
            low = middle
        else:
            high = middle
    rate = (low + high) / 2.0
    return min(max(rate + difference, 0.0), 1.0), rate


def _slope(group: Group, rate: float) -> float:
    gained = group.buyers / rate if rate > 0.0 else (inf if group.buyers else 0.0)
    others = group.members - group.buyers
    lost = others / (1.0 - rate) if rate < 1.0 else (inf if others else 0.0)
    return gained - lost


def _ratio_score(selected: Group, held_out: Group, ratio: float) -> float:
    # The likeliest held-out rate when the selected one is `ratio` times it: the smaller root of a quadratic.
    members, buyers = selected.members + held_out.members, selected.buyers + held_out.buyers
    a = members * ratio
    b = -(selected.members * ratio + selected.buyers + held_out.members + held_out.buyers * ratio)
    # 2c / (-b + root) is the same root without the cancellation of two large numbers.
    rate = 2.0 * buyers / (-b + sqrt(max(b * b - 4.0 * a * buyers, 0.0)))
    one, other = min(ratio * rate, 1.0), min(rate, 1.0)
    variance = one * (1.0 - one) / selected.members + ratio**2 * other * (1.0 - other) / held_out.members
    difference = selected.rate - ratio * held_out.rate
    if variance <= 0.0:
        return 0.0 if abs(difference) < 1e-12 else inf
    return abs(difference) / sqrt(variance)


def _crossing(distance: Callable[[float], float], outside: float, inside: float) -> float:
    # The value between `outside` and `inside` from which on the data are no longer that far.
    limit = float(ndtri(0.5 + LEVEL / 2.0))
    if distance(outside) <= limit:
        return outside
    for _ in range(HALVINGS):
        middle = (outside + inside) / 2.0
        if middle in (outside, inside):
            break
        if distance(middle) <= limit:
            inside = middle
        else:
            outside = middle
    return inside
