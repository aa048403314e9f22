"""The table of an evaluation: each method by week and over all weeks, with errors and gains over what is simpler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.evaluation.outcome import Kind, Outcome

ALL = "all"
DRAWS = 2_000
SIMPLE: tuple[Kind, ...] = ("baseline", "source")


@dataclass(frozen=True, kw_only=True)
class EvaluationRow:
    """One method in one week, or over all.

    A value of week `all` is the mean over the weeks of the mean over members; an `_error` is the standard error over
    the members of all weeks. `gain` is recall above the best baseline or source of the same rows, paired by member;
    `gain_low` and `gain_high` bound 95% of its bootstrap over members.
    """

    method: str
    kind: Kind
    week: int | str
    members: int
    recall: float
    recall_error: float
    ndcg: float
    ndcg_error: float
    hit: float
    hit_error: float
    precision: float
    precision_error: float
    coverage: float
    novelty: float
    repeat_recall: float
    explore_recall: float
    explore_recall_error: float
    first_day_recall: float
    best_simple: str
    gain: float
    gain_low: float
    gain_high: float


def summarise(outcomes: Sequence[Outcome], *, seed: int) -> list[EvaluationRow]:
    """One row per method and week, then one per method over all weeks, in the order in which methods first occur."""
    methods = list(dict.fromkeys(outcome.method for outcome in outcomes))
    weeks = sorted({outcome.week for outcome in outcomes})
    rows: list[EvaluationRow] = []
    for asked in [*([week] for week in weeks), weeks]:
        chosen = [outcome for outcome in outcomes if outcome.week in asked]
        best = _best_simple(chosen)
        against = [outcome for outcome in chosen if outcome.method == best]
        label = asked[0] if len(asked) == 1 and asked is not weeks else ALL
        rows += [
            _row([outcome for outcome in chosen if outcome.method == method], against, week=label, seed=seed)
            for method in methods
        ]
    return rows


def mean_and_error(per_week: Sequence[npt.NDArray[np.float64]]) -> tuple[float, float]:
    """Mean over weeks of the mean over members, and the standard error over all members; NaN values are left out."""
    means = [float(np.nanmean(values)) for values in per_week if not np.isnan(values).all()]
    every = np.concatenate(per_week)
    every = every[~np.isnan(every)]
    error = float(every.std(ddof=1) / np.sqrt(len(every))) if len(every) > 1 else float("nan")
    return (float(np.mean(means)) if means else float("nan")), error


def bootstrap(per_week: Sequence[npt.NDArray[np.float64]], *, seed: int) -> tuple[float, float]:
    """The 2.5% and 97.5% quantiles of the mean over weeks when the members of each week are drawn anew."""
    random = np.random.default_rng(seed)
    draws = np.zeros(DRAWS)
    for values in per_week:
        counts = random.multinomial(len(values), np.full(len(values), 1.0 / len(values)), size=DRAWS)
        draws += counts @ values / len(values)
    low, high = np.quantile(draws / len(per_week), [0.025, 0.975])
    return float(low), float(high)


def _best_simple(outcomes: Sequence[Outcome]) -> str:
    simple = list(dict.fromkeys(outcome.method for outcome in outcomes if outcome.kind in SIMPLE))
    means = {
        name: mean_and_error([outcome.recall for outcome in outcomes if outcome.method == name])[0] for name in simple
    }
    return max(means, key=lambda name: means[name])


def _row(outcomes: Sequence[Outcome], against: Sequence[Outcome], *, week: int | str, seed: int) -> EvaluationRow:
    gains = [ours.recall - theirs.recall for ours, theirs in zip(outcomes, against, strict=True)]
    low, high = bootstrap(gains, seed=seed)
    recall, recall_error = mean_and_error([each.recall for each in outcomes])
    ndcg, ndcg_error = mean_and_error([each.ndcg for each in outcomes])
    hit, hit_error = mean_and_error([each.hit for each in outcomes])
    precision, precision_error = mean_and_error([each.precision for each in outcomes])
    explore, explore_error = mean_and_error([each.explore_recall for each in outcomes])
    return EvaluationRow(
        method=outcomes[0].method,
        kind=outcomes[0].kind,
        week=week,
        members=sum(len(each.recall) for each in outcomes),
        recall=recall,
        recall_error=recall_error,
        ndcg=ndcg,
        ndcg_error=ndcg_error,
        hit=hit,
        hit_error=hit_error,
        precision=precision,
        precision_error=precision_error,
        coverage=float(np.mean([each.coverage for each in outcomes])),
        novelty=mean_and_error([each.novelty for each in outcomes])[0],
        repeat_recall=mean_and_error([each.repeat_recall for each in outcomes])[0],
        explore_recall=explore,
        explore_recall_error=explore_error,
        first_day_recall=mean_and_error([each.first_day_recall for each in outcomes])[0],
        best_simple=against[0].method,
        gain=float(np.mean([values.mean() for values in gains])),
        gain_low=low,
        gain_high=high,
    )
