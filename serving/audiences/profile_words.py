"""What a profile calls the features of members, in English and Chinese."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["number", "money", "share", "days"]


@dataclass(frozen=True, kw_only=True)
class Words:
    """A feature in words."""

    en: str
    zh: str
    unit: Unit = "number"


FEATURE_WORDS: dict[str, Words] = {
    "days_since_order": Words(en="days since the latest purchase", zh="距上次购买的天数", unit="days"),
    "days_as_customer": Words(en="days since the first purchase", zh="距首次购买的天数", unit="days"),
    "orders_28d": Words(en="orders of the last 28 days", zh="近28天订单数"),
    "orders_91d": Words(en="orders of the last 91 days", zh="近91天订单数"),
    "spend_91d": Words(en="spend of the last 91 days", zh="近91天消费金额", unit="money"),
    "spend_trend": Words(en="spend of the last 28 days over the 91-day average", zh="近28天消费与91天平均之比"),
    "gap_days": Words(en="usual days between two visits", zh="两次到店的常见间隔天数", unit="days"),
    "mean_basket_spend": Words(en="spend of a visit", zh="单次消费金额", unit="money"),
    "products_per_visit": Words(en="products of a visit", zh="单次购买商品数"),
    "product_count": Words(en="different products bought in a year", zh="一年内购买的不同商品数"),
    "category_count": Words(en="different categories bought in a year", zh="一年内购买的不同品类数"),
    "store_count": Words(en="different stores visited in a year", zh="一年内到访的不同门店数"),
    "mean_price": Words(en="spend per piece", zh="平均件单价", unit="money"),
    "private_label_share": Words(en="share of purchases that are own label", zh="自有品牌购买占比", unit="share"),
    "discount_share": Words(en="share of purchases at a discount", zh="折扣购买占比", unit="share"),
    "coupon_share": Words(en="share of purchases with a coupon", zh="用券购买占比", unit="share"),
    "weekend_share": Words(en="share of visits at the weekend", zh="周末到店占比", unit="share"),
    "morning_share": Words(en="share of visits before noon", zh="上午到店占比", unit="share"),
    "evening_share": Words(en="share of visits from 17:00 on", zh="17点后到店占比", unit="share"),
}
"""Means that a profile compares."""

ATTRIBUTE_WORDS: dict[str, Words] = {
    "tier": Words(en="tier", zh="会员等级"),
    "gender": Words(en="gender", zh="性别"),
    "city": Words(en="city", zh="城市"),
    "is_paid_member": Words(en="pays for membership", zh="付费会员"),
    "is_staff": Words(en="works for the shop", zh="员工"),
    "joined_via": Words(en="joined by", zh="入会方式"),
    "joined_store_id": Words(en="store of joining", zh="入会门店"),
    "top_store_id": Words(en="usual store", zh="常去门店"),
    "top_category": Words(en="category with most of the spend", zh="消费最多的品类"),
    "top_brand": Words(en="brand with most of the spend", zh="消费最多的品牌"),
}
"""Attributes whose values a profile counts; the shop's own attributes come by their own names."""


def shown(value: float, unit: Unit) -> str:
    """A mean as a sentence shows it."""
    if unit == "share":
        return f"{100 * value:.1f}%"
    return f"{value:,.2f}" if unit == "money" or abs(value) < 10 else f"{value:,.1f}"
