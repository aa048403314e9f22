"""Why an item was recommended, as stable codes and sentences in English and Chinese."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import isnan
from typing import Literal
from zoneinfo import ZoneInfo

from features.contracts.clock import from_days_since_epoch
from serving.answers import Reason

Locale = Literal["en", "zh"]

SENTENCES: dict[str, dict[Locale, str]] = {
    "bought_often": {
        "en": "You bought it {orders} times in a year, last on {day}.",
        "zh": "您一年内购买过{orders}次，最近一次是{day}。",
    },
    "bought_once": {"en": "You bought it on {day}.", "zh": "您在{day}购买过。"},
    "due": {
        "en": "You usually buy it every {gap} days; the next time would be {day}.",
        "zh": "您通常每{gap}天购买一次，预计下次是{day}。",
    },
    "goes_with": {"en": "Often bought by members who buy {anchor}.", "zh": "购买{anchor}的会员也常买。"},
    "goes_with_purchases": {"en": "Goes with what you have bought.", "zh": "与您买过的商品相配。"},
    "in_basket": {
        "en": "Often bought together with {anchor} in your basket.",
        "zh": "常与您购物篮中的{anchor}一起购买。",
    },
    "bought_together": {"en": "Often bought together with {anchor}.", "zh": "常与{anchor}一起购买。"},
    "similar": {"en": "Members who buy {anchor} also buy it.", "zh": "购买{anchor}的会员也购买它。"},
    "viewed_just_now": {
        "en": "Goes with {anchor}, which you looked at just now.",
        "zh": "与您刚刚浏览的{anchor}相关。",
    },
    "same_group": {"en": "From the same group of goods as {anchor}.", "zh": "与{anchor}属于同类商品。"},
    "taste": {"en": "Liked by members with a taste like yours.", "zh": "口味与您相近的会员喜欢。"},
    "next_basket": {"en": "Often follows what you bought last.", "zh": "会员在购买您最近所买的商品之后常买它。"},
    "favourite": {"en": "From {group}, which you often buy.", "zh": "来自您常买的{group}。"},
    "alike": {"en": "Much like what you buy.", "zh": "与您常买的商品相似。"},
    "trending": {"en": "Bought more and more lately.", "zh": "近期购买的人越来越多。"},
    "new_arrival": {"en": "New in our shops since {day}.", "zh": "{day}起在门店新上架。"},
    "popular": {"en": "Bought by many members lately.", "zh": "近期很多会员购买。"},
    "popular_in_store": {"en": "Popular in this store.", "zh": "在这家门店很受欢迎。"},
    "popular_in_your_stores": {"en": "Popular in the stores where you shop.", "zh": "在您常去的门店很受欢迎。"},
    "in_range": {"en": "Part of our range.", "zh": "我们的门店有售。"},
    "asked_for": {"en": "Put into your order of preference.", "zh": "已按您的偏好排序。"},
    "explored": {
        "en": "New in our shops since {day}; be among the first to try it.",
        "zh": "{day}起新上架，欢迎抢先体验。",
    },
    "promoted": {"en": "Featured by our shops.", "zh": "门店精选推荐。"},
    "bundle_bought": {
        "en": "You have bought {anchor} before; many take {companions} with it.",
        "zh": "您买过{anchor}，很多顾客会同时带上{companions}。",
    },
    "bundle_taste": {
        "en": "{anchor} may be to your taste; many take {companions} with it.",
        "zh": "{anchor}可能合您的口味，很多顾客会同时带上{companions}。",
    },
    "bundle_popular": {
        "en": "{anchor} is popular; many take {companions} with it.",
        "zh": "{anchor}很受欢迎，很多顾客会同时带上{companions}。",
    },
    "content_bought": {"en": "About {product}, which you have bought.", "zh": "其中有您买过的{product}。"},
    "content_taste": {"en": "About {product}, which may be to your taste.", "zh": "其中的{product}可能合您的口味。"},
    "content_popular": {"en": "About {product}, which many members buy.", "zh": "其中的{product}很受欢迎。"},
    "content_category": {"en": "About {category}, where you may like much.", "zh": "与您可能喜欢的{category}有关。"},
    "content_category_popular": {
        "en": "About {category}, which many members buy.",
        "zh": "与很多会员常买的{category}有关。",
    },
    "content_running": {"en": "On in our shops now.", "zh": "门店正在进行中。"},
    "coupon_for_bought": {"en": "It covers {product}, which you bought.", "zh": "适用于您买过的{product}。"},
    "coupon_for_category": {"en": "It covers {group}, which you often buy.", "zh": "适用于您常买的{group}。"},
    "coupon_running": {"en": "It can be used until {day}.", "zh": "有效期至{day}。"},
    "coupon_popular": {"en": "It covers what many members buy.", "zh": "适用于许多会员购买的商品。"},
}
"""Every reason there is, by code."""

CODE_OF_SOURCE = {
    "als": "taste",
    "popularity": "popular",
    "neighbours": "taste",
    "next_basket": "next_basket",
    "stores": "popular_in_your_stores",
    "trending": "trending",
    "analogues": "alike",
}
"""Reason of a candidate source that needs no words of its own."""

FAVOURITES = ("favourite_category", "favourite_brand")


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known of why a candidate came up."""

    source: str
    orders_365d: int = 0
    last_ordered_days: float = float("nan")
    """Days since EPOCH of the member's latest order of it; NaN when there is none."""
    gap_days: float = float("nan")
    anchor: str | None = None
    """Name of a product that the member bought, or that is at hand, and that this one goes with."""
    group: str | None = None
    """Name of a category or brand that the member often buys."""
    first_sold_days: float = float("nan")
    """Days since EPOCH of the product's first sale."""

    @property
    def is_bought(self) -> bool:
        """Whether the member bought it."""
        return not isnan(self.last_ordered_days)


