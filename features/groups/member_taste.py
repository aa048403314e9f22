"""Member taste: how much more of a category a member buys than the shop's members do."""

from __future__ import annotations

from datetime import datetime

import ibis
from ibis.expr.types import Table

from features.groups.declaration import FeatureGroup, before, count, is_within, number, total
from features.tables.shop_tables import ShopTables


def compute_member_taste(tables: ShopTables, as_of: datetime) -> Table:
    """One row per member and category bought within 365 days before `as_of`.

    `spend_place` breaks ties by the category's name, so that every category has a place of its own.
    """
    orders = before(tables.category_orders, as_of)
    orders = orders.filter(
        is_within(orders.ordered_at, as_of, 365), orders.member_id.notnull(), orders.category.notnull()
    )
    habits = orders.group_by(["member_id", "category"]).aggregate(spend=total(orders.spend), orders=orders.count())
    members = habits.group_by("member_id").aggregate(member_spend=total(habits.spend))
    categories = habits.group_by("category").aggregate(category_spend=total(habits.spend))
    shop_spend = total(orders.spend).as_scalar()
    habits = habits.join(members, "member_id").join(categories, "category")
    share = habits.spend / habits.member_spend.nullif(0.0)
    in_shop = habits.category_spend / shop_spend.nullif(0.0)
    by_spend = ibis.window(group_by="member_id", order_by=[ibis.desc(habits.spend), habits.category])
    by_orders = ibis.window(group_by="category", order_by=ibis.desc(habits.orders))
    return habits.mutate(
        spend_place=ibis.row_number().over(by_spend) + 1,
        share_lift=share / in_shop.nullif(0.0),
        order_rank=ibis.percent_rank().over(by_orders),
    )


MEMBER_TASTE = FeatureGroup(
    name="member_taste",
    entities=("member", "category"),
    sentence="How much more of a category a member buys than the shop's members do, over the last 365 days.",
    features=(
        count("spend_place", "place", "1: the category with most of the member's spend, 2: the next, ..."),
        number("share_lift", "ratio", "its share of the member's spend over its share of the shop's"),
        number("order_rank", "share", "share of the category's buyers who ordered it more often; 0: nobody did"),
    ),
    compute=compute_member_taste,
    is_weekly=False,
    is_read_by_models=False,
)
