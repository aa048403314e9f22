"""Where an audience ends: after so many members, below a probability, or once enough of them are expected to buy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

_SIZES_AT_ONCE = 64


def ranked(probabilities: Floats, is_candidate: npt.NDArray[np.bool_]) -> Places:
    """int64 (candidates,): positions of the candidates, the likeliest first, of equal ones the earlier position.

    Members stand in order of their id, so that ties go by it.
    """
    places = np.flatnonzero(is_candidate)
    return places[np.argsort(-probabilities[places], kind="stable")].astype(np.int64)


def size_from(probabilities: Floats, least: float) -> int:
    """How many of the probabilities, which fall, are at least so high."""
    return int(np.searchsorted(-probabilities, -least, side="right"))


def size_reaching(buyers: float, expected: Callable[[Places], Sequence[float]], *, most: int) -> int | None:
    """The smallest size of which `buyers` are expected, None when `most` members are too few.

    `expected` tells the buyers among the first members, for sizes in order; it must not fall.
    """
    if most < 1 or expected(np.array([most]))[0] < buyers:
        return None
    too_few, enough = 0, most
    while enough - too_few > 1:
        sizes = np.unique(np.linspace(too_few, enough, _SIZES_AT_ONCE + 2).astype(np.int64)[1:-1])
        sizes = sizes[(sizes > too_few) & (sizes < enough)]
        reached = np.flatnonzero(np.asarray(expected(sizes)) >= buyers)
        first = int(reached[0]) if len(reached) else len(sizes)
        too_few, enough = (
            int(sizes[first - 1]) if first else too_few,
            int(sizes[first]) if first < len(sizes) else enough,
        )
    return enough
