"""Chooses the blend's weights by recall@10 on the tune week, and on nothing else."""

from __future__ import annotations

from itertools import product

import numpy as np

from training.affinity.blend import BlendWeights, blend_sources, source_scores
from training.affinity.candidates import NO_PRODUCT, Sources, chunks
from training.affinity.top import top_columns
from training.protocol import Holdout
from training.ranking_metrics import recall_at

TOP = 10

ITEM_ITEM_GRID = (0.0, 0.05, 0.1, 0.2)
ALS_GRID = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4)
POPULARITY_GRID = (0.0, 0.001, 0.02, 0.05)

GRID = tuple(
    BlendWeights(item_item=item_item, als=als, popularity=popularity)
    for item_item, als, popularity in product(ITEM_ITEM_GRID, ALS_GRID, POPULARITY_GRID)
)
"""Every combination tried; the first is frequency alone, so that the choice cannot be worse than it on that week."""


def choose_weights(sources: Sources, holdout: Holdout) -> BlendWeights:
    """The weights of GRID with the highest mean recall@10 on `holdout`; the earlier of equal ones."""
    totals = np.zeros(len(GRID))
    relevant = np.diff(holdout.truth.indptr)
    start = 0
    for ids, rows in chunks(holdout.member_ids, sources.pairs):
        union = sources.union_of(ids, rows)
        scored = source_scores(union.values, as_of_days=sources.pairs.as_of_days)
        truth = holdout.truth[start : start + len(ids)].toarray()
        is_empty = union.product_rows == NO_PRODUCT
        bought = np.take_along_axis(truth, np.where(is_empty, 0, union.product_rows), axis=1) & ~is_empty
        for i, weights in enumerate(GRID):
            hits = np.take_along_axis(bought, top_columns(blend_sources(scored, weights).scores, TOP), axis=1)
            totals[i] += recall_at(hits, relevant[start : start + len(ids)], k=TOP).sum()
        start += len(ids)
    return GRID[int(np.argmax(totals))]
