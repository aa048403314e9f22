"""What a buyer of a launch will spend on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.launches.analogues import LaunchPlace
from training.launches.features import LaunchActivity
from training.launches.moment import Floats, LaunchMoment
from training.propensity.activity import SetActivity
from training.propensity.revenue import REVENUE

PRICE_RANGE = (0.2, 5.0)
"""A launch further from its analogues' price than this is taken to stand here."""


@dataclass(frozen=True, kw_only=True)
class LaunchSpending:
    """What the revenue of a launch is told from; arrays are over all members of the moment."""

    analogues: SetActivity
    visits: SetActivity
    relative_price: float
    """The launch's list price over that of its analogues; 1 where either is unknown."""

    def if_bought(self, probabilities: Floats, *, horizon_days: int) -> Floats:
        """float64 (members,): expected spend on the launch within the horizon, given a purchase."""
        return REVENUE.of_launch(
            self.analogues,
            self.visits,
            probabilities,
            horizon_days=horizon_days,
            relative_price=self.relative_price,
        )


def launch_spending(moment: LaunchMoment, place: LaunchPlace, activity: LaunchActivity) -> LaunchSpending:
    """The spending around a launch: of its analogues, or of its category where it has none that were bought."""
    analogues, _, _, category, *_, visits = activity.levels
    prices = moment.list_prices[place.analogues]
    known = prices[prices > 0]
    relative = place.price / float(np.mean(known)) if len(known) and place.price > 0 else 1.0
    return LaunchSpending(
        analogues=analogues if analogues.orders_365d.any() else category,
        visits=visits,
        relative_price=float(np.clip(relative, *PRICE_RANGE)),
    )
