"""Past launches as audiences whose forecast can be compared with what happened."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.contracts.clock import from_days_since_epoch
from training.launches.train import PredictedLaunch
from training.propensity.backtested import BacktestedAudience, backtested

SHARES = (0.1, 0.3, 1.0)
"""How much of the members, best first, each launch's audiences hold."""


def launch_audiences(predicted: Sequence[PredictedLaunch]) -> list[BacktestedAudience]:
    """Audiences of each past launch, each predicted by a model that had not seen the launch."""
    found = []
    for launch in predicted:
        order = np.argsort(-launch.probabilities, kind="stable")
        for share in SHARES:
            chosen = order[: max(1, round(share * len(order)))]
            found.append(
                backtested(
                    launch.probabilities[chosen],
                    launch.revenue_if_bought[chosen],
                    launch.bought[chosen],
                    launch.spent[chosen],
                    snapshot_at=from_days_since_epoch(launch.at_days),
                    kind="launch",
                    target=launch.product_id,
                    share=share,
                    horizon_days=launch.horizon_days,
                )
            )
    return found
