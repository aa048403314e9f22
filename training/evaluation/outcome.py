"""What one method's lists were worth at one cut-off, member by member."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from training.evaluation.truth import Judge, hits_in
from training.protocol import Rows
from training.ranking_metrics import PerMember, coverage_at, hit_at, ndcg_at, precision_at, recall_at

K = 10
Kind = Literal["baseline", "source", "variant", "product"]


@dataclass(frozen=True, kw_only=True)
class Lists:
    """What a method recommends to the members of a holdout."""

    first: Rows
    """int64 (members, K): ProductRows, best first, -1 where there are fewer."""
    new: Rows
    """int64 (members, K): the same of products that the member never bought."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Arrays are float64 (members,); NaN where a member has nothing of the kind to be found."""

    method: str
    kind: Kind
    week: int
    recall: PerMember
    ndcg: PerMember
    hit: PerMember
    precision: PerMember
    novelty: PerMember
    """Mean surprise of the list, bits."""
    repeat_recall: PerMember
    """Of the products bought before and again: share in the first K."""
    explore_recall: PerMember
    """Of the products bought for the first time: share in the first K of the never-bought list."""
    first_day_recall: PerMember
    coverage: float


def outcome_of(method: str, kind: Kind, lists: Lists, judge: Judge) -> Outcome:
    """The outcome of a method's lists."""
    relevant = _counts(judge.truth)
    hits = hits_in(judge.truth, lists.first)
    return Outcome(
        method=method,
        kind=kind,
        week=judge.week,
        recall=recall_at(hits, relevant, k=K),
        ndcg=ndcg_at(hits, relevant, k=K),
        hit=hit_at(hits, k=K),
        precision=precision_at(hits, k=K),
        novelty=_novelty(lists.first, judge),
        repeat_recall=_recall(judge.repeated, lists.first),
        explore_recall=_recall(judge.new, lists.new),
        first_day_recall=_recall(judge.first_day, lists.first),
        coverage=coverage_at(lists.first, products=judge.truth.shape[1], k=K),
    )


def _recall(truth: csr_matrix, lists: Rows) -> PerMember:
    relevant = _counts(truth)
    found = recall_at(hits_in(truth, lists), np.maximum(relevant, 1), k=K)
    return np.where(relevant > 0, found, np.nan)


def _novelty(lists: Rows, judge: Judge) -> PerMember:
    is_shown = lists >= 0
    surprise = np.where(is_shown, judge.surprise[np.maximum(lists, 0)], 0.0)
    return np.asarray(surprise.sum(axis=1) / np.maximum(is_shown.sum(axis=1), 1))


def _counts(truth: csr_matrix) -> npt.NDArray[np.int64]:
    counts: npt.NDArray[np.int64] = np.diff(csr_matrix(truth).indptr).astype(np.int64)
    return counts
