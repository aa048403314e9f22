"""The further attributes of a release's products: what the retailer handed over beyond the contract's columns."""

from __future__ import annotations

import json
import logging
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

ATTRIBUTES_FILE = "product_attributes.parquet"
MOST_ATTRIBUTES = 200
"""Attributes kept of a shop, those of the most products."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ProductAttributes:
    """One column per attribute, one row per product of the shelf, in its order.

    A column holds truths (nullable boolean), numbers (float64) or texts; missing where a product has none.
    """

    table: pd.DataFrame

    def save(self, folder: Path) -> None:
        """Writes the attributes into a release folder."""
        self.table.to_parquet(folder / ATTRIBUTES_FILE, index=False)


def build_attributes(tables_folder: Path, product_ids: pd.Series) -> ProductAttributes:
    """The attributes of the products of a tables version, in the order of `product_ids`."""
    file = tables_folder / "products.parquet"
    if not file.is_file():
        return ProductAttributes(table=pd.DataFrame(index=pd.RangeIndex(len(product_ids))))
    with duckdb.connect() as con:
        given = con.execute("SELECT product_id, attributes FROM read_parquet($file)", {"file": str(file)}).df()
    texts = given.set_index("product_id")["attributes"].reindex(product_ids)
    objects = [_object(text) for text in texts]
    counts = Counter(name for each in objects for name, value in each.items() if value is not None)
    kept = sorted(sorted(counts), key=lambda name: -counts[name])[:MOST_ATTRIBUTES]
    if len(counts) > len(kept):
        log.warning("product_attributes: %s names, the %s most frequent are kept", len(counts), len(kept))
    columns = {name: _column([each.get(name) for each in objects]) for name in sorted(kept)}
    return ProductAttributes(table=pd.DataFrame(columns, index=pd.RangeIndex(len(objects))))


def load_attributes(folder: Path) -> ProductAttributes | None:
    """The attributes saved in a release folder, None where a release has none."""
    file = folder / ATTRIBUTES_FILE
    return ProductAttributes(table=pd.read_parquet(file)) if file.is_file() else None


def _object(text: object) -> dict[str, Any]:
    # `Any` because JSON is; what is no JSON object says nothing of the product.
    if not isinstance(text, str):
        return {}
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _column(values: list[Any]) -> pd.Series:
    # `Any` because JSON is.
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean")
    if kinds <= {int, float}:
        return pd.Series([_number(value) for value in values], dtype="float64")
    return pd.Series([None if value is None else _text(value) for value in values], dtype=object)


def _number(value: float | None) -> float | None:
    try:
        return None if value is None else float(value)
    except OverflowError:
        return None


def _text(value: Any) -> str:
    # `Any` because JSON is.
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
