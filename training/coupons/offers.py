"""What is known of a member and a coupon as of a moment: one function, for training and for a release."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.store.history import EVENT_TIMESTAMP
from training.coupons.asks import ASK
from training.coupons.tables import CouponTables

OWN = ("spend_365d", "days_since_order", "products_bought")
"""What the member did with the products of the coupon; how often it was is in the spend already."""
CATEGORY = ("category_orders", "best_category_orders")
"""The member's orders of its categories: weighted by their share of its products, and of the largest one."""
COUPON = ("products", "orders_of_all_91d", "coupon_share", "price")
"""How many products it covers, how often members ordered them, with which share of coupons, at what price a piece."""
RELATIVE = ("spend_share", "popularity_share", "spend_place")
"""The coupon among the others of the campaign: over the largest, and its place by the member's spend."""
ORDERS = "orders_365d"
"""The member's orders of its products: for reasons and for a baseline, no feature."""
LARGEST_CATEGORY_ORDERS = "largest_category_orders"
"""The member's orders of its largest category: for reasons, no feature."""
OFFER_FEATURES = (*OWN, *CATEGORY, *COUPON, *RELATIVE)
"""Columns of `offer_matrix`, in order."""

OWN_PURCHASES = f"""
SELECT {ASK}, coupon_id, count(*) AS {ORDERS},
       count(*) FILTER (WHERE ordered_at >= moment - INTERVAL 91 DAY) AS orders_91d,
       round(sum(spend), 6) AS spend_365d,
       min(epoch(moment) - epoch(ordered_at)) / 86400.0 AS days_since_order,
       max(products) AS products_bought, sum(coupon_lines) AS coupon_lines
FROM (
    SELECT {ASK}, coupon_id, order_id, any_value(asks.{EVENT_TIMESTAMP}) AS moment, min(ordered_at) AS ordered_at,
           sum(spend) AS spend, count(*) AS products, count(*) FILTER (WHERE has_coupon) AS coupon_lines
    FROM asks JOIN scope USING (campaign_id) JOIN purchases USING (member_id, product_id)
    WHERE ordered_at < asks.{EVENT_TIMESTAMP} AND ordered_at >= asks.{EVENT_TIMESTAMP} - INTERVAL 365 DAY
    GROUP BY {ASK}, coupon_id, order_id
) GROUP BY {ASK}, coupon_id
"""
"""Of each ask: the coupons whose products the member bought within the year before it.

Sums are rounded here and below, so that the order in which threads add them never shows.
"""

_CATEGORY = f"""
WITH habits AS (
    SELECT {ASK}, any_value(asks.campaign_id) AS campaign_id, category, count(DISTINCT order_id) AS orders
    FROM asks JOIN purchases USING (member_id)
    WHERE ordered_at < asks.{EVENT_TIMESTAMP} AND ordered_at >= asks.{EVENT_TIMESTAMP} - INTERVAL 365 DAY
      AND category IS NOT NULL
    GROUP BY {ASK}, category
)
SELECT {ASK}, coupon_id, round(sum(orders * share), 6) AS category_orders,
       coalesce(max(orders) FILTER (WHERE share >= 0.1), 0) AS best_category_orders,
       coalesce(max(orders) FILTER (WHERE place = 1), 0) AS {LARGEST_CATEGORY_ORDERS}
FROM habits JOIN category_share USING (campaign_id, category) GROUP BY {ASK}, coupon_id
"""

_COUPON = f"""
WITH moments AS (SELECT DISTINCT campaign_id, {EVENT_TIMESTAMP} AS moment FROM asks),
sold AS (
    SELECT campaign_id, moment, coupon_id, count(DISTINCT order_id) AS orders_of_all_91d,
           avg(has_coupon::INT) AS coupon_share, round(sum(spend), 6) / nullif(round(sum(quantity), 6), 0) AS price
    FROM moments JOIN scope USING (campaign_id) JOIN purchases USING (product_id)
    WHERE ordered_at < moment AND ordered_at >= moment - INTERVAL 91 DAY GROUP BY ALL
)
SELECT campaign_id, moment AS {EVENT_TIMESTAMP}, coupon_id, size AS products, orders_of_all_91d, coupon_share, price
FROM moments JOIN coupon_size USING (campaign_id) LEFT JOIN sold USING (campaign_id, moment, coupon_id)
"""


def offer_rows(tables: CouponTables, asks: pd.DataFrame, offers: pd.DataFrame) -> pd.DataFrame:
    """`offers` with OFFER_FEATURES, ORDERS and LARGEST_CATEGORY_ORDERS, each as of its ask's `event_timestamp`.

    Nothing at or after that moment is seen. `offers` has ask and coupon_id; the answer is sorted by them. The age of
    what never happened is NaN, its count 0.
    """
    keyed = offers.merge(asks[[ASK, "campaign_id", EVENT_TIMESTAMP]], on=ASK)
    for query in (OWN_PURCHASES, _CATEGORY):
        keyed = keyed.merge(tables.rows(query, asks=asks), on=[ASK, "coupon_id"], how="left")
    coupons = tables.rows(_COUPON, asks=asks)
    coupons[EVENT_TIMESTAMP] = pd.to_datetime(coupons[EVENT_TIMESTAMP], utc=True)
    keyed = keyed.merge(coupons, on=["campaign_id", EVENT_TIMESTAMP, "coupon_id"], how="left")
    counts = [
        name for name in (ORDERS, LARGEST_CATEGORY_ORDERS, *OWN, *CATEGORY, *COUPON) if name != "days_since_order"
    ]
    keyed[counts] = keyed[counts].astype(np.float64).fillna(0.0)
    return _among_others(keyed.sort_values([ASK, "coupon_id"], ignore_index=True))


def offer_matrix(rows: pd.DataFrame) -> npt.NDArray[np.float64]:
    """float64 (rows, len(OFFER_FEATURES))."""
    return rows[list(OFFER_FEATURES)].to_numpy(dtype=np.float64)


def _among_others(rows: pd.DataFrame) -> pd.DataFrame:
    others = rows.groupby(ASK)
    for name, of in (("spend_share", "spend_365d"), ("popularity_share", "orders_of_all_91d")):
        largest = others[of].transform("max").to_numpy()
        rows[name] = np.divide(rows[of].to_numpy(), largest, out=np.zeros(len(rows)), where=largest > 0)
    rows["spend_place"] = others["spend_365d"].rank(ascending=False, method="average")
    return rows
