"""A shop of six members and six products as audiences read it: tables and snapshots of one moment, row by row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from features.contracts.settings import Settings
from features.groups.catalogue import GROUPS
from features.snapshots import FeatureBuild
from serving.audiences.shop_at import ShopAt

AT = datetime(2017, 9, 18, 5, tzinfo=UTC)
MEMBERS = ("m1", "m2", "m3", "m4", "m5", "m6")


def ago(days: float) -> str:
    """The moment so many days before AT, as SQL."""
    return f"TIMESTAMPTZ '{(AT - timedelta(days=days)).isoformat()}'"


TABLES = {
    "members": """
        SELECT *, NULL::BOOLEAN AS is_staff, NULL::VARCHAR AS joined_via, NULL::VARCHAR AS joined_store_id FROM (VALUES
            ('m2', 'gold', 'f', 'Bern', 1980, true, '{"age": "35-44", "kids": 2}'),
            ('m1', 'gold', 'm', 'Bern', 1990, false, '{"age": "25-34", "is_new": true}'),
            ('m4', 'silver', NULL, 'Chur', NULL, NULL, NULL),
            ('m3', 'silver', 'f', 'Bern', 1970, true, '{"age": "35-44", "kids": 0.5}'),
            ('m5', NULL, 'f', NULL, 2000, true, NULL),
            ('m7', 'gold', 'f', 'Bern', 1950, true, NULL)
        ) t(member_id, tier, gender, city, birth_year, is_paid_member, attributes)
    """,
    "products": """
        SELECT * FROM (VALUES
            ('p1', 'Brie', '{"size": "200 G"}'), ('p2', 'Gouda', '{"size": "400 G"}'), ('p3', 'Cheddar', NULL),
            ('p4', 'Merlot', NULL), ('p5', 'New brie', '{"size": "200 G"}'), ('p6', 'Petrol', NULL)
        ) t(product_id, name, attributes)
    """,
    "product_states": f"""
        SELECT 'p5' AS product_id, {ago(10)} AS valid_from, 6.5 AS price, true AS is_active, true AS in_stock,
            DATE '2017-09-08' AS launched_on
    """,
    "contacts": f"""
        SELECT * FROM (VALUES
            ('m1', {ago(5)}, false), ('m2', {ago(40)}, NULL), ('m3', {ago(5)}, true), ('m4', {ago(-1)}, false)
        ) t(member_id, contacted_at, is_holdout)
    """,
    "order_lines": f"""
        SELECT * FROM (VALUES
            ('m1', {ago(5)}, 'web', 1), ('m2', {ago(8)}, 'store', 2), (NULL, {ago(8)}, 'web', 1),
            ('m3', {ago(6)}, 'web', -1)
        ) t(member_id, ordered_at, channel, quantity)
    """,
}

BUILT = {
    "product_groupings": """
        SELECT * FROM (VALUES
            ('p3', 'Hills', 'FOOD', 'CHEESE', 'HARD CHEESE', false),
            ('p1', 'Alp', 'FOOD', 'CHEESE', 'SOFT CHEESE', true),
            ('p2', 'Alp', 'FOOD', 'CHEESE', 'HARD CHEESE', true),
            ('p4', 'Hills', 'DRINKS', 'WINE', 'RED WINE', false),
            ('p5', 'Alp', 'FOOD', 'CHEESE', 'SOFT CHEESE', true),
            ('p6', 'Oil', 'FUEL', 'GAS', 'PETROL', false)
        ) t(product_id, brand, department, category, subcategory, is_private_label)
    """,
    "visits": f"""
        SELECT * FROM (VALUES
            ('m1', 's1', {ago(5)}), ('m2', 's2', {ago(8)}), ('m3', 's1', {ago(200)}), ('m4', 's1', {ago(-2)})
        ) t(member_id, store_id, ordered_at)
    """,
}

SNAPSHOTS = {
    "member_value": f"""
        SELECT member_id, {ago(300)} AS first_ordered_at, last_ordered_at, 1 AS orders_28d, orders_91d,
            4 AS orders_365d, 1.0 AS spend_28d, spend_91d, 9.0 AS spend_365d, 1.0 AS spend_trend
        FROM (VALUES
            ('m3', {ago(200)}, 0, 0.0), ('m1', {ago(5)}, 3, 30.0), ('m2', {ago(8)}, 6, 60.0),
            ('m4', {ago(80)}, 1, NULL), ('m5', {ago(90)}, 2, 20.0), ('m6', {ago(20)}, 4, 40.0)
        ) t(member_id, last_ordered_at, orders_91d, spend_91d)
    """,
    "member_category": f"""
        SELECT * FROM (VALUES
            ('m1', 'CHEESE', {ago(5)}, 2, 9), ('m2', 'CHEESE', {ago(60)}, 1, 2), ('m2', 'WINE', {ago(8)}, 1, 4),
            ('m6', 'WINE', {ago(300)}, 0, 3)
        ) t(member_id, category, last_ordered_at, orders_91d, orders_365d)
    """,
    "member_taste": """
        SELECT * FROM (VALUES
            ('m2', 'WINE', 1, 3.5, 0.0), ('m2', 'CHEESE', 2, 0.5, 1.0), ('m1', 'CHEESE', 1, 2.0, 0.0),
            ('m6', 'WINE', 1, 2.5, 1.0)
        ) t(member_id, category, spend_place, share_lift, order_rank)
    """,
    "member_coupons": """
        SELECT * FROM (VALUES ('m1', 5, 2), ('m2', 0, 0)) t(member_id, coupon_orders, redemptions_365d)
    """,
    "member_standing": """
        SELECT * FROM (VALUES
            ('m1', 0.0, 1.0, 12.0, 1, 0.1), ('m2', 0.2, 0.0, 100.0, 3, 0.2), ('m3', 0.4, 0.5, NULL, 0, 0.0),
            ('m4', 1.0, 0.5, NULL, 0, NULL)
        ) t(member_id, spend_rank_365d, discount_rank, gap_ended_28d, new_products_91d, new_product_rank)
    """,
    "member_advocacy": f"""
        SELECT 'm5' AS member_id, 1 AS members_brought, 3 AS members_in_chain, {ago(9)} AS last_brought_at,
            0 AS shares_91d, 0 AS shares_365d, NULL::TIMESTAMPTZ AS last_shared_at
    """,
    "member_facts": f"""
        SELECT *, {ago(3)} AS observed_at, 1 AS observations FROM (VALUES
            ('m1', 'points', '120', 120.0), ('m2', 'points', '80', 80.0), ('m6', 'points', 'many', NULL),
            ('m2', 'skin type', 'dry', NULL), ('m3', 'skin type', 'oily', NULL), ('m9', 'points', '7', 7.0)
        ) t(member_id, fact, value, number)
    """,
    "member_rhythm": f"""
        SELECT member_id, 9 AS visit_count, {ago(5)} AS last_visited_at, 7.0 AS gap_days, 0.5 AS gap_variation,
            {ago(0)} AS next_expected_at FROM (VALUES ('m1'), ('m2')) t(member_id)
    """,
    "member_mix": """
        SELECT member_id, 9 AS product_count, 3 AS category_count, 'CHEESE' AS top_category, 0.5 AS top_category_share,
            'Alp' AS top_brand, 0.5 AS top_brand_share, 0.25 AS private_label_share, 0.5 AS discount_share,
            0.0 AS coupon_share, 4.0 AS mean_price, 1 AS store_count, 's1' AS top_store_id, 1.0 AS top_store_share,
            0.5 AS weekend_share, 0.25 AS morning_share, 0.25 AS evening_share, 20.0 AS mean_basket_spend,
            5.0 AS products_per_visit FROM (VALUES ('m1'), ('m2'), ('m3')) t(member_id)
    """,
    "product_facts": f"""
        SELECT *, 0.1 AS discount_depth FROM (VALUES
            ('p1', {ago(100)}, 4.0, 1), ('p2', {ago(3)}, 8.0, 3), ('p4', {ago(200)}, 12.0, 2)
        ) t(product_id, first_sold_at, price, price_band)
    """,
}


def literal_audience_shop(settings: Settings) -> ShopAt:
    """The shop below the settings' home, as of AT."""
    tables = settings.paths.tables / "t1"
    build = FeatureBuild(
        version="b1", folder=settings.paths.features / "b1", tables_version="t1", as_of=AT, moments=(AT,)
    )
    for name, sql in TABLES.items():
        _write(sql, tables / f"{name}.parquet")
    for name, sql in BUILT.items():
        _write(sql, build.folder / f"{name}.parquet")
    for name, sql in SNAPSHOTS.items():
        _write(sql, build.snapshot(GROUPS[name], AT))
    return ShopAt(settings=settings, build=build, moment=AT)


def _write(sql: str, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    duckdb.sql(f"COPY ({sql}) TO '{file}' (FORMAT parquet)")
