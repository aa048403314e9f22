"""The two tables that the coupon model learns from: who redeems of a campaign, and which coupon is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.encoding import Encoding, as_days
from features.groups.catalogue import GROUPS
from features.store.history import EVENT_TIMESTAMP
from training.coupons.asks import ASK, REDEEMED, USED, asks_of_campaigns, offers_of
from training.coupons.campaigns import CAMPAIGN_FEATURES, campaign_rows
from training.coupons.offers import OFFER_FEATURES, offer_matrix, offer_rows
from training.coupons.tables import CouponTables

SERVICE = "coupon_redemption"
"""Feast feature service that the model reads."""

ENCODING = Encoding(groups=tuple(GROUPS[name] for name in ("member_value", "member_mix", "member_coupons")))
REDEMPTION_FEATURES = (*ENCODING.model_names, *CAMPAIGN_FEATURES)
CHOICE_FEATURES = OFFER_FEATURES

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]


class FeatureHistory(Protocol):
    """What coupon rows ask of `features.store.history.History`."""

    def features_at(self, service: str, rows: pd.DataFrame) -> pd.DataFrame: ...


@dataclass(frozen=True, kw_only=True)
class CouponRows:
    """Both tables over the same campaigns. `offers` are those of asks that came to a redemption."""

    asks: pd.DataFrame
    """One row per member and campaign: ask, member_id, campaign_id, event_timestamp, is_redeemed."""
    redemption: Floats
    """float64 (asks, len(REDEMPTION_FEATURES))."""
    offers: pd.DataFrame
    """One row per redeeming ask and coupon: ask, coupon_id, campaign_id, is_used and OFFER_FEATURES."""
    choice: Floats
    """float64 (offers, len(CHOICE_FEATURES))."""

    @property
    def redeemed(self) -> Truths:
        """bool (asks,)."""
        return self.asks[REDEEMED].to_numpy(dtype=bool)

    @property
    def used(self) -> Truths:
        """bool (offers,)."""
        return self.offers[USED].to_numpy(dtype=bool)

    @property
    def members(self) -> npt.NDArray[np.str_]:
        """str (asks,): the member of each ask."""
        return self.asks["member_id"].to_numpy(dtype=np.str_)

    @property
    def campaigns(self) -> npt.NDArray[np.str_]:
        """str (asks,): the campaign of each ask."""
        return self.asks["campaign_id"].to_numpy(dtype=np.str_)

    @property
    def offered_by(self) -> npt.NDArray[np.str_]:
        """str (offers,): the campaign of each offer."""
        return self.offers["campaign_id"].to_numpy(dtype=np.str_)

    @property
    def can_be_learnt(self) -> bool:
        """Whether there is something to tell apart: members who redeemed and others, coupons used and others."""
        return all(truth.any() and not truth.all() for truth in (self.redeemed, self.used))

    def of_campaigns(self, campaigns: Sequence[str]) -> CouponRows:
        """The rows of some campaigns; asks keep their order and are numbered anew."""
        kept = self.asks["campaign_id"].isin(list(campaigns)).to_numpy()
        number = np.cumsum(kept) - 1
        kept_offers = kept[self.offers[ASK].to_numpy()]
        offers = self.offers[kept_offers].reset_index(drop=True)
        return CouponRows(
            asks=self.asks[kept].reset_index(drop=True).assign(**{ASK: range(int(kept.sum()))}),
            redemption=self.redemption[kept],
            offers=offers.assign(**{ASK: number[offers[ASK].to_numpy()]}),
            choice=self.choice[kept_offers],
        )


def coupon_rows(
    history: FeatureHistory, tables: CouponTables, campaigns: Sequence[str], *, seen_until: datetime
) -> CouponRows:
    """The rows of campaigns, features as of each one's start; redemptions at or after `seen_until` are not seen."""
    asks = asks_of_campaigns(tables, campaigns, seen_until=seen_until)
    redeeming = asks[asks[REDEEMED]]
    offers = offer_rows(tables, redeeming, offers_of(tables, redeeming, seen_until=seen_until))
    return CouponRows(
        asks=asks,
        redemption=redemption_matrix(history, tables, asks),
        offers=offers,
        choice=offer_matrix(offers),
    )


def redemption_matrix(history: FeatureHistory, tables: CouponTables, asks: pd.DataFrame) -> Floats:
    """float64 (asks, len(REDEMPTION_FEATURES)): what is known of each member and campaign as of the ask's moment."""
    if asks.empty:
        return np.empty((0, len(REDEMPTION_FEATURES)))
    features = history.features_at(SERVICE, asks[["member_id", EVENT_TIMESTAMP]])
    of_member = ENCODING.model_matrix(ENCODING.encode(features), as_days(features[EVENT_TIMESTAMP]))
    return np.concatenate([of_member, campaign_rows(tables, asks).to_numpy()], axis=1)
