"""The contract of a candidate source: fitted on pairs, it scores every product for a member."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from training.affinity.pairs import Pairs
from training.protocol import Rows

Scores = npt.NDArray[np.float32]
"""float32 (members, products), higher is better, zero where nothing is known."""

SOURCES = ("frequency", "item_item", "als", "popularity")
"""Names of the sources, in the order of their contributions to the blend."""


class FittedSource(Protocol):
    """A source that has learnt from pairs."""

    def scores(self, members: Rows) -> Scores:
        """float32 (members, products) for MemberRows of the pairs; -1 is a member without pairs: zeros."""


class Source(Protocol):
    """A way to score products for members."""

    def fit(self, pairs: Pairs) -> FittedSource:
        """The source as learnt from `pairs` alone; nothing of an earlier fit remains."""
