"""What candidate sources learn from: the shop as it was known at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix, diags

from features.contracts.clock import days_since_epoch
from features.groups.declaration import HALF_LIFE_DAYS
from features.prepared import PURCHASES_FILE, VISITS_FILE
from training.affinity.pairs import FeatureHistory, Pairs, read_pairs
from training.affinity.promotions import Promotions, read_promotions
from training.protocol import Catalogue, Rows
from training.release.products import ENCODING, ProductShelf

BASKET_DAYS = 182
"""Orders of these days say which products share a basket."""
LATEST_VISITS = 3
"""Visits that the next basket is told from; each counts e^(-1/3) of the one after it."""
STORE_DAYS = 28
"""Days within which a store's sales count."""

Column = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class CatalogueFacts:
    """What is known of each product of the catalogue; arrays are (products,)."""

    subcategory: Codes
    """Number of the product's subcategory, -1 where there is none; the same for the other groupings."""
    category: Codes
    brand_in_category: Codes
    sales_7d: Column
    buyers_7d: Column
    buyers_28d: Column
    buyers_91d: Column
    gap_days: Column
    """Typical days between a member's orders; NaN where nobody came back."""
    price: Column
    """NaN without a sale in 91 days."""
    days_on_sale: Column
    shelf_rows: Rows
    """Row of the product on the shelf that the facts were read from."""


@dataclass(frozen=True, kw_only=True)
class Baskets:
    """Which products stood in one order, and what each member took home of late."""

    orders: csr_matrix
    """float32 (orders, products), 1 where the order of the last BASKET_DAYS has the product."""
    latest: csr_matrix
    """float32 (members, products): products of the LATEST_VISITS, newer ones counting more."""


@dataclass(frozen=True, kw_only=True)
class Stores:
    """Where members shop, and what sells there."""

    store_ids: tuple[str, ...]
    visits: csr_matrix
    """float32 (members, stores): each member's visits halved per HALF_LIFE_DAYS, as shares that add up to 1."""
    sales: csr_matrix
    """float32 (stores, products): orders with the product in the last STORE_DAYS."""


@dataclass(frozen=True, kw_only=True)
class ShopMoment:
    """The shop as known at one moment; members are MemberRows and products ProductRows of `pairs`."""

    pairs: Pairs
    facts: CatalogueFacts
    baskets: Baskets
    stores: Stores
    promotions: Promotions | None = None
    """The plan of the week that begins; None in a shop without one."""


def read_moment(
    history: FeatureHistory,
    build_folder: Path,
    shelf: ProductShelf,
    catalogue: Catalogue,
    *,
    at: datetime,
    tables_folder: Path | None = None,
) -> ShopMoment:
    """The moment `at`, of which features must have been built. Raises NothingLoaded.

    `shelf` is of the same moment. With `tables_folder` the promotions of the week that begins are read from there.
    """
    pairs = read_pairs(history, catalogue, at=at)
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.register(
            "members", pd.DataFrame({"member_id": pairs.member_ids.astype(object)}).reset_index(names="member")
        )
        con.register(
            "catalogue", pd.DataFrame({"product_id": catalogue.product_ids.astype(object)}).reset_index(names="product")
        )
        stores = _stores(con, build_folder, pairs, at=at)
        return ShopMoment(
            pairs=pairs,
            facts=catalogue_facts(shelf, catalogue, at=at),
            baskets=_baskets(con, build_folder / PURCHASES_FILE, pairs, at=at),
            stores=stores,
            promotions=None if tables_folder is None else read_promotions(con, tables_folder, stores.store_ids, at=at),
        )


def catalogue_facts(shelf: ProductShelf, catalogue: Catalogue, *, at: datetime) -> CatalogueFacts:
    """The shelf's facts in the order of the catalogue."""
    rows = pd.Index(shelf.table["product_id"]).get_indexer(pd.Index(catalogue.product_ids.astype(object)))
    table = shelf.table.iloc[rows]
    brand_in_category = table["category"] + "\0" + table["brand"]

    def column(name: str) -> Column:
        found: Column = shelf.matrix[rows, ENCODING.stored_names.index(name)]
        return found

    return CatalogueFacts(
        subcategory=_codes(table["subcategory"]),
        category=_codes(table["category"]),
        brand_in_category=_codes(brand_in_category),
        sales_7d=np.nan_to_num(column("product_demand__sales_7d")),
        buyers_7d=np.nan_to_num(column("product_demand__buyers_7d")),
        buyers_28d=np.nan_to_num(column("product_demand__buyers_28d")),
        buyers_91d=np.nan_to_num(column("product_demand__buyers_91d")),
        gap_days=column("product_demand__gap_days"),
        price=column("product_facts__price"),
        days_on_sale=np.float32(days_since_epoch(at)) - column("product_facts__first_sold_at"),
        shelf_rows=rows.astype(np.int64),
    )


