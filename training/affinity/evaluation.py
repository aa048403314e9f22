"""How well the blend and each of its sources find what members buy in the week after a cut-off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.affinity.candidates import Sources, chunks
from training.affinity.frequency import Frequency
from training.affinity.model import AffinityModel
from training.affinity.pairs import Pairs
from training.affinity.source import FittedSource
from training.affinity.top import top_columns
from training.protocol import Holdout, Rows
from training.ranking_metrics import (
    PerMember,
    coverage_at,
    hit_at,
    ndcg_at,
    precision_at,
    recall_at,
    standard_error,
)

K = 10
BLEND = "thousand-faces"
"""Name of the blend in tables, beside its sources."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one source's first K products were worth at one cut-off; arrays are float64 (members,)."""

    source: str
    week: int
    recall: PerMember
    ndcg: PerMember
    hit: PerMember
    precision: PerMember
    coverage: float


@dataclass(frozen=True, kw_only=True)
class Quality:
    """A row of the table: one source over cut-offs.

    A value is the mean over cut-offs of the mean over members; its `_error` is the standard error over members, pooled
    over the cut-offs. `gain` is recall above personal frequency's, member by member.
    """

    source: str
    weeks: str
    members: int
    recall_at_10: float
    recall_at_10_error: float
    ndcg_at_10: float
    ndcg_at_10_error: float
    hit_at_10: float
    hit_at_10_error: float
    precision_at_10: float
    precision_at_10_error: float
    coverage_at_10: float
    gain: float
    gain_error: float


def evaluate(model: AffinityModel, pairs: Pairs, holdout: Holdout, *, week: int) -> list[Outcome]:
    """The outcome of the blend and then of each source, over the full catalogue."""
    sources = model.sources(pairs)
    singles = {
        "frequency": Frequency().fit(pairs),
        "item_item": sources.item_item,
        "als": sources.als,
        "popularity": sources.popularity,
    }
    blended = model.candidates(pairs, holdout.member_ids).product_rows[:, :K]
    lists = {BLEND: blended} | {name: _first(source, sources, holdout) for name, source in singles.items()}
    return [_outcome(name, week, recommended, holdout) for name, recommended in lists.items()]


def summarise(outcomes: Sequence[Outcome]) -> list[Quality]:
    """One row per source over all of its cut-offs, in the order in which sources first occur."""
    names = list(dict.fromkeys(outcome.source for outcome in outcomes))
    frequency = [outcome for outcome in outcomes if outcome.source == "frequency"]
    return [_quality([outcome for outcome in outcomes if outcome.source == name], frequency) for name in names]


def _first(source: FittedSource, sources: Sources, holdout: Holdout) -> Rows:
    """int64 (members, K): ProductRows of the source's highest scores; equal ones in catalogue order."""
    return np.concatenate(
        [top_columns(source.scores(rows), K) for _, rows in chunks(holdout.member_ids, sources.pairs)]
    )


def _outcome(name: str, week: int, recommended: Rows, holdout: Holdout) -> Outcome:
    relevant = np.diff(holdout.truth.indptr)
    hits = _hits(recommended, holdout)
    return Outcome(
        source=name,
        week=week,
        recall=recall_at(hits, relevant, k=K),
        ndcg=ndcg_at(hits, relevant, k=K),
        hit=hit_at(hits, k=K),
        precision=precision_at(hits, k=K),
        coverage=coverage_at(recommended, products=holdout.truth.shape[1], k=K),
    )


def _hits(recommended: Rows, holdout: Holdout) -> npt.NDArray[np.bool_]:
    members = np.repeat(np.arange(len(recommended)), recommended.shape[1])
    products = recommended.ravel()
    found = np.asarray(holdout.truth[members, np.maximum(products, 0)]).ravel() & (products >= 0)
    return found.reshape(recommended.shape)


def _quality(outcomes: Sequence[Outcome], frequency: Sequence[Outcome]) -> Quality:
    recall, recall_error = _mean([outcome.recall for outcome in outcomes])
    ndcg, ndcg_error = _mean([outcome.ndcg for outcome in outcomes])
    hit, hit_error = _mean([outcome.hit for outcome in outcomes])
    precision, precision_error = _mean([outcome.precision for outcome in outcomes])
    gain, gain_error = _mean([ours.recall - base.recall for ours, base in zip(outcomes, frequency, strict=True)])
    return Quality(
        source=outcomes[0].source,
        weeks=" ".join(str(outcome.week) for outcome in outcomes),
        members=sum(len(outcome.recall) for outcome in outcomes),
        recall_at_10=recall,
        recall_at_10_error=recall_error,
        ndcg_at_10=ndcg,
        ndcg_at_10_error=ndcg_error,
        hit_at_10=hit,
        hit_at_10_error=hit_error,
        precision_at_10=precision,
        precision_at_10_error=precision_error,
        coverage_at_10=float(np.mean([outcome.coverage for outcome in outcomes])),
        gain=gain,
        gain_error=gain_error,
    )


def _mean(per_cutoff: Sequence[PerMember]) -> tuple[float, float]:
    """Mean over cut-offs of the mean over members, and the standard error over all members of all cut-offs."""
    return float(np.mean([values.mean() for values in per_cutoff])), standard_error(np.concatenate(per_cutoff))
