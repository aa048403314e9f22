"""Products that go with given ones: those in the same baskets, and those that the same members buy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serving.recommendations.assortment import NOT_IN_CATALOGUE, Assortment
from training.protocol import Rows
from training.release.loaded import LoadedRelease

MOST_ANCHORS = 50
"""Given products that are looked at, the latest of them: bounds the work of a request."""

NEIGHBOUR_WEIGHT = np.float32(0.1)
"""What a likeness (cosine over members) counts beside a chance to be bought in the same basket."""


@dataclass(frozen=True, kw_only=True)
class Complements:
    """Products that go with given ones, each once and none of the given."""

    rows: Rows
    """int64 (products,): rows of the shelf, in order."""
    strength: npt.NDArray[np.float32]
    """float32 (products,), 0..1: chance that one of the given brings the product, beyond what chance alone would."""
    anchors: Rows
    """int64 (products,): the given product that it goes with best, a row of the shelf."""
    is_together: npt.NDArray[np.bool_]
    """bool (products,): known from the same baskets; else from the same members."""


NOTHING = Complements(
    rows=np.empty(0, dtype=np.int64),
    strength=np.empty(0, dtype=np.float32),
    anchors=np.empty(0, dtype=np.int64),
    is_together=np.empty(0, dtype=np.bool_),
)


def complements_of(anchors: Rows, release: LoadedRelease, assortment: Assortment) -> Complements:
    """What goes with the given rows of the shelf; -1 is a product that nobody knows."""
    anchors = np.array(list(dict.fromkeys(anchors[anchors >= 0].tolist()))[-MOST_ANCHORS:], dtype=np.int64)
    found = [_links(int(anchor), release, assortment) for anchor in anchors]
    rows = np.concatenate([each.rows for each in found]) if found else NOTHING.rows
    if not len(rows):
        return NOTHING
    joined = Complements(
        rows=rows,
        strength=np.concatenate([each.strength for each in found]),
        anchors=np.concatenate([each.anchors for each in found]),
        is_together=np.concatenate([each.is_together for each in found]),
    )
    return _each_once(joined, anchors)


def _links(anchor: int, release: LoadedRelease, assortment: Assortment) -> Complements:
    parts = []
    if release.together is not None:
        companions = release.together.of(anchor)
        # what is left of the confidence once the companion's own share of all orders is taken off
        beyond_chance = companions.confidence * (1 - 1 / np.maximum(companions.lift, np.float32(1)))
        parts.append((companions.rows, beyond_chance, True))
    catalogue_row = int(assortment.catalogue_row_of[anchor])
    if catalogue_row != NOT_IN_CATALOGUE:
        neighbours = release.affinity.neighbours
        near = neighbours.rows[catalogue_row]
        is_other = (near >= 0) & (near != catalogue_row) & (neighbours.similarities[catalogue_row] > 0)
        rows = assortment.shelf_row_of[near[is_other]]
        likeness = neighbours.similarities[catalogue_row][is_other]
        parts.append((rows[rows >= 0], likeness[rows >= 0] * NEIGHBOUR_WEIGHT, False))
    if not parts:
        return NOTHING
    rows = np.concatenate([rows for rows, _, _ in parts])
    return Complements(
        rows=rows,
        strength=np.concatenate([strength for _, strength, _ in parts]).astype(np.float32),
        anchors=np.full(len(rows), anchor, dtype=np.int64),
        is_together=np.repeat([is_together for _, _, is_together in parts], [len(part[0]) for part in parts]),
    )


def _each_once(links: Complements, given: Rows) -> Complements:
    # by row, the strongest link of each first; strengths join like independent chances
    order = np.lexsort((links.anchors, -links.strength, links.rows))
    rows = links.rows[order]
    starts = np.flatnonzero(np.concatenate([[True], rows[1:] != rows[:-1]]))
    missed = np.multiply.reduceat(1 - links.strength[order], starts)
    first = order[starts]
    is_new = ~np.isin(rows[starts], given)
    return Complements(
        rows=rows[starts][is_new],
        strength=(1 - missed)[is_new].astype(np.float32),
        anchors=links.anchors[first][is_new],
        is_together=links.is_together[first][is_new],
    )
