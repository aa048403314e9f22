"""What a shop goes without for each table that was not handed over."""

from __future__ import annotations

SWITCHED_OFF: dict[str, str] = {
    "products": "products have no name, brand or category: targets, filters and limits by them find nothing",
    "stores": "stores have no name or city, and no page of their own says more than their id",
    "member_records": "nobody can be reached: exports need a phone, e-mail or openid with consent; channels stay apart",
    "campaigns": "coupon models learn from no past campaign",
    "product_states": "prices, stock and launch days are not known: everything sold lately may be recommended",
    "contacts": "who was reached by a campaign is not known: coupon models learn nothing and fatigue is not counted",
    "coupons": "no coupon can be offered",
    "coupon_products": "a coupon is not tied to products",
    "coupon_redemptions": "coupon models do not know who redeemed, and nobody is a coupon seeker",
    "promotions": "the ranker does not see which products are promoted in the coming week",
    "contents": "no article, post or menu card can be recommended",
    "stock": "what a store has is not known: recommendations for a store may name what it has not",
    "member_facts": "points, measurements and answers of members are no features and cannot be filtered on",
    "associates": "associates are known by their id alone",
    "events": "what was viewed, shared or claimed before the service began to record is not known",
}
"""Every table that may be missing, to one sentence of what that switches off."""
