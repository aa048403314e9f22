"""What people call the numbers that the pooled model and the launch model read, in English and Chinese."""

from __future__ import annotations

from dataclasses import dataclass

from training.launches.features import FEATURE_NAMES as LAUNCH_FEATURES
from training.launches.features import STANDINGS
from training.propensity.set_features import FEATURE_NAMES
from training.propensity.single_words import LAUNCH_WORDS, MEMBER_WORDS, SET_WORDS, Said


@dataclass(frozen=True, kw_only=True)
class FeatureWords:
    """A feature in words."""

    en: str
    zh: str
    unit: str


_LEVELS: dict[str, tuple[str, str]] = {
    "set": ("the target", "目标"),
    "brand": ("its brands within the category", "同品类同品牌"),
    "type": ("its product types", "同类型商品"),
    "category": ("its categories", "同品类"),
    "analogues": ("products like it", "相似商品"),
    "new": ("new products", "新品"),
    "visits": ("anything", "任意商品"),
}

_PER_LEVEL: dict[str, Said] = {
    "days_since": ("days since the latest purchase of {}", "距上次购买{}的天数", "days"),
    "weeks_4": ("weeks of the last 4 with a purchase of {}", "近4周中购买{}的周数", "weeks"),
    "weeks_13": ("weeks of the last 13 with a purchase of {}", "近13周中购买{}的周数", "weeks"),
    "weeks_26": ("weeks of the last 26 with a purchase of {}", "近26周中购买{}的周数", "weeks"),
    "weeks_52": ("weeks of the last year with a purchase of {}", "近一年中购买{}的周数", "weeks"),
    "orders_28d": ("purchases of {} in the last 28 days", "近28天购买{}的次数", "orders"),
    "orders_91d": ("purchases of {} in the last 91 days", "近91天购买{}的次数", "orders"),
    "orders_365d": ("purchases of {} in the last year", "近一年购买{}的次数", "orders"),
    "spend_365d": ("spend on {} in the last year", "近一年在{}上的消费", "currency"),
    "fast_orders": ("purchases of {} of late, each halved per 28 days", "近期购买{}的加权次数（28天减半）", "orders"),
    "decayed_orders": ("purchases of {}, each halved per 70 days", "购买{}的加权次数（70天减半）", "orders"),
    "slow_orders": ("lasting purchases of {}, each halved per 180 days", "长期购买{}的加权次数（180天减半）", "orders"),
    "gap_days": ("usual days between purchases of {}", "两次购买{}的平均间隔天数", "days"),
    "gap_deviation_days": ("how far the days between purchases of {} vary", "购买{}间隔天数的波动", "days"),
    "overdue": (
        "time since the latest purchase of {} in usual gaps (1 is due now)",
        "距上次购买{}与平均间隔之比",
        "gaps",
    ),
    "week_rate": ("share of weeks as a customer with a purchase of {}", "成为顾客以来购买{}的周占比", "share"),
    "spend_share": ("share of all spend that went to {}", "{}占全部消费的比例", "share"),
    "penetration_28d": ("share of active members who bought {} in 28 days", "近28天购买{}的活跃会员占比", "share"),
    "penetration_91d": ("share of active members who bought {} in 91 days", "近91天购买{}的活跃会员占比", "share"),
    "repeat_rate": ("share of buyers of {} who came back for it", "{}购买者的复购率", "share"),
    "earlier_launches": ("earlier launches among {}", "{}中以往新品的数量", "products"),
    "best_earlier_launches": ("best share of buyers of earlier launches among {}", "{}以往新品的最高购买率", "share"),
    "mean_earlier_launches": ("mean share of buyers of earlier launches among {}", "{}以往新品的平均购买率", "share"),
}

_SINGLE: dict[str, Said] = {**SET_WORDS, **MEMBER_WORDS, **LAUNCH_WORDS}


def words_of(name: str) -> FeatureWords:
    """The words of a feature; its own name where it has none."""
    if name in STANDINGS:
        of = words_of(STANDINGS[name])
        return FeatureWords(en=f"standing among members by {of.en}", zh=f"{of.zh}在会员中的位次", unit="share")
    level, _, measure = name.partition("__")
    if name in _SINGLE:
        en, zh, unit = _SINGLE[name]
    elif level in _LEVELS and measure in _PER_LEVEL:
        en, zh, unit = _PER_LEVEL[measure]
        en, zh = en.format(_LEVELS[level][0]), zh.format(_LEVELS[level][1])
    else:
        en, zh, unit = name, name, "number"
    return FeatureWords(en=en, zh=zh, unit=unit)


FEATURE_WORDS: dict[str, FeatureWords] = {name: words_of(name) for name in (*FEATURE_NAMES, *LAUNCH_FEATURES)}
