"""Everybody scored for one target: what audiences are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from training.launches.scoring import Analogue
from training.propensity.target import Target
from training.protocol import Ids

Floats = npt.NDArray[np.float64]
Kind = Literal["products", "launch", "event", "lapse"]


@dataclass(frozen=True, kw_only=True)
class ScoredMembers:
    """Everybody with a purchase in the 365 days before the moment, scored for one target; arrays are (members,)."""

    target: Target
    horizon_days: int
    kind: Kind
    member_ids: Ids
    """Sorted."""
    probabilities: Floats
    """Calibrated chance of a purchase, of the event, or of the lapse within the horizon."""
    revenue_if_bought: Floats
    """Expected spend on the target within the horizon, given a purchase; 0 for events and lapse."""
    last_bought_days: npt.NDArray[np.float32]
    """Days since EPOCH of the latest purchase in the target (of the event); NaN without one within 365 days."""
    last_visit_days: npt.NDArray[np.float32]
    feature_names: tuple[str, ...]
    matrix: npt.NDArray[np.float32]
    """float32 (members, features): what the booster read."""
    analogues: tuple[Analogue, ...] = ()
    """Of a launch: the products that it is like, most similar first."""
    is_by_analogues: bool = False
    """The shop has too few launches to learn from: scored as one of its analogues sells."""
