"""The loop over tests and rows, compiled to vector instructions when a process loads its first ranker."""

from __future__ import annotations

from functools import cache
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from training.ranker.tree_masks import LARGEST, TreeMasks

ZERO = np.float32(1e-35)
"""LightGBM takes what is no further from zero for zero."""

_DE_BRUIJN = {32: 0x077CB531, 64: 0x03F79D71B4CB0A89}
"""Times a single bit, its highest bits tell which bit it was."""


class MaskKernel:
    """Evaluates one model; safe to use from several threads."""

    def __init__(self, masks: TreeMasks) -> None:
        self._masks = masks
        self._width = masks.leaf_values.shape[1]
        self._sum = _compiled(self._width)
        # `Any`: numpy's type of either width.
        unsigned: Any = masks.struck.dtype.type
        self._nothing, self._one = unsigned(0), unsigned(1)
        self._multiplier = unsigned(_DE_BRUIJN[self._width])
        self._shift = unsigned(self._width - (self._width - 1).bit_length())
        bits = np.arange(self._width, dtype=masks.struck.dtype)
        places = ((self._one << bits) * self._multiplier) >> self._shift
        self._bit_at = np.empty(self._width, dtype=np.uint8)
        self._bit_at[places.astype(np.int64)] = bits

    def sums(self, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """float64 (rows,): the leaves' values added tree after tree, as LightGBM adds them.

        `matrix` is float32 (rows, features), C-contiguous.
        """
        masks = self._masks
        out = np.zeros(len(matrix))
        columns = np.empty((2 * masks.features, len(matrix)), dtype=np.float32)
        self._sum(
            matrix,
            columns,
            masks.column,
            masks.threshold,
            masks.struck,
            masks.first,
            masks.leaf_values,
            self._bit_at,
            self._multiplier,
            self._shift,
            self._nothing,
            self._one,
            out,
        )
        return out


# `Any`: numba gives its compiled functions no type.
@cache
def _compiled(width: int) -> Any:
    word = f"uint{width}"
    signature = (
        f"void(float32[:,::1], float32[:,::1], int32[::1], float32[::1], {word}[::1], int32[::1], float64[:,::1], "
        f"uint8[::1], {word}, {word}, {word}, {word}, float64[::1])"
    )
    # Not cached on disk: numba's cache is a pickle. One second, when a process loads its first ranker.
    return numba.njit(signature, nogil=True)(_sum)


def _sum(
    matrix: Any,
    columns: Any,
    column: Any,
    threshold: Any,
    struck: Any,
    first: Any,
    leaf_values: Any,
    bit_at: Any,
    multiplier: Any,
    shift: Any,
    nothing: Any,
    one: Any,
    out: Any,
) -> None:
    # `Any`: arrays as the signature has them.
    rows, features = matrix.shape
    nought = np.float32(0)
    for row in range(rows):
        for feature in range(features):
            value = matrix[row, feature]
            is_missing = np.isnan(value)
            if abs(value) <= ZERO:
                value = nought
            columns[feature, row] = -np.inf if is_missing else min(value, LARGEST)
            columns[features + feature, row] = np.inf if is_missing else min(value, LARGEST)
    struck_here = np.empty(rows, dtype=struck.dtype)
    for tree in range(len(first) - 1):
        struck_here[:] = 0
        for test in range(first[tree], first[tree + 1]):
            values = columns[column[test]]
            bound = threshold[test]
            leaves = struck[test]
            for row in range(rows):
                struck_here[row] |= leaves if values[row] > bound else nothing
        for row in range(rows):
            # Of the leaves that stand, the one furthest left: the lowest bit that is not struck. Stored in between,
            # for numba computes with 64 bits and only an array cuts them off.
            struck_here[row] = ~struck_here[row] & (struck_here[row] + one)
            struck_here[row] = struck_here[row] * multiplier
            out[row] += leaf_values[tree, bit_at[struck_here[row] >> shift]]
