"""The laws of a forecast's errors, by kind of target and horizon, from audiences whose windows have passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from features.contracts.clock import EPOCH
from training.propensity.audience_sums import Floats
from training.propensity.backtested import BacktestedAudience, sums_of
from training.propensity.error_laws import ErrorLaw, Residuals, fit_law, independent_windows
from training.propensity.forecast_kinds import KINDS, Kind

BUYER_PRIORS: Mapping[Kind, ErrorLaw] = {
    "products": ErrorLaw(bias=0.0, between_snapshots=0.06, between_targets=0.35),
    "launch": ErrorLaw(bias=0.0, between_snapshots=0.15, between_targets=0.70),
    "visit": ErrorLaw(bias=0.0, between_snapshots=0.15, between_targets=0.20),
    "join": ErrorLaw(bias=0.0, between_snapshots=0.40, between_targets=0.35),
    "coupon_redeemed": ErrorLaw(bias=0.0, between_snapshots=0.60, between_targets=0.35),
    "lapse": ErrorLaw(bias=0.0, between_snapshots=0.15, between_targets=0.20),
}
"""What is believed before any snapshot was seen; it counts as two snapshots and ten targets."""
SPEND_PRIOR = ErrorLaw(bias=0.0, between_snapshots=0.04, between_targets=0.10)
LAUNCH_SPEND_PRIOR = ErrorLaw(bias=0.0, between_snapshots=0.04, between_targets=0.30)
SPEND_VARIATION = 0.9
"""Standard deviation of a buyer's spend over its expectation, before any buyer was seen."""
PRIOR_BUYERS = 50.0
"""Buyers that SPEND_VARIATION counts as."""
LEAST_VARIANCE = 1e-3
"""An audience whose count is all but certain has no residual to speak of."""
LAUNCH_BLOCK = timedelta(days=28)
"""Launches fall on any day: those of a block count as one snapshot."""


@dataclass(frozen=True, kw_only=True)
class Laws:
    """How wrong the buyers and their spend have been for one kind of target and horizon."""

    buyers: ErrorLaw
    spend: ErrorLaw
    spend_variation: float


def prior_laws(kind: Kind) -> Laws:
    """What is believed of a kind that was never backtested."""
    spend = LAUNCH_SPEND_PRIOR if kind == "launch" else SPEND_PRIOR
    return Laws(buyers=BUYER_PRIORS[kind], spend=spend, spend_variation=SPEND_VARIATION)


def fit_laws(audiences: Sequence[BacktestedAudience]) -> dict[tuple[Kind, int], Laws]:
    """The laws by kind and horizon; spreads of a horizon are shrunk towards its kind, and those towards the prior."""
    found: dict[tuple[Kind, int], Laws] = {}
    for kind in KINDS:
        of_kind = [each for each in audiences if each.kind == kind]
        horizons = sorted({each.horizon_days for each in of_kind})
        shared = _fit(of_kind, prior=prior_laws(kind))
        for days in horizons:
            # Of a single horizon the kind has told everything already; of several each has a bias of its own.
            own = [each for each in of_kind if each.horizon_days == days]
            found[kind, days] = _fit(own, prior=_without_bias(shared)) if len(horizons) > 1 else shared
    return found


def _without_bias(laws: Laws) -> Laws:
    return replace(laws, buyers=replace(laws.buyers, bias=0.0), spend=replace(laws.spend, bias=0.0))


def _fit(audiences: Sequence[BacktestedAudience], *, prior: Laws) -> Laws:
    variation = _spend_variation(audiences, prior=prior.spend_variation)

    return Laws(
        buyers=_fit_buyers([each for each in audiences if each.variance > LEAST_VARIANCE], prior=prior.buyers),
        spend=_fit_spend(
            [each for each in audiences if each.spend_expected_of_buyers > 0], variation=variation, prior=prior.spend
        ),
        spend_variation=variation,
    )


def _fit_buyers(audiences: Sequence[BacktestedAudience], *, prior: ErrorLaw) -> ErrorLaw:
    sums = sums_of(audiences)
    actual = np.array([each.buyers for each in audiences], dtype=np.float64)
    values = (actual - sums.buyers) / sums.variance
    return _law(audiences, values, 1.0 / sums.variance, sums.rarity, prior=prior)


def _fit_spend(audiences: Sequence[BacktestedAudience], *, variation: float, prior: ErrorLaw) -> ErrorLaw:
    expected = np.array([each.spend_expected_of_buyers for each in audiences])
    squares = np.array([each.spend_squares_of_buyers for each in audiences])
    actual = np.array([each.revenue for each in audiences])
    values = actual / expected - 1.0
    return _law(audiences, values, variation**2 * squares / expected**2, np.ones(len(audiences)), prior=prior)


def _law(
    audiences: Sequence[BacktestedAudience], values: Floats, chance: Floats, rarity: Floats, *, prior: ErrorLaw
) -> ErrorLaw:
    if not audiences:
        return prior
    moments = tuple(_snapshot(each) for each in audiences)
    return fit_law(
        Residuals(snapshots=moments, values=values, chance=chance, rarity=rarity),
        prior=prior,
        independent=independent_windows(moments, max(each.horizon_days for each in audiences)),
    )


def _snapshot(audience: BacktestedAudience) -> datetime:
    if audience.kind != "launch":
        return audience.snapshot_at
    return EPOCH + (audience.snapshot_at - EPOCH) // LAUNCH_BLOCK * LAUNCH_BLOCK


def _spend_variation(audiences: Sequence[BacktestedAudience], *, prior: float) -> float:
    # Each audience counts as its buyers do, not as its prices do: a dear target is one among many.
    buyers = np.array([each.buyers for each in audiences], dtype=np.float64)
    squares = np.array([each.spend_squares_of_buyers for each in audiences])
    errors = np.array([each.spend_errors_of_buyers for each in audiences])
    known = squares > 0
    counted = (buyers[known] * errors[known] / squares[known]).sum()
    return float(np.sqrt((counted + PRIOR_BUYERS * prior**2) / (buyers[known].sum() + PRIOR_BUYERS)))
