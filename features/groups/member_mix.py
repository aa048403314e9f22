"""Member mix: what kind of goods, prices, days and stores a member prefers."""

from __future__ import annotations

from datetime import datetime

from ibis.expr.types import Table

from features.groups.declaration import FeatureGroup, before, count, first_in_window, is_within, number, text, total
from features.tables.shop_tables import ShopTables


def compute_member_mix(tables: ShopTables, as_of: datetime) -> Table:
    """Shares of the last 365 days. One row per member with a purchase in them."""
    purchases, category_orders, visits = (
        _members_last_year(rows, as_of) for rows in (tables.purchases, tables.category_orders, tables.visits)
    )
    parts = (
        _favourite(category_orders, "category"),
        _favourite(purchases, "brand"),
        _favourite(visits, "store_id"),
        _visit_habits(visits),
    )
    mix = _goods_shares(purchases, as_of)
    for part in parts:
        mix = mix.left_join(part, "member_id").drop("member_id_right")
    return mix.mutate(category_count=mix.category_count.fill_null(0), store_count=mix.store_count.fill_null(0))


def _members_last_year(rows: Table, as_of: datetime) -> Table:
    rows = before(rows, as_of)
    return rows.filter(is_within(rows.ordered_at, as_of, 365), rows.member_id.notnull())


def _goods_shares(purchases: Table, as_of: datetime) -> Table:
    lines = purchases.count().cast("float64")
    visits = (purchases.visit_number.max() - purchases.visit_number.min() + 1).cast("float64")
    return purchases.group_by("member_id").aggregate(
        product_count=purchases.count(where=first_in_window(purchases, as_of, 365)),
        private_label_share=purchases.count(where=purchases.is_private_label) / lines,
        discount_share=purchases.count(where=purchases.is_discounted) / lines,
        coupon_share=purchases.count(where=purchases.has_coupon) / lines,
        mean_price=total(purchases.spend) / total(purchases.quantity).nullif(0.0),
        products_per_visit=lines / visits,
    )


def _visit_habits(visits: Table) -> Table:
    count_of_visits = visits.count().cast("float64")
    return visits.group_by("member_id").aggregate(
        weekend_share=visits.count(where=visits.weekday >= 5) / count_of_visits,
        morning_share=visits.count(where=visits.hour < 12) / count_of_visits,
        evening_share=visits.count(where=visits.hour >= 17) / count_of_visits,
        mean_basket_spend=total(visits.spend) / count_of_visits,
    )


def _favourite(rows: Table, column: str) -> Table:
    """The value of `column` with most spend per member, its share, and how many values there are.

    Ties go to the smaller text. Two aggregations and a join on members: a window would sort every value.
    """
    by_value = rows.filter(rows[column].notnull()).group_by(["member_id", column]).aggregate(spend=total(rows.spend))
    best = by_value.group_by("member_id").aggregate(
        best=by_value.spend.max(), whole=total(by_value.spend), values=by_value.count()
    )
    ranked = by_value.join(best, "member_id")
    ranked = ranked.filter(ranked.spend == ranked.best)
    name = column.removesuffix("_id")
    return ranked.group_by("member_id").aggregate(
        **{
            f"top_{column}": ranked[column].min(),
            f"top_{name}_share": (ranked.best / ranked.whole.nullif(0.0)).max(),
            f"{name}_count": ranked["values"].max(),
        }
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
        number("products_per_visit", "products", "mean number of products of a visit"),
    ),
    compute=compute_member_mix,
)
