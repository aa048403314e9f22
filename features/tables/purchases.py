"""From order lines to what features read: which lines are purchases of goods, and when the one before was."""

from __future__ import annotations

import ibis
from ibis.expr.types import BooleanValue, Table, Value

from features.contracts.settings import FeatureSettings
from features.tables.shop_tables import CATEGORY_ORDERS, PRODUCTS, PURCHASES, STATE, VISITS


def product_groupings(products: Table) -> Table:
    """One row per product with what never changes: brand and groupings, and whether it is the retailer's own label."""
    attributes = products.attributes.cast("json")
    own_label = attributes["is_private_label"].unwrap_as("boolean").fill_null(False)
    return products.mutate(is_private_label=own_label).select(list(PRODUCTS.names))


def purchases_of_goods(order_lines: Table, products: Table, goods: FeatureSettings) -> Table:
    """One row per product in an order that counts as a purchase, with the days since the member's purchase before.

    `products` comes from `product_groupings`. A line is a purchase when its quantity and its price after the retailer's
    discount are above zero: coupon pseudo-lines and give-aways are none. A member's lines of several states
    (`known_at`, see features/tables/returns.py) are rows beside each other; each looks back on those of its own state.
    """
    lines = order_lines.left_join(products, "product_id", rname="_{name}").drop("_product_id")
    net = ibis.coalesce(lines.list_amount - lines.discount_amount, lines.amount).cast("float64")
    lines = lines.mutate(
        quantity=lines.quantity.cast("float64"),
        spend=ibis.coalesce(lines.amount, lines.list_amount).cast("float64").fill_null(0.0),
        list_spend=ibis.coalesce(lines.list_amount, lines.amount).cast("float64"),
        is_discounted=(lines.discount_amount > 0).fill_null(False),
        has_coupon=(lines.coupon_id.notnull() | (net - lines.amount.cast("float64") > 0.004)).fill_null(False),
        is_private_label=lines.is_private_label.fill_null(False),
        net=net,
    )
    lines = lines.filter(lines.quantity > 0, (lines.net > 0).fill_null(True), ~_is_not_goods(lines, goods))
    lines = lines.mutate(**_looking_back(lines, ["member_id", "product_id"]), visit_number=_visit_number(lines))
    return lines.select(list(PURCHASES.names))


def orders_by_category(purchases: Table) -> Table:
    """One row per member, category and order, with the days since the member's order of that category before."""
    orders = (
        purchases.filter(purchases.category.notnull())
        .group_by(["member_id", "category", "order_id", *STATE])
        .aggregate(ordered_at=purchases.ordered_at.min(), spend=purchases.spend.sum())
    )
    return orders.mutate(**_looking_back(orders, ["member_id", "category"])).select(list(CATEGORY_ORDERS.names))


def visits_of_members(purchases: Table, local_time: Table) -> Table:
    """One row per member and order, with the days since the member's visit before.

    `local_time` has order_id, hour (0 to 23) and weekday (0 is Monday) in the shops' zone.
    """
    visits = (
        purchases.filter(purchases.member_id.notnull())
        .group_by(["member_id", "order_id", *STATE])
        .aggregate(
            ordered_at=purchases.ordered_at.min(), spend=purchases.spend.sum(), store_id=purchases.store_id.min()
        )
    )
    visits = visits.left_join(local_time, "order_id").drop("order_id_right")
    return visits.mutate(**_looking_back(visits, ["member_id"])).select(list(VISITS.names))


def _visit_number(lines: Table) -> Value:
    """The member's orders up to and with the line's own; null for anonymous sales."""
    # An order whose lines carry two times counts as two visits: rare, and it never looks ahead.
    window = ibis.window(group_by=["member_id", "known_at"], order_by=[lines.ordered_at, lines.order_id])
    return ibis.ifelse(lines.member_id.notnull(), ibis.dense_rank().over(window) + 1, ibis.null("int64"))


def _is_not_goods(lines: Table, goods: FeatureSettings) -> BooleanValue:
    by_word: BooleanValue = ibis.literal(value=False)
    for word in goods.not_goods_words:
        by_word = by_word | lines.subcategory.contains(word).fill_null(False)
    return (
        lines.department.isin(goods.not_goods_departments).fill_null(False)
        | lines.category.isin(goods.not_goods_categories).fill_null(False)
        | by_word
    )


def _looking_back(rows: Table, keys: list[str]) -> dict[str, Value]:
    """`previous_at`, `previous2_at` and `gap_days`: the two rows before of the same keys, days since the nearer one.

    Null where there is none, and for anonymous sales. With them `ordered_epoch`, seconds since 1970.
    """
    window = ibis.window(group_by=[*keys, "known_at"], order_by=[rows.ordered_at, rows.order_id])
    is_known = rows[keys[0]].notnull()
    previous_at, previous2_at = (
        ibis.ifelse(is_known, rows.ordered_at.lag(back).over(window), ibis.null("timestamp('UTC', 6)"))
        for back in (1, 2)
    )
    epoch = rows.ordered_at.epoch_seconds()
    return {
        "ordered_epoch": epoch.cast("float64"),
        "previous_at": previous_at,
        "previous2_at": previous2_at,
        "gap_days": (epoch - previous_at.epoch_seconds()) / 86_400.0,
    }
