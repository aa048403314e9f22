"""Product facts: price, price band, age and grouping of a product, as known at a moment."""

from __future__ import annotations

from datetime import datetime

import ibis
from ibis.expr.types import Table

from features.groups.declaration import FeatureGroup, age, before, count, is_within, moment, number, text
from features.tables.shop_tables import ShopTables

PRICE_BANDS = 3


def compute_product_facts(tables: ShopTables, as_of: datetime) -> Table:
    """Facts of each product sold within 365 days before `as_of`. One row per product.

    Prices come from sales before `as_of`; the product table itself holds none.
    """
    sold = before(tables.purchases, as_of)
    recent = is_within(sold.ordered_at, as_of, 91)
    priced = sold.mutate(
        unit_price=sold.spend / sold.quantity.nullif(0.0), unit_list_price=sold.list_spend / sold.quantity.nullif(0.0)
    )
    prices = priced.group_by("product_id").aggregate(
        first_sold_at=priced.ordered_at.min(),
        last_sold_at=priced.ordered_at.max(),
        price=priced.unit_price.median(where=recent),
        price_7d=priced.unit_price.median(where=is_within(priced.ordered_at, as_of, 7)),
        list_price=priced.unit_list_price.median(where=recent),
    )
    prices = prices.filter(is_within(prices.last_sold_at, as_of, 365))
    facts = prices.left_join(tables.products, "product_id").drop("product_id_right")
    place = ibis.percent_rank().over(group_by="category", order_by=facts.price)
    band = (place * PRICE_BANDS).floor().cast("int64").clip(upper=PRICE_BANDS - 1) + 1
    discount = 1.0 - facts.price / facts.list_price.nullif(0.0)
    return facts.mutate(
        price_band=ibis.ifelse(facts.price.notnull(), band, ibis.null("int64")),
        discount_depth=discount,
        is_private_label=facts.is_private_label.cast("int64"),
    )


PRODUCT_FACTS = FeatureGroup(
    name="product_facts",
    entities=("product",),
    sentence="Price, age and grouping of a product, as known at the moment.",
    features=(
        moment("first_sold_at", "first sale"),
        moment("last_sold_at", "latest sale"),
        number("price", "currency", "median price of a piece paid in the last 91 days"),
        number("price_7d", "currency", "the same over the last 7 days; null without a sale in them"),
        number("list_price", "currency", "median price of a piece before discounts in the last 91 days"),
        count("price_band", "band", "1 (cheapest third of the category) to 3; null without a sale in 91 days"),
        number("discount_depth", "share", "how far the price paid lies below the list price"),
        count("is_private_label", "0 or 1", "the retailer's own label"),
        text("brand", "brand or maker of the product"),
        text("department", "widest grouping of the product"),
        text("category", "grouping that audiences and shares use"),
        text("subcategory", "narrowest grouping of the product"),
    ),
    derived=(
        age("days_on_sale", of="first_sold_at", sentence="days since the first sale"),
        age("days_since_sale", of="last_sold_at", sentence="days since the latest sale"),
    ),
    compute=compute_product_facts,
)