def _codes(names: pd.Series) -> Codes:
    return np.asarray(pd.factorize(names)[0], dtype=np.int64)


def _baskets(con: duckdb.DuckDBPyConnection, purchases: Path, pairs: Pairs, *, at: datetime) -> Baskets:
    asked = {"purchases": str(purchases), "at": at}
    in_orders = con.execute(
        f"""
        SELECT DISTINCT dense_rank() OVER (ORDER BY order_id) - 1 AS basket, product
        FROM read_parquet($purchases) JOIN catalogue USING (product_id)
        WHERE ordered_at < $at AND ordered_at >= $at - to_days({BASKET_DAYS})
        """,
        asked,
    ).df()
    latest = con.execute(
        f"""
        SELECT member, product, min(ago) AS ago FROM (
            SELECT member, product_id, max(visit_number) OVER (PARTITION BY member) - visit_number AS ago
            FROM read_parquet($purchases) JOIN members USING (member_id) WHERE ordered_at < $at
        ) JOIN catalogue USING (product_id)
        WHERE ago < {LATEST_VISITS} GROUP BY member, product
        """,
        asked,
    ).df()
    products = len(pairs.catalogue)
    baskets = int(in_orders["basket"].max()) + 1 if len(in_orders) else 0
    weights = np.exp(-latest["ago"].to_numpy(np.float32) / 3.0)
    return Baskets(
        orders=_matrix(np.ones(len(in_orders)), in_orders["basket"], in_orders["product"], (baskets, products)),
        latest=_matrix(weights, latest["member"], latest["product"], (len(pairs.member_ids), products)),
    )


def _stores(con: duckdb.DuckDBPyConnection, build_folder: Path, pairs: Pairs, *, at: datetime) -> Stores:
    visits = con.execute(
        f"""
        SELECT member, store_id,
               sum(0.5 ** (date_diff('second', ordered_at, $at) / 86400.0 / {HALF_LIFE_DAYS})) AS visits
        FROM read_parquet($visits) JOIN members USING (member_id)
        WHERE ordered_at < $at AND store_id IS NOT NULL GROUP BY member, store_id ORDER BY member, store_id
        """,
        {"visits": str(build_folder / VISITS_FILE), "at": at},
    ).df()
    sales = con.execute(
        f"""
        SELECT store_id, product, count(*) AS orders FROM read_parquet($purchases) JOIN catalogue USING (product_id)
        WHERE ordered_at < $at AND ordered_at >= $at - to_days({STORE_DAYS}) AND store_id IS NOT NULL
        GROUP BY store_id, product
        """,
        {"purchases": str(build_folder / PURCHASES_FILE), "at": at},
    ).df()
    store_ids = pd.Index(sorted({*visits["store_id"], *sales["store_id"]}))
    members, products = pairs.shape
    weights = _matrix(
        visits["visits"], visits["member"], store_ids.get_indexer(visits["store_id"]), (members, len(store_ids))
    )
    wholes = np.asarray(weights.sum(axis=1)).ravel()
    return Stores(
        store_ids=tuple(store_ids),
        visits=csr_matrix(diags(1.0 / np.where(wholes > 0, wholes, 1.0)) @ weights, dtype=np.float32),
        sales=_matrix(
            sales["orders"], store_ids.get_indexer(sales["store_id"]), sales["product"], (len(store_ids), products)
        ),
    )


def _matrix(values: npt.ArrayLike, rows: npt.ArrayLike, columns: npt.ArrayLike, shape: tuple[int, int]) -> csr_matrix:
    cells = (np.asarray(rows, dtype=np.int64), np.asarray(columns, dtype=np.int64))
    return csr_matrix((np.asarray(values, dtype=np.float32), cells), shape=shape)
