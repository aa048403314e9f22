"""The bundles that somebody could be offered: a liked product with one or two that are really bought with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serving.recommendations.likings import Likings, Mask, Scores
from training.protocol import Rows
from training.release.together import Together

ANCHORS = 100
"""Best liked products that a bundle may be built on."""
SURE_LIFT = 20.0
"""A lift from which two products go together as well as products can."""
LEAST_LIKING = np.float32(0.1)
"""Liking of a companion of which nothing is known: it goes with a liked product all the same."""

NO_PRODUCT = -1


@dataclass(frozen=True, kw_only=True)
class Options:
    """Bundles, one per entry; every one was bought together often enough to be named."""

    rows: npt.NDArray[np.int64]
    """int64 (options, 3): the anchor and its companions, NO_PRODUCT where there is one companion alone."""
    scores: Scores
    orders: npt.NDArray[np.int32]
    """Orders that hold all products."""
    lift: Scores

    def __len__(self) -> int:
        return len(self.rows)

    def sharing(self, rows: Rows) -> Mask:
        """bool (options,): bundles with one of these products."""
        return np.asarray(np.isin(self.rows, rows[rows >= 0]).any(axis=1), dtype=np.bool_)


def bundle_options(together: Together, likings: Likings, may_come: Mask, groups: Rows) -> Options:
    """Every pair and trio around the best liked products that may come, in order of anchor.

    `groups` is int64 (shelf rows,), -1 without one: two products of a group are flavours of one, not a bundle. The
    score is the anchor's liking, raised by each companion's own and by how surely they go together.
    """
    liking = likings.over(len(may_come))
    anchors = likings.rows[may_come[likings.rows]][:ANCHORS]
    pairs = _stretches(together.starts, anchors)
    trios = _stretches(together.trio_starts, anchors)
    one = np.stack(
        [pairs.anchors, together.rows[pairs.places], np.full(len(pairs.places), NO_PRODUCT, dtype=np.int64)], axis=1
    )
    two = np.concatenate([trios.anchors[:, None], together.trio_rows[trios.places].astype(np.int64)], axis=1)
    lift = np.concatenate([together.lift[pairs.places], together.trio_lift[trios.places]])
    # A trio's lift is over three chances, a pair's over two: per companion they compare.
    per_companion = np.concatenate([together.lift[pairs.places], np.sqrt(together.trio_lift[trios.places])])
    sure = np.clip(np.log(np.maximum(per_companion, 1.0)) / np.log(SURE_LIFT), 0.0, 1.0).astype(np.float32)
    rows = np.concatenate([one, two])
    companions = rows[:, 1:]
    liked = np.where(companions >= 0, np.maximum(liking[companions], LEAST_LIKING), np.float32(0))
    options = Options(
        rows=rows,
        scores=liking[rows[:, 0]] * (1 + sure * liked.sum(axis=1)),
        orders=np.concatenate([together.orders[pairs.places], together.trio_orders[trios.places]]),
        lift=lift,
    )
    kept = np.where(companions >= 0, may_come[companions], True).all(axis=1) & (options.scores > 0)
    kept &= ~_shares_group(np.where(rows >= 0, groups[rows], NO_PRODUCT))
    return Options(
        rows=options.rows[kept],
        scores=options.scores[kept],
        orders=options.orders[kept],
        lift=options.lift[kept],
    )


def _shares_group(groups: npt.NDArray[np.int64]) -> Mask:
    """bool (options,): two of an option's products are of one group; `groups` is int64 (options, 3)."""
    one, two, three = groups.T
    shared = ((one == two) & (one >= 0)) | ((one == three) & (one >= 0)) | ((two == three) & (two >= 0))
    return np.asarray(shared, dtype=np.bool_)


@dataclass(frozen=True, kw_only=True)
class _Stretches:
    anchors: Rows
    places: Rows


def _stretches(starts: Rows, rows: Rows) -> _Stretches:
    """Places of all entries that stand between the starts of each row and the next, with their row."""
    counts = starts[rows + 1] - starts[rows]
    first = np.repeat(starts[rows] - (np.cumsum(counts) - counts), counts)
    return _Stretches(anchors=np.repeat(rows, counts), places=first + np.arange(len(first)))