def reason_for(evidence: Evidence, locale: Locale, *, zone: ZoneInfo) -> Reason:
    """The reason of a candidate: what the member bought, else what its strongest source knows.

    Days are those of the shops' `zone`.
    """
    if evidence.is_bought:
        day = local_day(evidence.last_ordered_days, zone).isoformat()
        code = "bought_often" if evidence.orders_365d > 1 else "bought_once"
        return reason(code, locale, orders=str(evidence.orders_365d), day=day)
    if evidence.source == "item_item":
        if evidence.anchor is not None:
            return reason("goes_with", locale, anchor=evidence.anchor)
        return reason("goes_with_purchases", locale)
    if evidence.source == "arrivals" and not isnan(evidence.first_sold_days):
        return reason("new_arrival", locale, day=local_day(evidence.first_sold_days, zone).isoformat())
    if evidence.source in FAVOURITES and evidence.group is not None:
        return reason("favourite", locale, group=evidence.group)
    return reason(CODE_OF_SOURCE.get(evidence.source, "taste"), locale)


def due_reason(evidence: Evidence, locale: Locale, *, zone: ZoneInfo) -> Reason:
    """The reason of a product that is due to be bought again."""
    gap = max(1, round(evidence.gap_days))
    return reason("due", locale, gap=str(gap), day=expected_day(evidence, zone).isoformat())


def expected_day(evidence: Evidence, zone: ZoneInfo) -> date:
    """The day on which a product bought at least twice is expected to be bought again."""
    return local_day(evidence.last_ordered_days + max(1.0, evidence.gap_days), zone)


def local_day(days: float, zone: ZoneInfo) -> date:
    """The day in a zone of a moment written as days since EPOCH."""
    return from_days_since_epoch(days).astimezone(zone).date()


def reason(code: str, locale: Locale, **words: str) -> Reason:
    """The reason of a code, with its words put in."""
    return Reason(code=code, sentence=SENTENCES[code][locale].format(**words))
