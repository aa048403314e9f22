"""Every method of the evaluation that needs no service: baselines, sources, and the rankers' bare orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.affinity.moment import ShopMoment
from training.affinity.neighbours import Neighbours
from training.affinity.source import FittedSource, Scores
from training.affinity.top import top_columns
from training.evaluation.outcome import K, Lists
from training.evaluation.truth import Judge
from training.protocol import Rows
from training.ranker.rows import RankerRows
from training.ranker.stage import Stage

OWN_SHARE = 0.7
"""Of TIFU-KNN: the member's own part. Chosen on week 44."""
MEMBERS_AT_ONCE = 256

ScoresOf = Callable[[Rows], Scores]


@dataclass(frozen=True, kw_only=True)
class FittedCounts:
    """How often each member bought each product in a year, all orders alike."""

    moment: ShopMoment

    def scores(self, members: Rows) -> Scores:
        """float32 (members, products): orders of the last 365 days."""
        known = members >= 0
        scores = np.zeros((len(members), self.moment.pairs.shape[1]), dtype=np.float32)
        scores[known] = self.moment.pairs.matrix(self.moment.pairs.orders_365d)[members[known]].toarray()
        return scores


def baselines(stage: Stage) -> dict[str, FittedSource]:
    """What a shop could do without a ranker: popularity, counts, decayed counts, and TIFU-KNN."""
    return {
        "popularity": stage.sources.fitted["popularity"],
        "frequency": FittedCounts(moment=stage.sources.moment),
        "recency-weighted frequency": stage.sources.fitted["frequency"],
        "TIFU-KNN": Neighbours(own_share=OWN_SHARE).fit(stage.sources.moment),
    }


def sources(stage: Stage) -> dict[str, FittedSource]:
    """Each candidate source alone."""
    alike = {"popularity", "frequency"}
    return {name: source for name, source in stage.sources.fitted.items() if name not in alike}


def lists_of_source(source: FittedSource, stage: Stage, judge: Judge) -> Lists:
    """The highest scores over the full catalogue, equal ones in its order: by popularity, then by id."""
    rows = stage.sources.pairs.rows_of_members(stage.holdout.member_ids)
    first: list[Rows] = []
    new: list[Rows] = []
    for start in range(0, len(rows), MEMBERS_AT_ONCE):
        chunk = slice(start, start + MEMBERS_AT_ONCE)
        scores = source.scores(rows[chunk])
        first.append(top_columns(scores, K))
        scores[judge.bought_before[chunk].toarray()] = -np.inf
        new.append(top_columns(scores, K))
    return Lists(first=np.concatenate(first), new=np.concatenate(new))


def lists_of_scores(rows: RankerRows, scores: npt.NDArray[np.float64], judge: Judge) -> Lists:
    """The highest scores among the candidates, equal ones in catalogue order; nothing else fills a short list."""
    count = len(judge.member_ids)
    is_new = ~np.asarray(judge.bought_before[rows.members, rows.product_rows]).ravel()
    return Lists(
        first=_first(rows.members, rows.product_rows, scores, count=count),
        new=_first(rows.members[is_new], rows.product_rows[is_new], scores[is_new], count=count),
    )


def _first(members: Rows, products: Rows, scores: npt.NDArray[np.float64], *, count: int) -> Rows:
    order = np.lexsort((products, -scores, members))
    sorted_members = members[order]
    ranks = np.arange(len(order)) - np.searchsorted(sorted_members, sorted_members)
    lists = np.full((count, K), -1, dtype=np.int64)
    kept = ranks < K
    lists[sorted_members[kept], ranks[kept]] = products[order][kept]
    return lists


def candidate_recall(rows: RankerRows, judge: Judge) -> float:
    """Mean share of what a member bought that is among the candidates: the ceiling of any order of them."""
    found = np.bincount(rows.members[rows.bought], minlength=len(judge.member_ids))
    return float(np.mean(found / np.diff(judge.truth.indptr)))


def ceilings(judges: Sequence[Judge]) -> tuple[float, float]:
    """Recall that no list of K can exceed: of everything, and of products bought before alone."""
    every, repeated = [], []
    for judge in judges:
        relevant = np.diff(judge.truth.indptr)
        every.append(np.mean(np.minimum(relevant, K) / relevant))
        repeated.append(np.mean(np.minimum(np.diff(judge.repeated.indptr), K) / relevant))
    return float(np.mean(every)), float(np.mean(repeated))
