"""How many of an audience will buy, and for how much: expectations with intervals that hold on later snapshots."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np

from features.contracts.atomic import write_text
from features.contracts.clock import moment_text, parse_moment
from features.contracts.errors import ReleaseDamaged
from training.propensity.audience_sums import AudienceSums, Floats, Sizes, sums_along
from training.propensity.backtested import BacktestedAudience
from training.propensity.error_laws import ErrorLaw
from training.propensity.forecast_kinds import KINDS, Kind
from training.propensity.forecast_laws import Laws, fit_laws, prior_laws
from training.propensity.predictive import (
    Errors,
    buyers_quantile,
    mean_buyers,
    mean_revenue,
    revenue_quantile,
)

FORECAST_FILE = "forecast.json"

LOW, HIGH = 0.05, 0.95
"""An interval holds the truth nine times in ten; on either side it misses once in twenty."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """What is expected, and where the truth lies in nine of ten audiences."""

    expected: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class ForecastModel:
    """Intervals of any audience; it knows how wrong audiences of each kind and horizon were on earlier snapshots."""

    laws: Mapping[tuple[Kind, int], Laws]
    """By kind (`kind_of` a target) and horizon in days; a kind that was never backtested has its prior."""
    learnt_from: Mapping[Kind, tuple[datetime, ...]] = field(default_factory=dict)
    """By kind, the snapshots whose audiences were compared with what happened."""
    audiences: int = 0

    def buyers(self, probabilities: Floats, *, horizon_days: int, kind: Kind) -> Interval:
        """The number of members who will buy (or come, or lapse); `probabilities` are the audience's, in any order."""
        return self.along(probabilities, np.array([len(probabilities)]), horizon_days=horizon_days, kind=kind)[0]

    def revenue(self, probabilities: Floats, revenue_if_bought: Floats, *, horizon_days: int, kind: Kind) -> Interval:
        """What the audience will spend on the target within the horizon."""
        whole = np.array([len(probabilities)])
        return self.revenue_along(probabilities, revenue_if_bought, whole, horizon_days=horizon_days, kind=kind)[0]

    def along(self, probabilities: Floats, sizes: Sizes, *, horizon_days: int, kind: Kind) -> list[Interval]:
        """Buyers among the first members, as many as each of `sizes` says; the members are in order, best first."""
        sums = sums_along(probabilities, np.zeros(len(probabilities)), sizes)
        return self.buyers_of(sums, horizon_days=horizon_days, kind=kind)

    def revenue_along(
        self, probabilities: Floats, revenue_if_bought: Floats, sizes: Sizes, *, horizon_days: int, kind: Kind
    ) -> list[Interval]:
        """Revenue of the first members, as many as each of `sizes` says."""
        return self.revenue_of(
            sums_along(probabilities, revenue_if_bought, sizes), horizon_days=horizon_days, kind=kind
        )

    def buyers_of(self, sums: AudienceSums, *, horizon_days: int, kind: Kind) -> list[Interval]:
        """Buyers of audiences that are known by their sums."""
        errors = self._errors(sums, horizon_days=horizon_days, kind=kind)
        return _intervals(
            mean_buyers(sums, errors), buyers_quantile(sums, errors, LOW), buyers_quantile(sums, errors, HIGH)
        )

    def revenue_of(self, sums: AudienceSums, *, horizon_days: int, kind: Kind) -> list[Interval]:
        """Revenue of audiences that are known by their sums."""
        errors = self._errors(sums, horizon_days=horizon_days, kind=kind)
        return _intervals(
            mean_revenue(sums, errors), revenue_quantile(sums, errors, LOW), revenue_quantile(sums, errors, HIGH)
        )

    def laws_of(self, kind: Kind, horizon_days: int) -> Laws:
        """The laws of a kind at the nearest horizon that was backtested, else its prior."""
        known = sorted((abs(days - horizon_days), days) for each, days in self.laws if each == kind)
        return self.laws[kind, known[0][1]] if known else prior_laws(kind)

    def _errors(self, sums: AudienceSums, *, horizon_days: int, kind: Kind) -> Errors:
        laws = self.laws_of(kind, horizon_days)
        return Errors(
            bias=laws.buyers.bias,
            spread=laws.buyers.spread(sums.rarity),
            spend_bias=laws.spend.bias,
            spend_spread=float(laws.spend.spread(np.ones(1))[0]),
            spend_variation=laws.spend_variation,
        )

    def save(self, folder: Path) -> None:
        """Writes FORECAST_FILE into the model's folder."""
        record = {
            "laws": [{"kind": kind, "horizon_days": days, **asdict(laws)} for (kind, days), laws in self.laws.items()],
            "learnt_from": {kind: [moment_text(at) for at in moments] for kind, moments in self.learnt_from.items()},
            "audiences": self.audiences,
        }
        write_text(folder / FORECAST_FILE, json.dumps(record, indent=2) + "\n")


def load_forecast(folder: Path) -> ForecastModel:
    """The model saved in `folder`. Raises ReleaseDamaged when it is missing or not one."""
    file = folder / FORECAST_FILE
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        return ForecastModel(
            laws={
                (each["kind"], int(each["horizon_days"])): Laws(
                    buyers=ErrorLaw(**each["buyers"]),
                    spend=ErrorLaw(**each["spend"]),
                    spend_variation=float(each["spend_variation"]),
                )
                for each in record["laws"]
            },
            learnt_from={
                kind: tuple(parse_moment(text) for text in texts) for kind, texts in record["learnt_from"].items()
            },
            audiences=int(record["audiences"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReleaseDamaged(
            f"release: {file} does not say how wrong forecasts have been ({error}); run `faces train`"
        ) from error


def fit_forecast(errors: Sequence[BacktestedAudience]) -> ForecastModel:
    """The model of the errors of earlier audiences.

    Each must have been forecast by a model that had seen nothing of its window.
    """
    return ForecastModel(
        laws=fit_laws(errors),
        learnt_from={
            kind: tuple(sorted({each.snapshot_at for each in errors if each.kind == kind}))
            for kind in KINDS
            if any(each.kind == kind for each in errors)
        },
        audiences=len(errors),
    )


def _intervals(expected: Floats, low: Floats, high: Floats) -> list[Interval]:
    # A rare purchase is expected a little and most likely never comes: the expectation stays inside.
    return [
        Interval(expected=float(mean), low=float(min(least, mean)), high=float(max(most, mean)))
        for mean, least, most in zip(expected, low, high, strict=True)
    ]
