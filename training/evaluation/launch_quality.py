"""Measures of launch audiences: launch by launch, their means, and how far they lie above the best simple rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

MEASURES = ("auc", "ap", "lift10", "ece")
RESAMPLES = 2_000
NO_VALUE = float("nan")
Kind = Literal["baseline", "variant", "product"]


@dataclass(frozen=True, kw_only=True)
class LaunchQuality:
    """A row of the table: one method on one launch, or the mean over all.

    Errors are standard errors over launches. A gain is the mean above the best baseline's, between its low and high
    in 95% of paired resamples of launches.
    """

    method: str
    kind: Kind
    level: str
    """`all`, or a product id."""
    auc: float
    ap: float
    lift10: float
    ece: float = NO_VALUE
    pooled_ece: float = NO_VALUE
    """Calibration error over the members of all launches together."""
    auc_error: float = NO_VALUE
    ap_error: float = NO_VALUE
    lift10_error: float = NO_VALUE
    ece_error: float = NO_VALUE
    members: int = 0
    buyers: int = 0
    predicted: float = NO_VALUE
    """Buyers that the probabilities add up to."""
    launches: int = 1
    auc_gain: float = NO_VALUE
    auc_gain_low: float = NO_VALUE
    auc_gain_high: float = NO_VALUE
    lift10_gain: float = NO_VALUE
    lift10_gain_low: float = NO_VALUE
    lift10_gain_high: float = NO_VALUE


def with_means(rows: Sequence[LaunchQuality], *, seed: int) -> list[LaunchQuality]:
    """The rows of single launches behind one row of means for each method, with its gain over the best baseline."""
    by_method: dict[str, list[LaunchQuality]] = {}
    for row in rows:
        by_method.setdefault(row.method, []).append(row)
    means = [mean_of(each) for each in by_method.values()]
    launches = len(next(iter(by_method.values())))
    draws = np.random.default_rng(seed).integers(0, launches, (RESAMPLES, launches))
    return [*(_with_gains(mean, means, by_method, draws) for mean in means), *rows]


def _with_gains(
    mean: LaunchQuality,
    means: Sequence[LaunchQuality],
    by_method: Mapping[str, Sequence[LaunchQuality]],
    draws: npt.NDArray[np.int64],
) -> LaunchQuality:
    baselines = [each for each in means if each.kind == "baseline"]
    if mean.kind == "baseline" or not baselines:
        return mean

    def gain(measure: str) -> tuple[float, float, float]:
        best = max(baselines, key=lambda row: float(getattr(row, measure)))
        ours, theirs = (np.array([getattr(row, measure) for row in by_method[m.method]]) for m in (mean, best))
        low, high = np.quantile((ours - theirs)[draws].mean(axis=1), (0.025, 0.975))
        return float((ours - theirs).mean()), float(low), float(high)

    auc_gain, auc_low, auc_high = gain("auc")
    lift_gain, lift_low, lift_high = gain("lift10")
    return replace(
        mean,
        auc_gain=auc_gain,
        auc_gain_low=auc_low,
        auc_gain_high=auc_high,
        lift10_gain=lift_gain,
        lift10_gain_low=lift_low,
        lift10_gain_high=lift_high,
    )


def mean_of(rows: Sequence[LaunchQuality]) -> LaunchQuality:
    """The means of one method over its launches, with their standard errors."""
    columns = {name: np.array([getattr(row, name) for row in rows]) for name in MEASURES}
    root = np.sqrt(len(rows))
    errors = {
        f"{name}_error": float(values.std(ddof=1) / root) if len(rows) > 1 else NO_VALUE
        for name, values in columns.items()
    }
    return LaunchQuality(
        method=rows[0].method,
        kind=rows[0].kind,
        level="all",
        **{name: float(values.mean()) for name, values in columns.items()},
        **errors,
        pooled_ece=rows[0].pooled_ece,
        members=sum(row.members for row in rows),
        buyers=sum(row.buyers for row in rows),
        predicted=float(sum(row.predicted for row in rows)),
        launches=len(rows),
    )
