"""Why these members: what raised their probability above the population's, for the audience and for each member."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from training.launches.features import STANDINGS

MOST_DRIVERS = 8
MOST_OF_MEMBER = 3
SAMPLE = 500
"""Members of the audience, and of the population, whose contributions are computed."""
EXPLAINED_MEMBERS = 1_000
"""The first members of an audience, each of whom gets drivers of their own."""

Contributions = npt.NDArray[np.float32]

_KINDS = (
    ("recency", r"days_since.*|overdue|visit_overdue"),
    ("frequency", r"weeks_\d+|orders_\d+d|.*_orders|week_rate|visit_count"),
    ("rhythm", r"gap_.*|mean_gap_.*"),
    ("spend", r"spend_.*|mean_basket_spend"),
    ("likeness", r"likeness_.*"),
)
"""Features that say nearly the same, so that they share one line."""


class FeatureWords(Protocol):
    """A feature in words."""

    @property
    def en(self) -> str: ...

    @property
    def zh(self) -> str: ...

    @property
    def unit(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Driver:
    """A family of features that sets the audience apart."""

    code: str
    feature: str
    """The feature of the family that says most."""
    contribution: float
    """Log odds above the population's mean; above 0 makes a purchase likelier."""
    audience: float
    """Mean of the feature in the audience; NaN where it is known of nobody."""
    population: float
    words: FeatureWords

    def to_json(self) -> dict[str, Any]:
        """The driver as answers show it; `Any` because JSON is."""
        audience, population = (_shown(value, self.words.unit) for value in (self.audience, self.population))
        return {
            "code": self.code,
            "feature": self.feature,
            "contribution": round(self.contribution, 4),
            "odds_ratio": round(float(np.exp(self.contribution)), 3),
            "audience": _number(self.audience),
            "population": _number(self.population),
            "unit": self.words.unit,
            "label": {"en": self.words.en, "zh": self.words.zh},
            "sentence": {
                "en": f"{self.words.en}: {audience} in the audience, {population} among all members",
                "zh": f"{self.words.zh}：人群{audience}，全体会员{population}",
            },
        }


def family_of(feature: str) -> str:
    """The family of a feature: its level and what kind of thing it says; a standing is of what it ranks."""
    level, _, name = STANDINGS.get(feature, feature).rpartition("__")
    for kind, pattern in _KINDS:
        if re.fullmatch(pattern, name):
            return f"{level}.{kind}" if level else kind
    return f"{level}.{name}" if level else name


def is_telling(values: Contributions) -> npt.NDArray[np.bool_]:
    """bool (features,): those in which members (rows) differ; what is the same for all of them explains nobody."""
    differs: npt.NDArray[np.bool_] = (values != values[:1]).any(axis=0) & ~np.isnan(values).all(axis=0)
    return differs


def audience_drivers(
    names: Sequence[str],
    words: Callable[[str], FeatureWords],
    *,
    audience: Contributions,
    population: Contributions,
    audience_values: Contributions,
    population_values: Contributions,
) -> list[Driver]:
    """What sets the audience apart most, at most MOST_DRIVERS families, the strongest first.

    Contributions and values are float32 (members, features) of samples of both.
    """
    if not len(audience) or not len(population):
        return []
    apart = audience.mean(axis=0, dtype=np.float64) - population.mean(axis=0, dtype=np.float64)
    families: dict[str, list[int]] = {}
    telling = is_telling(np.concatenate([audience_values, population_values]))
    for column, name in enumerate(names):
        if telling[column]:
            families.setdefault(family_of(name), []).append(column)
    strengths = {code: float(apart[columns].sum()) for code, columns in families.items()}
    drivers = []
    for code in sorted(families, key=lambda each: (-abs(strengths[each]), each))[:MOST_DRIVERS]:
        strength = strengths[code]
        if strength == 0:
            break
        # the feature that pulls most in the direction of the whole family
        lead = max(families[code], key=lambda column: float(apart[column]) * np.sign(strength))
        drivers.append(
            Driver(
                code=code,
                feature=names[lead],
                contribution=strength,
                audience=_mean(audience_values[:, lead]),
                population=_mean(population_values[:, lead]),
                words=words(names[lead]),
            )
        )
    return drivers


def member_drivers(
    names: Sequence[str],
    contributions: Contributions,
    *,
    population: Contributions,
    population_values: Contributions,
) -> list[str]:
    """For each member the strongest families as JSON: a list of at most MOST_OF_MEMBER pairs of code and log odds."""
    codes = [family_of(name) for name in names]
    different = sorted(set(codes))
    place = {code: at for at, code in enumerate(different)}
    joined = np.zeros((len(names), len(different)), dtype=np.float64)
    joined[np.arange(len(names)), [place[code] for code in codes]] = is_telling(population_values)
    apart = (contributions - population.mean(axis=0, dtype=np.float64)) @ joined
    strongest = np.argsort(-np.abs(apart), axis=1, kind="stable")[:, :MOST_OF_MEMBER]
    return [
        json.dumps([[different[at], round(float(apart[member, at]), 3)] for at in own.tolist()])
        for member, own in enumerate(strongest)
    ]


def _mean(values: Contributions) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean(dtype=np.float64)) if len(known) else float("nan")


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)


def _shown(value: float, unit: str) -> str:
    if np.isnan(value):
        return "-"
    if unit == "share":
        return f"{100 * value:.1f}%"
    return f"{value:,.2f}" if abs(value) < 10 else f"{value:,.1f}"
