"""The tables that feature groups are computed from, as Ibis expressions."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
from ibis.expr.types import Table


@dataclass(frozen=True, kw_only=True)
class ShopTables:
    """Goods bought, at three grains, and the products themselves.

    Every derived column looks backwards only (`previous_at` is the member's purchase of the same key before,
    `previous2_at` the one before that), so that a filter on `ordered_at` is all a group needs to see nothing later.
    `ordered_epoch` is `ordered_at` in seconds since 1970; `visit_number` counts the member's orders up to and with this
    one.
    """

    purchases: Table
    """One row per product in an order that counts as a purchase (schema PURCHASES)."""

    category_orders: Table
    """One row per member, category and order (schema CATEGORY_ORDERS)."""

    visits: Table
    """One row per member and order (schema VISITS)."""

    products: Table
    """One row per product (schema PRODUCTS): names and groupings, nothing that was derived from sales."""

    coupon_redemptions: Table
    """One row per redemption by a known member (schema COUPON_REDEMPTIONS); empty where none were handed over."""

    campaign_contacts: Table
    """One row per member reached by a campaign, held-out members left out (schema CAMPAIGN_CONTACTS); may be empty."""

    referrals: Table
    """One row per member whom another member brought (schema REFERRALS); may be empty."""

    content_shares: Table
    """One row per content that a member shared (schema CONTENT_SHARES); may be empty."""

    member_facts: Table
    """One row per measurement of a member (schema MEMBER_FACTS); may be empty."""


_INSTANT = "timestamp('UTC', 6)"
STATE = ("known_at", "superseded_at")
"""From when to when a row holds: what was returned stands until the return, and not from then on; null is unbounded."""

PURCHASES = ibis.schema(
    {
        "member_id": "string",
        "product_id": "string",
        "order_id": "string",
        "store_id": "string",
        "category": "string",
        "brand": "string",
        "is_private_label": "boolean",
        "ordered_at": _INSTANT,
        "ordered_epoch": "float64",
        "quantity": "float64",
        "spend": "float64",
        "list_spend": "float64",
        "is_discounted": "boolean",
        "has_coupon": "boolean",
        "gap_days": "float64",
        "previous_at": _INSTANT,
        "previous2_at": _INSTANT,
        "visit_number": "int64",
        **dict.fromkeys(STATE, _INSTANT),
    }
)
CATEGORY_ORDERS = ibis.schema(
    {
        "member_id": "string",
        "category": "string",
        "order_id": "string",
        "ordered_at": _INSTANT,
        "ordered_epoch": "float64",
        "spend": "float64",
        "gap_days": "float64",
        "previous_at": _INSTANT,
        "previous2_at": _INSTANT,
        **dict.fromkeys(STATE, _INSTANT),
    }
)
VISITS = ibis.schema(
    {
        "member_id": "string",
        "order_id": "string",
        "store_id": "string",
        "ordered_at": _INSTANT,
        "hour": "int64",
        "weekday": "int64",
        "spend": "float64",
        "gap_days": "float64",
        **dict.fromkeys(STATE, _INSTANT),
    }
)
PRODUCTS = ibis.schema(
    {
        "product_id": "string",
        "brand": "string",
        "department": "string",
        "category": "string",
        "subcategory": "string",
        "is_private_label": "boolean",
    }
)
COUPON_REDEMPTIONS = ibis.schema(
    {"member_id": "string", "coupon_id": "string", "campaign_id": "string", "redeemed_at": _INSTANT}
)
CAMPAIGN_CONTACTS = ibis.schema({"member_id": "string", "campaign_id": "string", "contacted_at": _INSTANT})
REFERRALS = ibis.schema({"member_id": "string", "referrer_id": "string", "joined_at": _INSTANT})
CONTENT_SHARES = ibis.schema({"member_id": "string", "message_id": "string", "shared_at": _INSTANT})
MEMBER_FACTS = ibis.schema({"member_id": "string", "fact": "string", "value": "string", "observed_at": _INSTANT})


def unbound_shop_tables() -> ShopTables:
    """Tables without data: expressions over them can be compiled for any backend."""
    return ShopTables(
        purchases=ibis.table(PURCHASES, name="purchases"),
        category_orders=ibis.table(CATEGORY_ORDERS, name="category_orders"),
        visits=ibis.table(VISITS, name="visits"),
        products=ibis.table(PRODUCTS, name="products"),
        coupon_redemptions=ibis.table(COUPON_REDEMPTIONS, name="coupon_redemptions"),
        campaign_contacts=ibis.table(CAMPAIGN_CONTACTS, name="campaign_contacts"),
        referrals=ibis.table(REFERRALS, name="referrals"),
        content_shares=ibis.table(CONTENT_SHARES, name="content_shares"),
        member_facts=ibis.table(MEMBER_FACTS, name="member_facts"),
    )
