"""Why a product was recommended, as a stable code and a sentence in English or Chinese."""

from __future__ import annotations

from dataclasses import dataclass
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
    "goes_with": {"en": "Often bought by members who buy {anchor}.", "zh": "购买{anchor}的会员也常买。"},
    "goes_with_purchases": {"en": "Goes with what you have bought.", "zh": "与您买过的商品相配。"},
    "taste": {"en": "Liked by members with a taste like yours.", "zh": "口味与您相近的会员喜欢。"},
    "popular": {"en": "Bought by many members lately.", "zh": "近期很多会员购买。"},
}
"""Every reason there is, by code."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known of why a candidate came up."""

    source: str
    orders_365d: int = 0
    last_ordered_days: float = float("nan")
    anchor: str | None = None
    """Name of a product that the member bought and that this one goes with."""


def reason_for(evidence: Evidence, locale: Locale, *, zone: ZoneInfo) -> Reason:
    """The reason that the strongest source of a candidate gives; days are those of the shops' `zone`."""
    if evidence.source == "frequency":
        day = f"{from_days_since_epoch(evidence.last_ordered_days).astimezone(zone):%Y-%m-%d}"
        code = "bought_often" if evidence.orders_365d > 1 else "bought_once"
        return _reason(code, locale, orders=str(evidence.orders_365d), day=day)
    if evidence.source == "item_item":
        if evidence.anchor is not None:
            return _reason("goes_with", locale, anchor=evidence.anchor)
        return _reason("goes_with_purchases", locale)
    return _reason("taste" if evidence.source == "als" else "popular", locale)


def _reason(code: str, locale: Locale, **words: str) -> Reason:
    return Reason(code=code, sentence=SENTENCES[code][locale].format(**words))
