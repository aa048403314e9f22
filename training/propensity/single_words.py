"""Words of the numbers that stand for themselves, in English and Chinese: of a set, of a member, of a launch."""

from __future__ import annotations

Said = tuple[str, str, str]
"""English, Chinese, unit; {} stands for a level where there is one."""

SET_WORDS: dict[str, Said] = {
    "set__products": ("products of the target (logarithm)", "目标商品数（对数）", "log"),
    "set__penetration_horizon": (
        "share of active members who bought the target in as many days as are asked about",
        "近一个预测周期内购买目标的活跃会员占比",
        "share",
    ),
    "set__penetration_365d": (
        "share of active members who bought the target in a year",
        "近一年购买目标的活跃会员占比",
        "share",
    ),
    "set__trend": (
        "buyers of the target in 28 days over the 91-day average",
        "目标近28天购买人数与91天平均之比",
        "ratio",
    ),
    "set__weeks_per_buyer": (
        "weeks in which a buyer of the target buys it in a year",
        "目标购买者一年内的购买周数",
        "weeks",
    ),
    "set__share_of_type": (
        "buyers of the target over buyers of its product types",
        "目标购买者占同类型购买者的比例",
        "share",
    ),
    "set__share_of_category": (
        "buyers of the target over buyers of its categories",
        "目标购买者占同品类购买者的比例",
        "share",
    ),
    "set__price": ("price of the target", "目标价格", "currency"),
    "set__relative_price": ("price of the target over its category's", "目标价格与同品类价格之比", "ratio"),
    "set__discount_depth": ("how far the target's price lies below the list price", "目标的折扣幅度", "share"),
    "set__private_label_share": ("share of the target that is own label", "目标中自有品牌占比", "share"),
    "set__new_share": (
        "share of the target that is on sale for 91 days at most",
        "目标中上市不超过91天的占比",
        "share",
    ),
    "taste__likeness_91d": (
        "likeness in taste to those who bought the target in 91 days",
        "与近91天购买目标者的口味相似度",
        "share",
    ),
    "taste__likeness_365d": (
        "likeness in taste to those who bought the target in a year",
        "与近一年购买目标者的口味相似度",
        "share",
    ),
    "taste__likeness_ratio": (
        "likeness in taste to buyers of the target over the average member's",
        "与目标购买者的口味相似度相对平均水平",
        "ratio",
    ),
    "log_horizon": ("days that are asked about (logarithm)", "预测天数（对数）", "log"),
    "is_event": ("an event rather than products", "目标为事件", "0 or 1"),
}

