"""Means of propensity over targets, and how far they lie above the best simple method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from training.propensity.evaluation import MEASURES, TargetQuality

RESAMPLES = 2_000
RIVAL = "LightGBM per target"
NO_VALUE = float("nan")
Kind = Literal["baseline", "variant", "product"]


@dataclass(frozen=True, kw_only=True)
class PropensityRow:
    """A row of the table: one method on one target, or the mean over all.

    Errors are standard errors over targets. A gain is the mean above the best baseline's, between its low and high in
    95% of paired resamples of targets.
    """

    method: str
    kind: Kind
    level: str
    """`all`, or the target's name."""
    target_kind: str
    auc: float
    ap: float
    lift10: float
    ece: float
    auc_never: float
    """AUC among the members who had not bought the target within 365 days."""
    auc_error: float = NO_VALUE
    ap_error: float = NO_VALUE
    lift10_error: float = NO_VALUE
    ece_error: float = NO_VALUE
    auc_never_error: float = NO_VALUE
    targets: int = 1
    members: int = 0
    buyers: int = 0
    penetration: float = NO_VALUE
    """Share of the active members who bought it when targets were chosen."""
    auc_gain: float = NO_VALUE
    auc_gain_low: float = NO_VALUE
    auc_gain_high: float = NO_VALUE
    ap_gain: float = NO_VALUE
    ap_gain_low: float = NO_VALUE
    ap_gain_high: float = NO_VALUE
    targets_won: float = NO_VALUE
    """Share of the targets with a higher AUC than a model of the target alone has."""


def with_means(rows: Sequence[TargetQuality], *, seed: int) -> list[PropensityRow]:
    """One row of means for each method and then every row of a single target."""
    by_method: dict[str, list[TargetQuality]] = {}
    for row in rows:
        by_method.setdefault(row.method, []).append(row)
    targets = len(next(iter(by_method.values())))
    draws = np.random.default_rng(seed).integers(0, targets, (RESAMPLES, targets))
    means = [_mean(method, by_method, draws) for method in by_method]
    return [*means, *(_single(row) for row in rows)]


def _mean(method: str, by_method: Mapping[str, Sequence[TargetQuality]], draws: npt.NDArray[np.int64]) -> PropensityRow:
    own = by_method[method]
    columns = {name: np.array([getattr(row, name) for row in own]) for name in MEASURES}
    known = {name: values[~np.isnan(values)] for name, values in columns.items()}
    gains = (
        {}
        if own[0].kind == "baseline"
        else {**_gain("auc", own, by_method, draws), **_gain("ap", own, by_method, draws)}
    )
    won = NO_VALUE
    if RIVAL in by_method and method != RIVAL:
        rival = np.array([row.auc for row in by_method[RIVAL]])
        won = float((columns["auc"] > rival).mean())
    return PropensityRow(
        method=method,
        kind=own[0].kind,
        level="all",
        target_kind="all",
        **{name: float(values.mean()) if len(values) else NO_VALUE for name, values in known.items()},
        **{f"{name}_error": _error(values) for name, values in known.items()},
        targets=len(own),
        members=own[0].members,
        buyers=sum(row.buyers for row in own),
        **gains,
        targets_won=won,
    )


def _gain(
    measure: str,
    own: Sequence[TargetQuality],
    by_method: Mapping[str, Sequence[TargetQuality]],
    draws: npt.NDArray[np.int64],
) -> dict[str, float]:
    baselines = {name: rows for name, rows in by_method.items() if rows[0].kind == "baseline"}
    values = {name: np.array([getattr(row, measure) for row in rows]) for name, rows in baselines.items()}
    best = max(values, key=lambda name: float(values[name].mean()))
    apart = np.array([getattr(row, measure) for row in own]) - values[best]
    low, high = np.quantile(apart[draws].mean(axis=1), (0.025, 0.975))
    return {
        f"{measure}_gain": float(apart.mean()),
        f"{measure}_gain_low": float(low),
        f"{measure}_gain_high": float(high),
    }


def _error(values: npt.NDArray[np.float64]) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else NO_VALUE


def _single(row: TargetQuality) -> PropensityRow:
    return PropensityRow(
        method=row.method,
        kind=row.kind,
        level=row.target,
        target_kind=row.target_kind,
        **{name: getattr(row, name) for name in MEASURES},
        members=row.members,
        buyers=row.buyers,
        penetration=row.penetration,
    )
