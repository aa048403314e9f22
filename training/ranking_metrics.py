"""Metrics of ranked lists, one value per member, so that errors and paired comparisons are possible.

`hits` is bool (members, ranks): whether the product at each rank was bought, best rank first. `relevant` is int
(members,): how many products of the catalogue the member bought, at least one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Hits = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]
PerMember = npt.NDArray[np.float64]


def recall_at(hits: Hits, relevant: Counts, *, k: int) -> PerMember:
    """float64 (members,): share of what the member bought that stands among the first k."""
    found: PerMember = np.asarray(hits[:, :k].sum(axis=1) / relevant)
    return found


def precision_at(hits: Hits, *, k: int) -> PerMember:
    """float64 (members,): share of the first k that the member bought; a list shorter than k still divides by k."""
    found: PerMember = hits[:, :k].sum(axis=1) / k
    return found


def hit_at(hits: Hits, *, k: int) -> PerMember:
    """float64 (members,): 1 where one of the first k was bought, else 0."""
    return np.asarray(hits[:, :k].any(axis=1), dtype=np.float64)


def ndcg_at(hits: Hits, relevant: Counts, *, k: int) -> PerMember:
    """float64 (members,): discounted gain of the first k over that of an ideal list.

    Gains are binary, discounted by log2(rank + 1); the ideal list has min(k, relevant) products at its top.
    """
    first = hits[:, :k]
    gained = first @ (1.0 / np.log2(np.arange(2, first.shape[1] + 2)))
    ideal = np.concatenate([[0.0], np.cumsum(1.0 / np.log2(np.arange(2, k + 2)))])
    found: PerMember = np.asarray(gained / ideal[np.minimum(relevant, k)])
    return found


def coverage_at(recommended: npt.NDArray[np.int64], *, products: int, k: int) -> float:
    """Share of the catalogue's `products` that stands among the first k of any member.

    `recommended` is int (members, ranks) of product rows; -1 is an empty place.
    """
    shown = np.unique(recommended[:, :k])
    return int((shown >= 0).sum()) / products if products else 0.0


def standard_error(values: PerMember) -> float:
    """Standard error of the mean; 0 for fewer than two values."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
