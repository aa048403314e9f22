"""The product matrix of a release: every product that sold lately or is on sale, with names, groupings and features."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts.ids import ProductId, ProductRow
from features.encoding import Encoding, Vectors
from features.groups.catalogue import GROUPS
from features.store.history import EVENT_TIMESTAMP, History

SERVICE = "product_matrix"
ENCODING = Encoding(groups=(GROUPS["product_facts"], GROUPS["product_demand"]))

TABLE_FILE = "products.parquet"
MATRIX_FILE = "product_matrix.npz"


@dataclass(frozen=True)
class ProductShelf:
    """Products in order of popularity (buyers of the last 28, then 91 days, then id), the unsold ones at the end.

    `table` has product_id, name, brand, department, category, subcategory and price, one row per product;
    `matrix` is float32 (products, features) in the order of ENCODING.
    """

    table: pd.DataFrame
    matrix: Vectors

    @cached_property
    def row_of(self) -> dict[ProductId, ProductRow]:
        """Row of each product."""
        return {ProductId(product_id): ProductRow(row) for row, product_id in enumerate(self.table["product_id"])}

    @cached_property
    def ids(self) -> list[ProductId]:
        """Product of each row."""
        return [ProductId(str(product_id)) for product_id in self.table["product_id"]]

    @cached_property
    def prices(self) -> list[float | None]:
        """Price of each row to the cent, None where it is unknown."""
        prices = self.table["price"].to_numpy(dtype=np.float64, na_value=np.nan)
        return [None if np.isnan(price) else round(price, 2) for price in prices.tolist()]

    @cached_property
    def names(self) -> list[str]:
        """Name of each row; the id where there is no name."""
        return list(self.table["name"].fillna(self.table["product_id"]))

    @cached_property
    def groups(self) -> npt.NDArray[np.int64]:
        """int64 (products,): number of each row's narrowest group, -1 without one."""
        narrowest = self.table["subcategory"].fillna(self.table["category"])
        return np.asarray(pd.factorize(narrowest)[0], dtype=np.int64)

    @cached_property
    def is_sold_lately(self) -> npt.NDArray[np.bool_]:
        """bool (products,): sold within 91 days, or never yet: nobody should be shown what left the shops."""
        sales = self.matrix[:, ENCODING.stored_names.index("product_demand__sales_91d")]
        return np.asarray(~(sales <= 0), dtype=np.bool_)

    def name(self, product_id: ProductId) -> str:
        """Name of a product; its id when the release does not know it."""
        row = self.row_of.get(product_id)
        return product_id if row is None else self.names[row]

    def save(self, folder: Path) -> None:
        self.table.to_parquet(folder / TABLE_FILE, index=False)
        np.savez(folder / MATRIX_FILE, matrix=self.matrix)


def load_products(folder: Path) -> ProductShelf:
    """The shelf saved in a release folder."""
    with np.load(folder / MATRIX_FILE, allow_pickle=False) as arrays:
        matrix = arrays["matrix"]
    return ProductShelf(table=pd.read_parquet(folder / TABLE_FILE), matrix=matrix)


def build_products(
    history: History, names: pd.DataFrame, *, as_of: datetime, launched: pd.DataFrame | None = None
) -> ProductShelf:
    """The shelf as known at `as_of`. `names` has product_id and name.

    `launched` has product_id, price, brand, department, category and subcategory of products that are on sale; those
    without a sale lately stand at the end, their features NaN but for the price.
    """
    keys = history.keys_at("product_facts", as_of).assign(**{EVENT_TIMESTAMP: pd.Timestamp(as_of)})
    sold = history.features_at(SERVICE, keys)
    features = sold if launched is None else _with_unsold(sold, launched)
    table = pd.DataFrame(
        {
            "product_id": features["product_id"],
            "brand": features["product_facts__brand"],
            "department": features["product_facts__department"],
            "category": features["product_facts__category"],
            "subcategory": features["product_facts__subcategory"],
            "price": features["product_facts__price"],
        }
    ).merge(names[["product_id", "name"]], on="product_id", how="left")
    order = np.concatenate([_by_popularity(sold), np.arange(len(sold), len(features))])
    matrix = ENCODING.encode(features)
    return ProductShelf(table=table.iloc[order].reset_index(drop=True), matrix=matrix[order])


def read_names(tables_folder: Path) -> pd.DataFrame:
    """product_id and name of every product of a tables version; no rows where no products were handed over."""
    file = tables_folder / "products.parquet"
    if not file.is_file():
        return pd.DataFrame({"product_id": pd.Series(dtype=object), "name": pd.Series(dtype=object)})
    with duckdb.connect() as con:
        return con.execute("SELECT product_id, name FROM read_parquet($file)", {"file": str(file)}).df()


def _with_unsold(sold: pd.DataFrame, launched: pd.DataFrame) -> pd.DataFrame:
    unsold = launched[~launched["product_id"].isin(sold["product_id"])].sort_values("product_id")
    if unsold.empty:
        return sold
    features = sold.set_index("product_id").reindex([*sold["product_id"], *unsold["product_id"]])
    for name in ("price", "brand", "department", "category", "subcategory"):
        column = f"product_facts__{name}"
        features[column] = [*sold[column], *unsold[name]]
    return features.rename_axis("product_id").reset_index()


def _by_popularity(features: pd.DataFrame) -> npt.NDArray[np.int64]:
    buyers = features[["product_demand__buyers_28d", "product_demand__buyers_91d"]].fillna(0)
    frame = buyers.assign(product_id=features["product_id"])
    return frame.sort_values(list(frame.columns), ascending=[False, False, True]).index.to_numpy(dtype=np.int64)
