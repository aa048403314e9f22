"""The placebo: audiences that nobody was told of, whose lift must be no effect about nineteen times in twenty."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.evaluation.lift import Group, rate_difference
from training.propensity.backtest import ScoredTarget

HoldOut = Callable[[Sequence[str], str], npt.NDArray[np.bool_]]
"""bool (persons,): whom to hold out, told from their ids and a salt."""


@dataclass(frozen=True, kw_only=True)
class PlaceboAudience:
    """Selected and held-out members of an audience, and whether the 95% interval of the difference holds nought."""

    target: str
    horizon_days: int
    selected: Group
    held_out: Group
    holds_no_effect: bool


def placebo(scored: Iterable[ScoredTarget], *, share: float, hold_out: HoldOut) -> list[PlaceboAudience]:
    """One audience of the best `share` of each scored target, split by `hold_out` with the target as the salt."""
    found = []
    for each in scored:
        size = max(1, round(share * len(each.probabilities)))
        held = hold_out(each.member_ids[:size].tolist(), f"{each.snapshot_at:%Y%m%d} {each.target} {each.horizon_days}")
        selected, kept_out = (_group(each.happened[:size][chosen]) for chosen in (~held, held))
        effect = rate_difference(selected, kept_out)
        found.append(
            PlaceboAudience(
                target=each.target,
                horizon_days=each.horizon_days,
                selected=selected,
                held_out=kept_out,
                holds_no_effect=effect.low is not None and effect.high is not None and effect.low <= 0.0 <= effect.high,
            )
        )
    return found


def _group(happened: npt.NDArray[np.bool_]) -> Group:
    return Group(members=len(happened), buyers=int(happened.sum()))
