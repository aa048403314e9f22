"""Which products stand together: the sets that a target's parents are made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from features.prepared import GROUPINGS_FILE
from training.protocol import Ids, rows_of

Codes = npt.NDArray[np.int64]
ProductRows = npt.NDArray[np.int64]

LEVELS = ("set", "brand", "type", "category")
"""The target itself, its brands within their categories, its product types, its categories."""


@dataclass(frozen=True, kw_only=True)
class Groupings:
    """Every product of the shop in order of its id, with its groupings; arrays are (products,)."""

    product_ids: Ids
    names: pd.DataFrame
    """department, category, subcategory, brand, is_private_label: as loaded, null where unknown."""
    department: Codes
    """Number of the product's department, -1 where there is none; the same for the others."""
    category: Codes
    type: Codes
    """Subcategory within the category."""
    brand: Codes
    """Brand within the category."""

    def rows_of(self, product_ids: Ids) -> ProductRows:
        """Row of each product, -1 for an unknown one."""
        return rows_of(product_ids, self.product_ids)

    def levels(self, products: ProductRows) -> tuple[ProductRows, ...]:
        """The rows of the set and of its parents, in the order of LEVELS; each holds the set."""
        own = np.unique(products)
        return (own, *(self._family(codes, own) for codes in (self.brand, self.type, self.category)))

    def _family(self, codes: Codes, products: ProductRows) -> ProductRows:
        found = np.unique(codes[products])
        member = np.zeros(int(codes.max(initial=-1)) + 2, dtype=np.bool_)
        member[found] = True
        member[-1] = False
        family = member[codes]
        family[products] = True
        return np.flatnonzero(family)


def read_groupings(build_folder: Path) -> Groupings:
    """The groupings of a feature build."""
    table = duckdb.sql(f"SELECT * FROM read_parquet('{build_folder / GROUPINGS_FILE}') ORDER BY product_id").df()
    return groupings_of(table)


def groupings_of(table: pd.DataFrame) -> Groupings:
    """The groupings of a table with product_id, sorted by it, and the columns of `Groupings.names`."""
    names = table[["department", "category", "subcategory", "brand", "is_private_label"]]
    return Groupings(
        product_ids=table["product_id"].to_numpy(dtype=np.str_),
        names=names,
        department=_codes(names["department"]),
        category=_codes(names["category"]),
        type=_codes(names["category"] + "\0" + names["subcategory"]),
        brand=_codes(names["category"] + "\0" + names["brand"]),
    )


def _codes(names: pd.Series) -> Codes:
    return np.asarray(pd.factorize(names)[0], dtype=np.int64)
