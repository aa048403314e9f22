"""Buyers by tenth of a ranking: how far the best places lie above members taken by lot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

TENTHS = 10


@dataclass(frozen=True, kw_only=True)
class Tenth:
    """One tenth of the ranked members, over all rankings; the first holds the best places."""

    tenth: int
    members: int
    buyers: int
    lift: float
    """Share of buyers in it over that of all members, mean over rankings."""
    lift_error: float
    """Standard error over rankings; 0 with one."""


@dataclass(frozen=True, kw_only=True)
class RankedBuyers:
    """One ranking: members and buyers of each tenth."""

    members: tuple[int, ...]
    buyers: tuple[int, ...]


def ranked_buyers(
    bought: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64], ids: npt.NDArray[np.str_]
) -> RankedBuyers:
    """Members and buyers by tenth, cut as `lift_at` cuts; arrays are (members,), ties go by id, ascending."""
    order = np.lexsort((ids, -scores))
    edges = [max(1, round(len(order) * place / TENTHS)) if place else 0 for place in range(TENTHS + 1)]
    parts = [bought[order[start:end]] for start, end in pairwise(edges)]
    return RankedBuyers(members=tuple(len(each) for each in parts), buyers=tuple(int(each.sum()) for each in parts))


def tenths_of(rankings: Sequence[RankedBuyers]) -> tuple[Tenth, ...]:
    """The tenths over all rankings that have buyers; empty without one."""
    known = [each for each in rankings if sum(each.buyers)]
    return tuple(_tenth(place, known) for place in range(TENTHS)) if known else ()


def _tenth(place: int, rankings: Sequence[RankedBuyers]) -> Tenth:
    lifts = np.array(
        [
            (each.buyers[place] / each.members[place]) / (sum(each.buyers) / sum(each.members))
            for each in rankings
            if each.members[place]
        ]
    )
    return Tenth(
        tenth=place + 1,
        members=sum(each.members[place] for each in rankings),
        buyers=sum(each.buyers[place] for each in rankings),
        lift=float(lifts.mean()) if len(lifts) else 0.0,
        lift_error=float(lifts.std(ddof=1) / np.sqrt(len(lifts))) if len(lifts) > 1 else 0.0,
    )
