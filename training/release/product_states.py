"""What the retailer says of its products and stock at a moment, and which products it says are on sale yet unsold."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pandas as pd

from features.contracts.settings import FeatureSettings

STATES_FILE = "product_states.parquet"
STOCK_FILE = "stock.parquet"


def latest_states(tables_folder: Path, *, as_of: datetime) -> pd.DataFrame:
    """The state of each product that holds at `as_of`: product_id, price, is_active, in_stock, launched_on.

    One row per product; none where the table was not handed over. Truths may be null.
    """
    return _query(
        """
        SELECT product_id, price::DOUBLE AS price, is_active, in_stock, launched_on
        FROM read_parquet($file) WHERE valid_from <= $as_of
        QUALIFY row_number() OVER (PARTITION BY product_id ORDER BY valid_from DESC) = 1 ORDER BY product_id
        """,
        tables_folder / STATES_FILE,
        columns={"product_id": "object", "price": "float64", **dict.fromkeys(("is_active", "in_stock"), "boolean")}
        | {"launched_on": "object"},
        as_of=as_of,
    )


def latest_stock(tables_folder: Path, *, as_of: datetime) -> pd.DataFrame:
    """The latest count at or before `as_of`: product_id, store_id, on_hand; one row per product and store."""
    return _query(
        """
        SELECT product_id, store_id, on_hand::DOUBLE AS on_hand
        FROM read_parquet($file) WHERE as_of <= $as_of
        QUALIFY row_number() OVER (PARTITION BY product_id, store_id ORDER BY as_of DESC) = 1
        ORDER BY store_id, product_id
        """,
        tables_folder / STOCK_FILE,
        columns={"product_id": "object", "store_id": "object", "on_hand": "float64"},
        as_of=as_of,
    )


def launched_products(
    tables_folder: Path, groupings: Path, goods: FeatureSettings, *, as_of: datetime, zone: ZoneInfo
) -> pd.DataFrame:
    """Goods that the retailer says are on sale at `as_of`: product_id, price, brand, department, category, subcategory.

    `groupings` is a Parquet file of schema PRODUCTS. What is not said to be active or launched is left out: a product
    without a state is on sale once it has sold. In order of id.
    """
    states = latest_states(tables_folder, as_of=as_of)
    today = as_of.astimezone(zone).date()
    is_said = states["is_active"].notna() | states["launched_on"].notna()
    is_launched = np.array([_is_launched(day, today) for day in states["launched_on"]], dtype=np.bool_)
    is_on_sale = states["is_active"].fillna(value=True).astype(bool) & is_launched
    on_sale = states.loc[is_said & is_on_sale, ["product_id", "price"]]
    with duckdb.connect() as con:
        known = con.execute(
            "SELECT product_id, brand, department, category, subcategory FROM read_parquet($file)",
            {"file": str(groupings)},
        ).df()
    found = on_sale.merge(known, on="product_id")
    return found[~_is_not_goods(found, goods)].reset_index(drop=True)


def _is_launched(day: object, today: date) -> bool:
    return bool(pd.isna(day)) or pd.Timestamp(day).date() <= today  # type: ignore[arg-type, call-overload]  # a date


def _is_not_goods(products: pd.DataFrame, goods: FeatureSettings) -> pd.Series:
    # The same rule as features.tables.purchases has for lines.
    found = products["department"].isin(goods.not_goods_departments)
    found |= products["category"].isin(goods.not_goods_categories)
    for word in goods.not_goods_words:
        found |= products["subcategory"].fillna("").str.contains(word, regex=False)
    return found


def _query(sql: str, file: Path, *, columns: dict[str, str], as_of: datetime) -> pd.DataFrame:
    if not file.is_file():
        return pd.DataFrame({name: pd.Series(dtype=type_) for name, type_ in columns.items()})
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        found = con.execute(sql, {"file": str(file), "as_of": as_of}).df()
    return found.astype(columns)
