"""How each Complete Journey file becomes a table of the contract: one SQL select per table."""

from __future__ import annotations

from features.sources.casting import as_id, as_moment, day_of_week_number, money_sum, name, quoted
from features.sources.files import SourceFiles, columns_sql

CHANNEL = "complete_journey"
DEMOGRAPHICS = (
    "age",
    "income",
    "home_ownership",
    "marital_status",
    "household_size",
    "household_comp",
    "kids_count",
)
WEEK_TWO = "2017-01-02"
"""First day of week 2; week 1 has one day of sales."""

_FIRST_ROW = "min(source_file) AS source_file, arg_min(source_row, (source_file, source_row)) AS source_row"
"""Origin of a row that was gathered from several: the first of them."""


def order_lines(transactions: SourceFiles, *, currency: str) -> str:
    """One row per line. What the member pays is the sales value less the coupon, which may stand on another line."""
    columns = {
        "order_id": _id(transactions, "basket_id"),
        "product_id": _id(transactions, "product_id"),
        "ordered_at": as_moment("transaction_timestamp", transactions.type_of("transaction_timestamp"), zone="UTC"),
        "quantity": "quantity",
        "source": quoted(CHANNEL),
        "source_id": _id(transactions, "household_id"),
        "amount": money_sum(("+", "sales_value"), ("-", "coupon_disc")),
        "list_amount": money_sum(("+", "sales_value"), ("+", "retail_disc"), ("+", "coupon_match_disc")),
        "discount_amount": money_sum(("+", "retail_disc"), ("+", "coupon_match_disc")),
        "currency": quoted(currency),
        "store_id": _id(transactions, "store_id"),
    }
    return f"SELECT {columns_sql(columns)} FROM {transactions.scan}"


def products(source: SourceFiles) -> str:
    """One row per product, with a name made of what is known, and nothing that was learnt from the year's sales."""
    columns = {
        "product_id": _id(source, "product_id"),
        "name": _product_name(source),
        "brand": f"'Maker ' || {_id(source, 'manufacturer_id')}",
        "department": "department",
        "category": "product_category",
        "subcategory": "product_type",
        # the merge drops what is null: an unknown size is no attribute
        "attributes": "json_merge_patch('{}', json_object("
        "'package_size', package_size, 'is_private_label', brand = 'Private'))",
    }
    return f"SELECT {columns_sql(columns)} FROM {source.scan}"


def stores(transactions: SourceFiles) -> str:
    """One row per store that sold something."""
    store = _id(transactions, "store_id")
    return f"SELECT {store} AS store_id, {_FIRST_ROW} FROM {transactions.scan} WHERE {store} IS NOT NULL GROUP BY 1"


def member_records(transactions: SourceFiles, demographics: SourceFiles | None) -> str:
    """One row per household in the transactions; what is known of it stands in `attributes`."""
    household = _id(transactions, "household_id")
    households = (
        f"SELECT {household} AS source_id, {_FIRST_ROW} FROM {transactions.scan} "
        f"WHERE {household} IS NOT NULL GROUP BY 1"
    )
    if demographics is None:
        return f"SELECT {quoted(CHANNEL)} AS source, source_id, source_file, source_row FROM ({households})"
    pairs = ", ".join(f"{quoted(column)}, {name(column)}" for column in DEMOGRAPHICS)
    # a household described twice keeps its first description
    known = (
        f"SELECT {_id(demographics, 'household_id')} AS source_id, "
        f"first(json_merge_patch('{{}}', json_object({pairs})) ORDER BY source_file, source_row) AS attributes "
        f"FROM {demographics.scan} GROUP BY 1"
    )
    return (
        f"SELECT {quoted(CHANNEL)} AS source, source_id, attributes, source_file, source_row "
        f"FROM ({households}) LEFT JOIN ({known}) USING (source_id)"
    )


def campaigns(described: SourceFiles) -> str:
    """One row per campaign."""
    campaign = _id(described, "campaign_id")
    columns = {
        "campaign_id": campaign,
        "starts_on": "start_date",
        "ends_on": "end_date",
        "name": f"'Campaign ' || {campaign}",
        "type": "campaign_type",
    }
    return f"SELECT {columns_sql(columns)} FROM {described.scan}"