MEMBER_WORDS: dict[str, Said] = {
    "member_value__orders_28d": ("orders of the last 28 days", "近28天订单数", "orders"),
    "member_value__orders_91d": ("orders of the last 91 days", "近91天订单数", "orders"),
    "member_value__orders_365d": ("orders of the last year", "近一年订单数", "orders"),
    "member_value__spend_28d": ("spend of the last 28 days", "近28天消费金额", "currency"),
    "member_value__spend_91d": ("spend of the last 91 days", "近91天消费金额", "currency"),
    "member_value__spend_365d": ("spend of the last year", "近一年消费金额", "currency"),
    "member_value__spend_trend": (
        "spend of the last 28 days over the 91-day average",
        "近28天消费与91天平均之比",
        "ratio",
    ),
    "member_value__days_since_order": (
        "days since the latest purchase of anything",
        "距上次购买任意商品的天数",
        "days",
    ),
    "member_value__days_as_customer": ("days since the first purchase", "距首次购买的天数", "days"),
    "member_rhythm__visit_count": ("visits", "到店次数", "visits"),
    "member_rhythm__gap_days": ("usual days between two visits", "两次到店的常见间隔天数", "days"),
    "member_rhythm__gap_variation": ("how far the days between visits vary", "到店间隔的波动", "ratio"),
    "member_rhythm__visit_overdue": (
        "time since the latest visit in usual gaps (1 is due now)",
        "距上次到店与常见间隔之比",
        "gaps",
    ),
    "member_mix__product_count": ("different products bought in a year", "一年内购买的不同商品数", "products"),
    "member_mix__category_count": ("different categories bought in a year", "一年内购买的不同品类数", "categories"),
    "member_mix__top_category_share": ("share of the spend in the favourite category", "最常购品类的消费占比", "share"),
    "member_mix__top_brand_share": ("share of the spend on the favourite brand", "最常购品牌的消费占比", "share"),
    "member_mix__private_label_share": ("share of purchases that are own label", "自有品牌购买占比", "share"),
    "member_mix__discount_share": ("share of purchases at a discount", "折扣购买占比", "share"),
    "member_mix__coupon_share": ("share of purchases with a coupon", "用券购买占比", "share"),
    "member_mix__mean_price": ("spend per piece", "平均件单价", "currency"),
    "member_mix__store_count": ("different stores visited in a year", "一年内到访的不同门店数", "stores"),
    "member_mix__top_store_share": ("share of the spend in the favourite store", "最常去门店的消费占比", "share"),
    "member_mix__weekend_share": ("share of visits at the weekend", "周末到店占比", "share"),
    "member_mix__morning_share": ("share of visits before noon", "上午到店占比", "share"),
    "member_mix__evening_share": ("share of visits from 17:00 on", "17点后到店占比", "share"),
    "member_mix__mean_basket_spend": ("spend of a visit", "单次消费金额", "currency"),
    "member_mix__products_per_visit": ("products of a visit", "单次购买商品数", "products"),
}

LAUNCH_WORDS: dict[str, Said] = {
    "taste__analogues": ("likeness in taste to buyers of products like it", "与相似商品购买者的口味相似度", "share"),
    "taste__brand": ("likeness in taste to buyers of its brand", "与同品牌购买者的口味相似度", "share"),
    "taste__type": ("likeness in taste to buyers of its product type", "与同类型购买者的口味相似度", "share"),
    "taste__category": ("likeness in taste to buyers of its category", "与同品类购买者的口味相似度", "share"),
    "member__closeness": (
        "purchases of products like it, the likest counting most",
        "购买相似商品的加权次数",
        "orders",
    ),
    "member__closeness_share": ("share of purchases that went to products like it", "相似商品占购买的比例", "share"),
    "member__lasting_closeness": ("lasting purchases of products like it", "长期购买相似商品的加权次数", "orders"),
    "member__new_share": ("share of purchases that were new products", "新品占购买的比例", "share"),
    "member__price_to_type": (
        "the launch's price over what is usually paid in its product type (logarithm)",
        "新品价格与同类型常付价格之比（对数）",
        "log",
    ),
    "member__price_to_category": (
        "the launch's price over what is usually paid in its category (logarithm)",
        "新品价格与同品类常付价格之比（对数）",
        "log",
    ),
    "launch__log_price": ("price of the launch (logarithm)", "新品价格（对数）", "log"),
    "launch__price_to_type": (
        "price of the launch over its product type's (logarithm)",
        "新品价格与同类型价格之比（对数）",
        "log",
    ),
    "launch__price_to_category": (
        "price of the launch over its category's (logarithm)",
        "新品价格与同品类价格之比（对数）",
        "log",
    ),
    "launch__products_in_type": ("products of its type (logarithm)", "同类型商品数（对数）", "log"),
    "launch__products_of_brand": (
        "products of its brand within the category (logarithm)",
        "同品类同品牌商品数（对数）",
        "log",
    ),
    "launch__similarity": ("how like its analogues are", "相似商品的相似程度", "points"),
    "launch__is_private_label": ("the retailer's own label", "自有品牌", "0 or 1"),
    "launch__best_analogue": (
        "share of members who buy the best of the products like it",
        "最佳相似商品的购买率",
        "share",
    ),
}
