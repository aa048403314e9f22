"""Measures of coupon scores, each with its standard error over resampled members."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.coupons.asks import ASK, USED
from training.coupons.scorer import Floats, Truths
from training.metrics import auc, lift_at
from training.ranking_metrics import standard_error

RESAMPLES = 400
FIRST = 10

Ids = npt.NDArray[np.str_]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean gain and the middle 95% of its resamples."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Redeeming:
    """How well scores tell who redeems: AUC and lift, on the asks and on each resample of their members."""

    auc: float
    lift10: float
    aucs: Floats
    lifts: Floats

    @property
    def auc_error(self) -> float:
        return spread(self.aucs)

    @property
    def lift10_error(self) -> float:
        return spread(self.lifts)


def measure_redeeming(redeemed: Truths, scores: Floats, members: Ids, resamples: list[Rows]) -> Redeeming:
    """The measures of `scores` (asks,); equal ones count half in the AUC and go by member id in the lift."""
    drawn = [
        (auc(redeemed[rows], scores[rows]), lift_at(redeemed[rows], scores[rows], members[rows])) for rows in resamples
    ]
    return Redeeming(
        auc=auc(redeemed, scores),
        lift10=lift_at(redeemed, scores, members),
        aucs=np.array([each[0] for each in drawn]),
        lifts=np.array([each[1] for each in drawn]),
    )


@dataclass(frozen=True, kw_only=True)
class Choosing:
    """How well scores tell which coupon is used; arrays are float64 (redeeming asks,)."""

    hit1: Floats
    recall10: Floats

    @property
    def hit1_error(self) -> float:
        return standard_error(self.hit1)

    @property
    def recall10_error(self) -> float:
        return standard_error(self.recall10)


def measure_choosing(offers: pd.DataFrame, scores: Floats) -> Choosing:
    """Whether the best-scored coupon was used, and the share of the used ones among the first FIRST, ask by ask.

    `offers` has ask, coupon_id, is_used and orders_of_all_91d; equal scores go by its popularity and then by id.
    """
    order = np.lexsort(
        (
            offers["coupon_id"].to_numpy(dtype=np.str_),
            -offers["orders_of_all_91d"].to_numpy(),
            -scores,
            offers[ASK].to_numpy(),
        )
    )
    asks = offers[ASK].to_numpy()[order]
    used = offers[USED].to_numpy(dtype=np.float64)[order]
    starts = np.flatnonzero(np.diff(asks, prepend=-1))
    sizes = np.diff(np.append(starts, len(asks)))
    place = np.arange(len(asks)) - np.repeat(starts, sizes)
    all_used = np.add.reduceat(used, starts) if len(starts) else np.empty(0)
    found = np.add.reduceat(used * (place < FIRST), starts) if len(starts) else np.empty(0)
    return Choosing(hit1=used[starts], recall10=found / np.maximum(all_used, 1.0))


def resampled_members(members: Ids, *, seed: int, count: int = RESAMPLES) -> list[Rows]:
    """Row numbers of `count` draws of as many members as there are, with replacement, each with all of its rows."""
    names, number = np.unique(members, return_inverse=True)
    order = np.argsort(number, kind="stable")
    rows_of = np.split(order, np.cumsum(np.bincount(number, minlength=len(names)))[:-1])
    random = np.random.default_rng(seed)
    return list(_draws(rows_of, random, count)) if len(names) else []


def gain_interval(ours: Floats, theirs: Floats) -> Interval:
    """The gain over paired resamples (resamples,)."""
    gains = (ours - theirs)[~np.isnan(ours - theirs)]
    if not len(gains):
        return Interval(mean=float("nan"), low=float("nan"), high=float("nan"))
    low, high = np.quantile(gains, (0.025, 0.975))
    return Interval(mean=float(gains.mean()), low=float(low), high=float(high))


def resampled_means(values: Floats, resamples: list[Rows]) -> Floats:
    """float64 (resamples,): mean of `values` over each draw's rows."""
    return np.array([values[rows].mean() for rows in resamples])


def spread(values: Floats) -> float:
    """Standard deviation over resamples, 0 with fewer than two."""
    known = values[~np.isnan(values)]
    return float(known.std(ddof=1)) if len(known) > 1 else 0.0


def _draws(rows_of: list[Rows], random: np.random.Generator, count: int) -> Iterator[Rows]:
    for _ in range(count):
        yield np.concatenate([rows_of[each] for each in random.integers(0, len(rows_of), len(rows_of))])
