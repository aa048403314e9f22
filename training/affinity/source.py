"""The contract of a candidate source: fitted on a moment of the shop, it scores every product for a member."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from training.affinity.moment import ShopMoment
from training.protocol import Rows

Scores = npt.NDArray[np.float32]
"""float32 (members, products), higher is better, zero where nothing is known."""

SOURCES = (
    "frequency",
    "item_item",
    "als",
    "popularity",
    "neighbours",
    "next_basket",
    "favourite_category",
    "favourite_brand",
    "stores",
    "trending",
    "arrivals",
    "analogues",
    "rhythm",
)
"""Names of the sources; the blend adds the first four."""


class FittedSource(Protocol):
    """A source that has learnt from a moment."""

    def scores(self, members: Rows) -> Scores:
        """float32 (members, products) for MemberRows of the pairs.

        -1 is a member without pairs: zeros, or what everybody gets where the source is not personal.
        """


class Source(Protocol):
    """A way to score products for members."""

    def fit(self, moment: ShopMoment) -> FittedSource:
        """The source as learnt from `moment` alone; nothing of an earlier fit remains."""
