"""What answers where propensity cannot be learnt: how often a member bought, drawn to the shop's mean."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.propensity.model import ABOUT_FILE, PropensityModel, contributions, load_propensity
from training.propensity.set_features import FEATURE_NAMES, Matrix
from training.propensity.target import EventType

RULE = "frequency rule"
PRIOR_WEEKS = 8.0
"""Weeks of the shop's mean that a member's own weeks are added to."""
WINDOW_WEEKS = 13
MONTH_WEEKS = 4
MOST_PENETRATION = 0.98

Floats = npt.NDArray[np.float64]

_BOUGHT = FEATURE_NAMES.index("set__weeks_13")
_AGE = FEATURE_NAMES.index("member_value__days_as_customer")
_LATELY = FEATURE_NAMES.index("set__penetration_28d")
_QUARTER = FEATURE_NAMES.index("set__penetration_91d")


@dataclass(frozen=True, kw_only=True)
class FrequencyRule:
    """Weeks with a purchase come at a rate of the member's own, which lies around the shop's mean: gamma and Poisson.

    The rate is known from the weeks of the last 13 in which the member bought the target, beside PRIOR_WEEKS of the
    mean. Source: Gelman et al. 2013, "Bayesian Data Analysis", section 2.6.
    """

    why: str
    """What there was too little of for a model."""
    horizons: tuple[int, ...]
    events: tuple[EventType, ...] = (EventType.VISIT,)
    feature_names: tuple[str, ...] = FEATURE_NAMES

    def probabilities(self, matrix: Matrix, *, horizon_days: int, threads: int = 0) -> Floats:  # noqa: ARG002 - a model's
        """float64 (rows,) of rows that `set_matrix` made. Raises ValueError for a horizon that is none of its own."""
        if horizon_days not in self.horizons:
            raise ValueError(f"horizon of {horizon_days} days: there are {self.horizons}")
        return _probabilities(matrix, matrix[:, _BOUGHT].astype(np.float64), weeks=horizon_days / 7)

    def contributions(self, matrix: Matrix, *, threads: int = 0) -> Matrix:  # noqa: ARG002 - a model's
        """float32 (rows, features): log odds that the member's own weeks add to those of one who never bought."""
        found = np.zeros((len(matrix), len(FEATURE_NAMES)), dtype=np.float32)
        if len(matrix):
            weeks = np.exp(matrix[:, FEATURE_NAMES.index("log_horizon")].astype(np.float64)) / 7
            own = _probabilities(matrix, matrix[:, _BOUGHT].astype(np.float64), weeks=weeks)
            nobody = _probabilities(matrix, np.zeros(len(matrix)), weeks=weeks)
            found[:, _BOUGHT] = _log_odds(own) - _log_odds(nobody)
        return found

    def save(self, folder: Path) -> None:
        """Writes ABOUT_FILE."""
        folder.mkdir(parents=True, exist_ok=True)
        about = {
            "rule": RULE,
            "why": self.why,
            "feature_names": list(self.feature_names),
            "horizons": list(self.horizons),
            "events": [str(event) for event in self.events],
        }
        (folder / ABOUT_FILE).write_text(json.dumps(about, indent=2), encoding="utf-8")


Propensity = PropensityModel | FrequencyRule
"""What says how likely a purchase is."""


def frequency_rule(*, why: str, horizons: Sequence[int], events: Sequence[EventType]) -> FrequencyRule:
    """The rule for some horizons; visits are always answered for."""
    return FrequencyRule(why=why, horizons=tuple(horizons), events=tuple(dict.fromkeys((EventType.VISIT, *events))))


def open_propensity(folder: Path) -> Propensity:
    """The model or the rule saved in `folder`. Raises ReleaseDamaged when its features are not those of this code."""
    about = json.loads((folder / ABOUT_FILE).read_text(encoding="utf-8"))
    if about.get("rule") != RULE:
        return load_propensity(folder)
    return FrequencyRule(
        why=about["why"],
        horizons=tuple(int(days) for days in about["horizons"]),
        events=tuple(EventType(event) for event in about["events"]),
    )


def contributions_of(propensity: Propensity, matrix: Matrix, *, threads: int = 0) -> Matrix:
    """float32 (rows, features): log odds that each feature adds, without what every row has."""
    if isinstance(propensity, FrequencyRule):
        return propensity.contributions(matrix, threads=threads)
    return contributions(propensity.booster, matrix, threads=threads)


def _probabilities(matrix: Matrix, bought_weeks: Floats, *, weeks: Floats | float) -> Floats:
    """float64 (rows,): at least one week with a purchase among the next `weeks`, by a negative binomial."""
    ages = np.nan_to_num(matrix[:, _AGE].astype(np.float64)) / 7
    known_weeks = np.clip(ages, 1.0, WINDOW_WEEKS)
    mean = _mean_rate(matrix, shop_weeks=max(1.0, float(ages.max(initial=0.0))))
    shape = bought_weeks + PRIOR_WEEKS * mean
    rate = known_weeks + PRIOR_WEEKS
    return 1.0 - (rate / (rate + weeks)) ** shape


def _mean_rate(matrix: Matrix, *, shop_weeks: float) -> Floats:
    """Weeks with a purchase per week of the mean active member, by the share who bought in four weeks and in 13.

    Windows are as long as the shop is known. The greater of the two: what is bought ever less often is not for long.
    """
    rates = []
    for column, weeks in ((_LATELY, MONTH_WEEKS), (_QUARTER, WINDOW_WEEKS)):
        share = np.clip(matrix[:, column].astype(np.float64), 0.0, MOST_PENETRATION)
        rates.append(-np.log1p(-share) / min(float(weeks), shop_weeks))
    return np.maximum(*rates)


def _log_odds(probabilities: Floats) -> Floats:
    inside = np.clip(probabilities, 1e-6, 1 - 1e-6)
    return np.log(inside) - np.log1p(-inside)
