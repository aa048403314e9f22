"""What a build needs of the propensity model: probabilities for any target, and why they are what they are."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from training.propensity.forecast import ForecastModel
from training.propensity.scored import ScoredMembers
from training.propensity.scorer import Progress
from training.propensity.target import Target
from training.protocol import Rows


class Scorer(Protocol):
    """The propensity model of a release at one moment; `training.propensity.scorer` has the one in service."""

    @property
    def forecast(self) -> ForecastModel: ...

    def score(self, target: Target, *, horizon_days: int, progress: Progress) -> ScoredMembers:
        """Raises BadRequest for an unknown horizon, or an event that the shop has no record of."""

    def contributions(self, scored: ScoredMembers, rows: Rows) -> npt.NDArray[np.float32]:
        """float32 (rows, features): log odds that each feature adds, without what everybody has."""