def contacts(reached: SourceFiles, described: SourceFiles, *, zone: str) -> str:
    """One row per household and campaign; it counts as reached when the campaign starts, at the shop's midnight."""
    columns = {
        "campaign_id": "campaign_id",
        "source": quoted(CHANNEL),
        "source_id": "source_id",
        "contacted_at": as_moment("starts_on", described.type_of("start_date"), zone=zone),
    }
    who = f"SELECT {_id(reached, 'campaign_id')} AS campaign_id, {_id(reached, 'household_id')} AS source_id, "
    return (
        f"SELECT {columns_sql(columns)} FROM ({who} source_file, source_row FROM {reached.scan}) "
        f"LEFT JOIN ({_campaign_days(described)}) USING (campaign_id)"
    )


def coupons(source: SourceFiles, described: SourceFiles | None) -> str:
    """One row per coupon and campaign, valid while the campaign runs."""
    given_out = (
        f"SELECT {_id(source, 'coupon_upc')} AS coupon_id, {_id(source, 'campaign_id')} AS campaign_id, {_FIRST_ROW} "
        f"FROM {source.scan} GROUP BY 1, 2"
    )
    if described is None:
        return f"SELECT coupon_id, campaign_id, source_file, source_row FROM ({given_out})"
    return (
        f"SELECT coupon_id, campaign_id, starts_on, ends_on, source_file, source_row "
        f"FROM ({given_out}) LEFT JOIN ({_campaign_days(described)}) USING (campaign_id)"
    )


def coupon_products(source: SourceFiles) -> str:
    """One row per product that a coupon applies to; the file's duplicates are left for validation to reject."""
    columns = {
        "coupon_id": _id(source, "coupon_upc"),
        "product_id": _id(source, "product_id"),
        "campaign_id": _id(source, "campaign_id"),
    }
    return f"SELECT {columns_sql(columns)} FROM {source.scan}"


def coupon_redemptions(source: SourceFiles, *, zone: str) -> str:
    """One row per redemption, at the shop's midnight of its day."""
    columns = {
        "coupon_id": _id(source, "coupon_upc"),
        "redeemed_at": as_moment("redemption_date", source.type_of("redemption_date"), zone=zone),
        "source": quoted(CHANNEL),
        "source_id": _id(source, "household_id"),
        "campaign_id": _id(source, "campaign_id"),
    }
    return f"SELECT {columns_sql(columns)} FROM {source.scan}"


def promotions(source: SourceFiles) -> str:
    """One row per product, store and week; absent means not promoted."""
    columns = {
        "product_id": _id(source, "product_id"),
        "week_on": day_of_week_number("week", source.type_of("week"), week_two=WEEK_TWO),
        "store_id": _id(source, "store_id"),
        "display": "CAST(display_location AS VARCHAR)",
        "mailer": "CAST(mailer_location AS VARCHAR)",
    }
    return f"SELECT {columns_sql(columns)} FROM {source.scan}"


def _campaign_days(described: SourceFiles) -> str:
    # one row per id: a campaign described twice must not double its contacts
    return (
        f"SELECT {_id(described, 'campaign_id')} AS campaign_id, "
        "first(start_date ORDER BY source_file, source_row) AS starts_on, "
        f"first(end_date ORDER BY source_file, source_row) AS ends_on FROM {described.scan} GROUP BY 1"
    )


def _product_name(source: SourceFiles) -> str:
    """'Ice - crushed/cubed, 22 LB, national brand 2': type, size and brand, as far as they are known."""
    kind = "coalesce(product_type, product_category, department, 'Product ' || " + _id(source, "product_id") + ")"
    spaced = f"trim(regexp_replace(regexp_replace({kind}, ':\\s*', ': ', 'g'), '\\s+', ' ', 'g'))"
    sentence_case = f"upper({spaced}[1]) || lower({spaced}[2:])"
    maker = "CASE WHEN brand = 'Private' THEN 'store brand' WHEN brand IS NOT NULL THEN lower(brand) || ' brand' END"
    made_by = f"concat_ws(' ', {maker}, {_id(source, 'manufacturer_id')})"
    return f"concat_ws(', ', {sentence_case}, trim(package_size), nullif({made_by}, ''))"


def _id(source: SourceFiles, column: str) -> str:
    return as_id(column, source.type_of(column))
