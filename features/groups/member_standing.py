"""Member standing: where a member stands in the shop, whether they came back, and how new their goods are."""

from __future__ import annotations

from datetime import datetime

import ibis
from ibis.expr.types import Table

from features.groups.declaration import FeatureGroup, before, count, first_in_window, is_within, number, total
from features.tables.shop_tables import ShopTables

NEW_FOR_DAYS = 28
"""A product is new for so many days after its first sale."""


def compute_member_standing(tables: ShopTables, as_of: datetime) -> Table:
    """One row per member with a purchase within 365 days before `as_of`.

    `spend_rank_365d`: nobody spent more at 0, everybody did at 1; members of the same spend share the rank. So do
    those of the same discounts, and where the lines name none everybody's `discount_rank` is 0.
    """
    visits = before(tables.visits, as_of)
    visits = visits.filter(is_within(visits.ordered_at, as_of, 365))
    spent = visits.group_by("member_id").aggregate(
        spend=total(visits.spend), gap_ended_28d=visits.gap_days.max(where=is_within(visits.ordered_at, as_of, 28))
    )
    spent = spent.mutate(spend_rank_365d=ibis.percent_rank().over(order_by=ibis.desc(spent.spend)))
    standing = spent
    for part in (_discounts(tables.purchases, as_of), _new_products(tables.purchases, as_of)):
        standing = standing.left_join(part, "member_id").drop("member_id_right")
    return standing.mutate(new_products_91d=standing.new_products_91d.fill_null(0))


def _discounts(purchases: Table, as_of: datetime) -> Table:
    lines = before(purchases, as_of)
    lines = lines.filter(is_within(lines.ordered_at, as_of, 365), lines.member_id.notnull())
    shares = lines.group_by("member_id").aggregate(
        share=lines.count(where=lines.is_discounted) / lines.count().cast("float64")
    )
    return shares.select("member_id", discount_rank=ibis.percent_rank().over(order_by=ibis.desc(shares.share)))


def _new_products(purchases: Table, as_of: datetime) -> Table:
    """Products bought within 91 days while they were new to the shop.

    A product sold in the first days of the data may be old: what was sold before is not known.
    """
    seen = before(purchases, as_of)
    start = seen.ordered_epoch.min().as_scalar()
    launches = seen.group_by("product_id").aggregate(launched=seen.ordered_epoch.min())
    launches = launches.filter(launches.launched >= start + NEW_FOR_DAYS * 86_400.0)
    lines = seen.filter(is_within(seen.ordered_at, as_of, 91), seen.member_id.notnull())
    lines = lines.left_join(launches, "product_id").drop("product_id_right")
    is_new = (lines.ordered_epoch < lines.launched + NEW_FOR_DAYS * 86_400.0).fill_null(False)
    bought = lines.group_by("member_id").aggregate(
        new_products_91d=lines.count(where=is_new & first_in_window(lines, as_of, 91)),
        new_product_share_91d=lines.count(where=is_new) / lines.count().cast("float64"),
    )
    return bought.mutate(new_product_rank=ibis.percent_rank().over(order_by=ibis.desc(bought.new_product_share_91d)))


MEMBER_STANDING = FeatureGroup(
    name="member_standing",
    entities=("member",),
    sentence="Where a member stands in the shop, whether they came back, and how new the goods are that they buy.",
    features=(
        number("spend_rank_365d", "share", "share of the members who spent more in the last 365 days; 0: nobody did"),
        number("discount_rank", "share", "share of the members who buy a larger share of their lines at a discount"),
        number("gap_ended_28d", "days", "longest time between two visits that a visit of the last 28 days ended"),
        count("new_products_91d", "products", "different products bought in 91 days within 28 of their first sale"),
        number("new_product_share_91d", "share", "share of the lines of 91 days that are such products"),
        number("new_product_rank", "share", "share of the members of 91 days with a larger such share; 0: nobody has"),
    ),
    compute=compute_member_standing,
    is_weekly=False,
    is_read_by_models=False,
)
