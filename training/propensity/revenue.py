"""What a member spends on a target within the horizon, given at least one purchase in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.propensity.activity import SetActivity

Floats = npt.NDArray[np.float64]

YEAR_WEEKS = 53
"""Weeks that the bits of an activity hold."""
LEAST_SPEND = 0.01


@dataclass(frozen=True, kw_only=True)
class RevenueModel:
    """Spend of a buyer: spend in a week with a purchase, times the weeks with a purchase in the horizon.

    A member's own spend per such week is shrunk to the mean of all who bought the set, brought to the size of the
    member's baskets. The weeks follow from the probability: purchases at an even rate that leave no purchase with
    1 - p come -log(1 - p) / p times when they come at all; members come less evenly, so a part of it counts.
    """

    mean_weeks: float
    """Weeks of the member's own that the set's mean counts as."""
    basket_power: float
    """How far the spend on a set follows the size of a member's baskets: 0 not at all, 1 fully."""
    return_share: float
    """Part of the further weeks with a purchase that an even rate would bring within 28 days."""
    return_power: float
    """How that part grows with the horizon: buyers of a short one come back less than an even rate would have it."""

    def if_bought(
        self, activity: SetActivity, visits: SetActivity, probabilities: Floats, *, horizon_days: int
    ) -> Floats:
        """float64 (members,): expected spend on the set within the horizon, given a purchase.

        Zeros for a set that nobody has bought.
        """
        weeks = activity.weeks(YEAR_WEEKS)
        if not weeks.any():
            return np.zeros(len(probabilities))
        typical = activity.spend_365d.sum() / weeks.sum()
        return self._spend(activity.spend_365d, weeks, typical, visits, probabilities, horizon_days=horizon_days)

    def of_launch(
        self,
        analogues: SetActivity,
        visits: SetActivity,
        probabilities: Floats,
        *,
        horizon_days: int,
        relative_price: float = 1.0,
    ) -> Floats:
        """float64 (members,): the same for a product that nobody could buy yet, from what its analogues bring.

        `relative_price` is the launch's price over that of the analogues.
        """
        weeks = analogues.weeks(YEAR_WEEKS)
        if not weeks.any():
            return np.zeros(len(probabilities))
        typical = relative_price * analogues.spend_365d.sum() / weeks.sum()
        nothing = np.zeros(len(probabilities))
        return self._spend(nothing, nothing, typical, visits, probabilities, horizon_days=horizon_days)

    def _spend(
        self,
        spend: Floats,
        weeks: Floats,
        typical: float,
        visits: SetActivity,
        probabilities: Floats,
        *,
        horizon_days: int,
    ) -> Floats:
        expected = typical * relative_baskets(visits) ** self.basket_power
        # Returns and coupons can leave less than nothing of a member's spend.
        per_week = np.maximum((spend + self.mean_weeks * expected) / (weeks + self.mean_weeks), LEAST_SPEND)
        return np.asarray(per_week * self.weeks_if_bought(probabilities, horizon_days=horizon_days))

    def weeks_if_bought(self, probabilities: Floats, *, horizon_days: int) -> Floats:
        """float64 (members,): expected weeks with a purchase within the horizon, given one; 1 at least."""
        p = np.clip(probabilities, 1e-9, 1.0 - 1e-6)
        even = -np.log1p(-p) / p
        returning = self.return_share * (horizon_days / 28.0) ** self.return_power
        return np.asarray(np.minimum(1.0 + returning * (even - 1.0), max(1.0, horizon_days / 7.0)))


def relative_baskets(visits: SetActivity) -> Floats:
    """float64 (members,): a member's spend per week with a visit over the mean of all, within a tenth and ten times.

    1 for members who have not come.
    """
    weeks = visits.weeks(YEAR_WEEKS)
    mean = visits.spend_365d.sum() / max(weeks.sum(), 1.0)
    if mean <= 0.0:
        return np.ones(len(weeks))
    own = np.divide(visits.spend_365d, weeks, out=np.full(len(weeks), mean), where=weeks > 0)
    return np.asarray(np.clip(own / mean, 0.1, 10.0))


REVENUE = RevenueModel(mean_weeks=2.0, basket_power=0.1, return_share=0.78, return_power=0.65)
"""Chosen on snapshots up to week 38 of the default data (docs/decisions/0020-forecasts.md)."""
