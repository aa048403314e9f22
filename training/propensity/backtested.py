"""An audience of an earlier snapshot: what was forecast of it, and what then happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from training.propensity.audience_sums import AudienceSums, Floats, sums_along
from training.propensity.forecast_kinds import Kind


@dataclass(frozen=True, kw_only=True)
class BacktestedAudience:
    """The sums that its forecast is made of (audience_sums.py says what each is), and what its members did."""

    snapshot_at: datetime
    kind: Kind
    target: str
    """What was to be sold, in words; audiences of one snapshot and target share its error."""
    horizon_days: int
    share: float
    """Of the active members, best first; 1: all of them."""
    members: int
    expected_buyers: float
    certain: float
    expected_revenue: float
    uncertain_revenue: float
    revenue_squares: float
    certain_revenue_squares: float
    buyers: int
    revenue: float
    spend_expected_of_buyers: float
    """Sum of the revenue if bought over those who did buy."""
    spend_squares_of_buyers: float
    """Sum of its squares."""
    spend_errors_of_buyers: float
    """Sum over the buyers of the squared difference between what they spent and what was expected of them."""

    @property
    def variance(self) -> float:
        """Of the number of buyers if the probabilities were right."""
        return max(self.expected_buyers - self.certain, 0.0)


def backtested(
    probabilities: Floats,
    revenue_if_bought: Floats,
    bought: npt.NDArray[np.bool_],
    spent: Floats,
    *,
    snapshot_at: datetime,
    kind: Kind,
    target: str,
    horizon_days: int,
    share: float,
) -> BacktestedAudience:
    """The audience of the members given, arrays (members,): `bought` and `spent` are what followed."""
    sums = sums_along(probabilities, revenue_if_bought, np.array([len(probabilities)]))
    of_buyers = revenue_if_bought[bought]
    return BacktestedAudience(
        snapshot_at=snapshot_at,
        kind=kind,
        target=target,
        horizon_days=horizon_days,
        share=share,
        members=len(probabilities),
        expected_buyers=float(sums.buyers[0]),
        certain=float(sums.certain[0]),
        expected_revenue=float(sums.revenue[0]),
        uncertain_revenue=float(sums.uncertain_revenue[0]),
        revenue_squares=float(sums.revenue_squares[0]),
        certain_revenue_squares=float(sums.certain_revenue_squares[0]),
        buyers=int(bought.sum()),
        revenue=float(spent[bought].sum()),
        spend_expected_of_buyers=float(of_buyers.sum()),
        spend_squares_of_buyers=float((of_buyers**2).sum()),
        spend_errors_of_buyers=float(((spent[bought] - of_buyers) ** 2).sum()),
    )


def sums_of(audiences: Sequence[BacktestedAudience]) -> AudienceSums:
    """The sums of each audience, arrays (audiences,)."""

    def column(name: str) -> Floats:
        return np.array([getattr(each, name) for each in audiences], dtype=np.float64)

    return AudienceSums(
        buyers=column("expected_buyers"),
        certain=column("certain"),
        revenue=column("expected_revenue"),
        uncertain_revenue=column("uncertain_revenue"),
        revenue_squares=column("revenue_squares"),
        certain_revenue_squares=column("certain_revenue_squares"),
    )
