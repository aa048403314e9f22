"""What is known of a member and a campaign as a whole, as of a moment."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.store.history import EVENT_TIMESTAMP
from training.coupons.asks import ASK
from training.coupons.offers import OWN_PURCHASES
from training.coupons.tables import CouponTables

CAMPAIGN_FEATURES = (
    "campaign_coupons",
    "campaign_products",
    "campaign_days",
    "campaign_reach",
    "coupons_bought",
    "coupons_bought_often",
    "most_orders",
    "orders_covered",
    "spend_covered",
    "orders_covered_91d",
    "coupon_lines_covered",
    "similar_redemptions",
)
"""Columns of `campaign_rows`: of the campaign, of what the member bought that it covers, of redemptions like it."""

_CAMPAIGNS = """
SELECT campaign_id, count(DISTINCT coupon_id) AS campaign_coupons, count(DISTINCT product_id) AS campaign_products,
       any_value(epoch(ends_at) - epoch(starts_at)) / 86400.0 AS campaign_days,
       (SELECT count(*) FROM contact WHERE contact.campaign_id = scope.campaign_id) AS campaign_reach
FROM scope JOIN campaign USING (campaign_id) GROUP BY campaign_id
"""

_COVERED = f"""
SELECT {ASK}, count(*) AS coupons_bought, count(*) FILTER (WHERE orders_365d >= 3) AS coupons_bought_often,
       max(orders_365d) AS most_orders, sum(orders_365d) AS orders_covered, round(sum(spend_365d), 6) AS spend_covered,
       sum(orders_91d) AS orders_covered_91d, sum(coupon_lines) AS coupon_lines_covered
FROM ({OWN_PURCHASES}) GROUP BY {ASK}
"""

_SIMILAR = f"""
WITH used AS (
    SELECT DISTINCT redemption.campaign_id, redemption.coupon_id
    FROM redemption JOIN asks ON asks.member_id = redemption.member_id AND redeemed_at < asks.{EVENT_TIMESTAMP}
), shared AS (
    SELECT mine.campaign_id, mine.coupon_id, used.campaign_id AS used_campaign, used.coupon_id AS used_coupon,
           count(*) AS in_both
    FROM used JOIN scope AS of_used USING (campaign_id, coupon_id) JOIN scope AS mine USING (product_id)
    WHERE mine.campaign_id IN (SELECT campaign_id FROM asks) AND mine.campaign_id <> used.campaign_id GROUP BY ALL
), alike AS (
    SELECT shared.campaign_id, used_campaign, used_coupon, in_both / (mine.size + other.size - in_both) AS likeness
    FROM shared JOIN coupon_size AS mine ON mine.campaign_id = shared.campaign_id AND mine.coupon_id = shared.coupon_id
    JOIN coupon_size AS other ON other.campaign_id = used_campaign AND other.coupon_id = used_coupon
)
SELECT {ASK}, round(sum(likeness), 6) AS similar_redemptions
FROM asks JOIN alike USING (campaign_id) JOIN redemption
  ON redemption.campaign_id = used_campaign AND redemption.coupon_id = used_coupon
 AND redemption.member_id = asks.member_id AND redeemed_at < asks.{EVENT_TIMESTAMP}
GROUP BY {ASK}
"""
"""The member's earlier redemptions, each by the share of its products that coupons of this campaign cover too."""


def campaign_rows(tables: CouponTables, asks: pd.DataFrame) -> pd.DataFrame:
    """CAMPAIGN_FEATURES of each ask, in its order; nothing at or after the ask's `event_timestamp` is seen."""
    found = asks[[ASK, "campaign_id"]].merge(tables.rows(_CAMPAIGNS), on="campaign_id", how="left")
    for query in (_COVERED, _SIMILAR):
        found = found.merge(tables.rows(query, asks=asks), on=ASK, how="left")
    return found.sort_values(ASK, ignore_index=True)[list(CAMPAIGN_FEATURES)].astype(np.float64).fillna(0.0)
