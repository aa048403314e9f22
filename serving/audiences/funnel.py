"""The funnel of an audience: how many members are left after each step, and why the others are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Suppressed:
    """Members that one reason leaves out."""

    reason: str
    first: int
    """Those to whom no earlier reason applies: they add up to all that are left out."""
    all: int
    """Everybody to whom it applies."""


@dataclass(frozen=True, kw_only=True)
class Suppression:
    """Who is left, and why the others are not."""

    is_left: Mask
    reasons: tuple[Suppressed, ...]


@dataclass(frozen=True, kw_only=True)
class Funnel:
    """Members after each step, in the order in which the steps are taken."""

    members: int
    """Known to the shop."""
    scored: int
    """With a purchase within the last 365 days."""
    population: int
    combined: int
    """Of the population, those whom the combination with audiences and lists lets through."""
    suppressed: tuple[Suppressed, ...]
    """Why members were left out, by exclusions and the channel, in the order in which that is asked."""
    eligible: int
    """Left after the exclusions."""
    reachable: int | None
    """Of these, those with a contact and consent for the channel; None when no channel was asked."""
    chosen: int
    selected: int
    """Chosen, and to be told."""
    held_out: int
    """Chosen, and not to be told."""

    def to_json(self) -> dict[str, Any]:
        """The funnel as answers show it; `Any` because JSON is."""
        return {
            "members": self.members,
            "scored": self.scored,
            "population": self.population,
            "combined": self.combined,
            "suppressed": {each.reason: {"first": each.first, "all": each.all} for each in self.suppressed},
            "eligible": self.eligible,
            "reachable": self.reachable,
            "chosen": self.chosen,
            "selected": self.selected,
            "held_out": self.held_out,
        }


def suppress(candidates: Mask, reasons: Mapping[str, Mask]) -> Suppression:
    """The candidates to whom no reason applies, and how many each reason left out, in the order of the reasons."""
    is_left = candidates.copy()
    counted = []
    for reason, applies in reasons.items():
        first = is_left & applies
        counted.append(Suppressed(reason=reason, first=int(first.sum()), all=int((candidates & applies).sum())))
        is_left &= ~applies
    return Suppression(is_left=is_left, reasons=tuple(counted))
