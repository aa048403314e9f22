"""Coupon rows by construction: who used coupons before redeems, and of the coupons the one most spent on is used."""

from __future__ import annotations

import numpy as np
import pandas as pd

from training.coupons.rows import CHOICE_FEATURES, REDEMPTION_FEATURES, CouponRows

COUPONS = 12


def coupon_answers(members: int, *, seed: int, campaigns: int = 2) -> CouponRows:
    """Campaigns of COUPONS coupons that reached `members` members in turn; the other features are noise."""
    random = np.random.default_rng(seed)
    redemption = random.normal(size=(members, len(REDEMPTION_FEATURES)))
    lines = random.integers(0, 20, members).astype(float)
    redemption[:, REDEMPTION_FEATURES.index("member_coupons__coupon_lines_365d")] = lines
    redeemed = random.random(members) < np.where(lines > 14, 0.8, 0.05)
    given_by = np.array([f"c{number % campaigns}" for number in range(members)])
    asks = pd.DataFrame(
        {
            "ask": np.arange(members),
            "member_id": [f"m{number:04}" for number in range(members)],
            "campaign_id": given_by,
            "event_timestamp": pd.Timestamp("2017-05-01T04:00Z"),
            "is_redeemed": redeemed,
        }
    )
    redeeming = np.flatnonzero(redeemed)
    offers = pd.DataFrame(
        {
            "ask": np.repeat(redeeming, COUPONS),
            "coupon_id": np.tile([f"k{number:02}" for number in range(COUPONS)], len(redeeming)),
            "campaign_id": np.repeat(given_by[redeeming], COUPONS),
        }
    )
    values = np.abs(random.normal(size=(len(offers), len(CHOICE_FEATURES))))
    spend = values[:, CHOICE_FEATURES.index("spend_365d")].reshape(len(redeeming), COUPONS)
    used = spend == spend.max(axis=1, keepdims=True)
    offers = offers.assign(is_used=used.ravel(), orders_365d=random.integers(0, 3, len(offers)))
    offers[list(CHOICE_FEATURES)] = values
    return CouponRows(asks=asks, redemption=redemption, offers=offers, choice=values)
