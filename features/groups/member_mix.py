"""Member mix: what kind of goods, prices, days and stores a member prefers."""

from __future__ import annotations

from datetime import datetime

import ibis
from ibis.expr.types import Table

from features.groups.declaration import FeatureGroup, before, count, first_in_window, is_within, number, text
from features.tables.shop_tables import ShopTables


def compute_member_mix(tables: ShopTables, as_of: datetime) -> Table:
    """Shares of the last 365 days. One row per member with a purchase in them."""
    purchases = before(tables.purchases, as_of)
    purchases = purchases.filter(is_within(purchases.ordered_at, as_of, 365), purchases.member_id.notnull())
    visits = before(tables.visits, as_of)
    visits = visits.filter(is_within(visits.ordered_at, as_of, 365))
    return (
        _goods_shares(purchases, as_of)
        .left_join(_favourite(purchases, "category", weight="spend"), "member_id")
        .drop("member_id_right")
        .left_join(_favourite(purchases, "brand", weight="spend"), "member_id")
        .drop("member_id_right")
        .left_join(_visit_habits(visits), "member_id")
        .drop("member_id_right")
        .left_join(_favourite(visits, "store_id", weight="spend"), "member_id")
        .drop("member_id_right")
    )


def _goods_shares(purchases: Table, as_of: datetime) -> Table:
    lines = purchases.count().cast("float64")
    return purchases.group_by("member_id").aggregate(
        product_count=purchases.count(where=first_in_window(purchases, as_of, 365)),
        category_count=purchases.category.nunique(),
        private_label_share=purchases.count(where=purchases.is_private_label) / lines,
        discount_share=purchases.count(where=purchases.is_discounted) / lines,
        coupon_share=purchases.count(where=purchases.has_coupon) / lines,
        mean_price=purchases.spend.sum() / purchases.quantity.sum().nullif(0.0),
    )


def _visit_habits(visits: Table) -> Table:
    count_of_visits = visits.count().cast("float64")
    return visits.group_by("member_id").aggregate(
        store_count=visits.store_id.nunique(),
        weekend_share=visits.count(where=visits.weekday >= 5) / count_of_visits,
        morning_share=visits.count(where=visits.hour < 12) / count_of_visits,
        evening_share=visits.count(where=visits.hour >= 17) / count_of_visits,
        mean_basket_spend=visits.spend.mean(),
    )


def _favourite(rows: Table, column: str, *, weight: str) -> Table:
    """The value of `column` with most `weight` per member, and its share; ties go to the smaller text."""
    by_value = rows.filter(rows[column].notnull()).group_by(["member_id", column]).aggregate(total=rows[weight].sum())
    whole = by_value.total.sum().over(group_by="member_id")
    ranked = by_value.mutate(
        share=by_value.total / whole.nullif(0.0),
        place=ibis.row_number().over(group_by="member_id", order_by=[by_value.total.desc(), by_value[column]]),
    )
    name = column.removesuffix("_id")
    return ranked.filter(ranked.place == 0).select(
        "member_id", **{f"top_{column}": ranked[column], f"top_{name}_share": ranked.share}
    )


MEMBER_MIX = FeatureGroup(
    name="member_mix",
    entities=("member",),
    sentence="What kind of goods, prices, days and stores a member prefers, over the last 365 days.",
    features=(
        count("product_count", "products", "different products bought"),
        count("category_count", "categories", "different categories bought"),
        text("top_category", "category with most of the spend"),
        number("top_category_share", "share", "share of the spend in that category"),
        text("top_brand", "brand with most of the spend"),
        number("top_brand_share", "share", "share of the spend on that brand"),
        number("private_label_share", "share", "share of lines that are the retailer's own label"),
        number("discount_share", "share", "share of lines bought at a discount"),
        number("coupon_share", "share", "share of lines bought with a coupon"),
        number("mean_price", "currency", "spend per piece"),
        count("store_count", "stores", "different stores visited"),
        text("top_store_id", "store with most of the spend"),
        number("top_store_share", "share", "share of the spend in that store"),
        number("weekend_share", "share", "share of visits on Saturday and Sunday"),
        number("morning_share", "share", "share of visits before noon, in the shops' zone"),
        number("evening_share", "share", "share of visits from 17:00 on, in the shops' zone"),
        number("mean_basket_spend", "currency", "mean spend of a visit"),
    ),
    compute=compute_member_mix,
)
