"""The highest scores of each row of a matrix, ties going to the smaller column: catalogue order is the tie rule."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from training.affinity.source import Scores
from training.protocol import Rows


def top_mask(scores: Scores, count: int) -> npt.NDArray[np.bool_]:
    """bool (rows, columns): exactly the min(count, columns) highest of each row, without sorting the row."""
    columns = scores.shape[1]
    if count >= columns:
        return np.ones(scores.shape, dtype=np.bool_)
    last_in = np.partition(scores, columns - count, axis=1)[:, columns - count, None]
    above = scores > last_in
    level = scores == last_in
    room = count - above.sum(axis=1, keepdims=True)
    level &= level.cumsum(axis=1, dtype=np.int32) <= room
    mask: npt.NDArray[np.bool_] = above | level
    return mask


def top_columns(scores: Scores, count: int) -> Rows:
    """int64 (rows, min(count, columns)): columns of the highest scores, best first."""
    columns = np.nonzero(top_mask(scores, count))[1].reshape(len(scores), -1)
    order = np.argsort(-np.take_along_axis(scores, columns, axis=1), axis=1, kind="stable")
    return np.take_along_axis(columns, order, axis=1)
