"""Evaluates expected buyers and revenue: at each snapshot with what was known then, beside what happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
import numpy.typing as npt

from training.propensity.backtest import ScoredTarget, backtested_audiences, known_at
from training.propensity.backtested import BacktestedAudience, sums_of
from training.propensity.forecast import Interval, fit_forecast

Floats = npt.NDArray[np.float64]
Grouping = Literal["all", "snapshot", "test", "horizon", "share", "kind", "expected buyers"]

EDGES = (0.0, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Bins of probabilities in the reliability diagram."""
BUYER_EDGES = (0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, np.inf)
"""Bins of expected buyers."""


@dataclass(frozen=True, kw_only=True)
class JudgedAudience:
    """An audience with the intervals that would have been told on its day."""

    audience: BacktestedAudience
    buyers: Interval
    revenue: Interval | None
    """None for events and lapse, which bring none."""

    @property
    def is_held(self) -> bool:
        return self.buyers.low <= self.audience.buyers <= self.buyers.high

    @property
    def is_revenue_held(self) -> bool:
        return self.revenue is not None and self.revenue.low <= self.audience.revenue <= self.revenue.high


@dataclass(frozen=True, kw_only=True)
class ExpectedRow:
    """A group of audiences: how often the truth lay in the 90% interval, and how much was predicted of what came."""

    grouping: Grouping
    group: str
    audiences: int
    held: float
    below: float
    """Share with fewer buyers than the interval begins at."""
    above: float
    predicted_to_actual: float
    """Expected buyers over actual ones, both summed."""
    summed_to_actual: float
    """The same for the plain sum of the probabilities, without the bias of earlier snapshots."""
    width: float
    """Mean width of the interval over its expectation, of audiences that expect three buyers or more."""
    revenue_audiences: int
    revenue_held: float
    revenue_predicted_to_actual: float


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """Members with every target and horizon whose probability lies in the bin."""

    lowest: float
    highest: float
    members: int
    predicted: float
    """Mean probability."""
    actual: float
    """Share who did it."""


def judge(audiences: Sequence[BacktestedAudience]) -> list[JudgedAudience]:
    """Each audience with the intervals of a forecast that was fitted on what was known at its snapshot."""
    judged: list[JudgedAudience] = []
    for at in sorted({each.snapshot_at for each in audiences}):
        model = fit_forecast(known_at(audiences, at))
        there = [each for each in audiences if each.snapshot_at == at]
        for kind, days in sorted({(each.kind, each.horizon_days) for each in there}):
            group = [each for each in there if (each.kind, each.horizon_days) == (kind, days)]
            sums = sums_of(group)
            buyers = model.buyers_of(sums, horizon_days=days, kind=kind)
            revenue = model.revenue_of(sums, horizon_days=days, kind=kind)
            has_revenue = kind in ("products", "launch")
            judged += [
                JudgedAudience(audience=each, buyers=one, revenue=other if has_revenue else None)
                for each, one, other in zip(group, buyers, revenue, strict=True)
            ]
    return judged


def expected_rows(
    judged: Sequence[JudgedAudience], *, test_from: datetime, name: Callable[[datetime], str]
) -> list[ExpectedRow]:
    """The table: over all, on the test snapshots (from `test_from` on), and by snapshot, horizon, share, kind, size.

    `name` says what a snapshot is called.
    """
    by: dict[Grouping, Callable[[JudgedAudience], tuple[float, str]]] = {
        "all": lambda _each: (0.0, "all"),
        "test": lambda each: (1.0, "test") if each.audience.snapshot_at >= test_from else (0.0, "chosen on"),
        "snapshot": lambda each: (each.audience.snapshot_at.timestamp(), name(each.audience.snapshot_at)),
        "horizon": lambda each: (each.audience.horizon_days, f"{each.audience.horizon_days} days"),
        "share": lambda each: (each.audience.share, f"best {each.audience.share:.0%}"),
        "kind": lambda each: (0.0, each.audience.kind),
        "expected buyers": _size_of,
    }
    return [
        _row(grouping, label, [each for each in judged if key(each) == (place, label)])
        for grouping, key in by.items()
        for place, label in sorted({key(each) for each in judged})
    ]


class Reliability:
    """Adds up probabilities and what happened, bin by bin, over whole populations."""

    def __init__(self) -> None:
        self._sums = np.zeros((3, len(EDGES) - 1))

    def add(self, scored: ScoredTarget) -> None:
        """Adds the members of one target and horizon."""
        bins = np.clip(np.searchsorted(EDGES, scored.probabilities, side="right") - 1, 0, len(EDGES) - 2)
        for row, weights in enumerate((None, scored.probabilities, scored.happened.astype(np.float64))):
            self._sums[row] += np.bincount(bins, weights=weights, minlength=len(EDGES) - 1)

    def bins(self) -> list[ReliabilityBin]:
        """Those that hold anybody."""
        return [
            ReliabilityBin(
                lowest=EDGES[number],
                highest=EDGES[number + 1],
                members=int(members),
                predicted=float(predicted / members),
                actual=float(actual / members),
            )
            for number, (members, predicted, actual) in enumerate(self._sums.T)
            if members
        ]


def collect(scored: Iterable[ScoredTarget], reliability: Reliability | None = None) -> list[BacktestedAudience]:
    """The audiences of every scored target; the whole populations go into `reliability`."""
    audiences: list[BacktestedAudience] = []
    for each in scored:
        audiences += backtested_audiences(each)
        if reliability is not None:
            reliability.add(each)
    return audiences


def is_judged(audience: BacktestedAudience, *, first: datetime) -> bool:
    """Whether the audience is reported: snapshots before `first` serve to fit the errors alone."""
    return audience.snapshot_at >= first


def _size_of(judged: JudgedAudience) -> tuple[float, str]:
    place = int(np.searchsorted(BUYER_EDGES, judged.buyers.expected, side="right")) - 1
    low, high = BUYER_EDGES[place], BUYER_EDGES[place + 1]
    return low, (f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} and more")


def _row(grouping: Grouping, group: str, judged: Sequence[JudgedAudience]) -> ExpectedRow:
    with_revenue = [each for each in judged if each.revenue is not None]
    wide = [each.buyers for each in judged if each.buyers.expected >= 3.0]
    actual = sum(each.audience.buyers for each in judged)
    return ExpectedRow(
        grouping=grouping,
        group=group,
        audiences=len(judged),
        held=_mean([each.is_held for each in judged]),
        below=_mean([each.audience.buyers < each.buyers.low for each in judged]),
        above=_mean([each.audience.buyers > each.buyers.high for each in judged]),
        predicted_to_actual=_ratio(sum(each.buyers.expected for each in judged), actual),
        summed_to_actual=_ratio(sum(each.audience.expected_buyers for each in judged), actual),
        width=_mean([(each.high - each.low) / each.expected for each in wide]),
        revenue_audiences=len(with_revenue),
        revenue_held=_mean([each.is_revenue_held for each in with_revenue]),
        revenue_predicted_to_actual=_ratio(
            sum(each.revenue.expected for each in with_revenue if each.revenue is not None),
            sum(each.audience.revenue for each in with_revenue),
        ),
    )


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _ratio(one: float, other: float) -> float:
    return one / other if other else float("nan")
