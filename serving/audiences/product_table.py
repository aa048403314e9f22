"""Every product of the shop as targets name it: those that never sold among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.contracts.clock import EPOCH
from features.contracts.filters.arrow_columns import column_of, json_column, taken
from features.contracts.filters.columns import Column, Mask, NumberColumn, TextColumn, TruthColumn
from features.contracts.settings import FeatureSettings
from features.prepared import GROUPINGS_FILE
from serving.audiences.shop_at import ShopAt
from training.protocol import Ids, Rows
from training.release.product_states import latest_states

GROUPINGS = ("brand", "department", "category", "subcategory", "is_private_label")
FACTS = ("price", "price_band", "discount_depth")
DAYS_ON_SALE = "days_on_sale"

_KEYS = "SELECT DISTINCT unnest(json_keys(attributes)) AS name FROM read_parquet($file) WHERE attributes IS NOT NULL"
_VALUES = """
SELECT product_id, CAST(json_extract(attributes, $path) AS VARCHAR) AS value
FROM read_parquet($file) WHERE attributes IS NOT NULL
"""


class ProductTable(Mapping[str, Column]):
    """One row per product in order of `ids`; a column is read once, when it is first asked for.

    Prices are those paid in the last 91 days; where there was no sale, the retailer's own.
    """

    def __init__(self, shop: ShopAt) -> None:
        self._shop = shop
        self._groupings = pq.read_table(shop.build.folder / GROUPINGS_FILE).sort_by("product_id")
        self.ids: Ids = self._groupings.column("product_id").to_numpy().astype(np.str_)
        """str (products,): sorted."""
        self._read: dict[str, Column] = {}

    def __getitem__(self, name: str) -> Column:
        if name not in self._read:
            self._read[name] = self._column(name)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        yield from dict.fromkeys(("product_id", "name", *GROUPINGS, *FACTS, DAYS_ON_SALE, *self._attributes))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def texts(self, name: str) -> TextColumn:
        """One of the columns that are texts."""
        column = self[name]
        if not isinstance(column, TextColumn):
            raise TypeError(f"products: {name} is no text")
        return column

    def text(self, name: str, row: int) -> str | None:
        """A text of one product, None where it is missing."""
        column = self.texts(name)
        return column.texts[column.codes[row]] if column.codes[row] >= 0 else None

    def rows_of(self, product_ids: Ids) -> Rows:
        """int64 (products,): row of each id, -1 for one that is unknown."""
        return self._places(pa.array(product_ids, type=pa.string()))

    @cached_property
    def is_goods(self) -> Mask:
        """bool (products,): what counts as goods; nothing else is ever a purchase."""
        return ~_is_not_goods(self, self._shop.settings.features)

    @cached_property
    def is_sold(self) -> Mask:
        """bool (products,): sold within the 365 days before the moment."""
        sold: Mask = self._fact_rows >= 0
        return sold

    @cached_property
    def prices(self) -> npt.NDArray[np.float64]:
        """float64 (products,): NaN where no price is known."""
        paid = taken(column_of(self._facts.column("price")), self._fact_rows)
        prices = paid.numbers.copy() if isinstance(paid, NumberColumn) else np.full(len(self.ids), np.nan)
        of_state = self._states["price"].to_numpy(dtype=np.float64, na_value=np.nan)
        said = np.append(of_state, np.nan)[self._state_rows]
        return np.where(np.isnan(prices), said, prices)

    def _column(self, name: str) -> Column:
        if name == "product_id":
            return TextColumn(texts=tuple(self.ids.tolist()), codes=np.arange(len(self.ids), dtype=np.int32))
        if name == "name":
            file = self._shop.table("products")
            names = pq.read_table(file, columns=["product_id", "name"])
            return taken(column_of(names.column("name")), self._rows_in(names.column("product_id")))
        if name in GROUPINGS:
            return column_of(self._groupings.column(name))
        if name == "price":
            return NumberColumn(numbers=self.prices)
        if name in FACTS:
            return taken(column_of(self._facts.column(name)), self._fact_rows)
        if name == DAYS_ON_SALE:
            return NumberColumn(numbers=self._days_on_sale())
        if name in self._attributes:
            found = self._shop.rows(_VALUES, file=self._shop.table("products"), path=f'$."{name}"')
            return taken(json_column(found.column("value")), self._rows_in(found.column("product_id")))
        raise KeyError(name)

    @cached_property
    def _attributes(self) -> tuple[str, ...]:
        names = self._shop.rows(_KEYS, file=self._shop.table("products")).column("name").to_pylist()
        return tuple(sorted(name for name in names if '"' not in name and "\\" not in name))

    @cached_property
    def _facts(self) -> pa.Table:
        return pq.read_table(self._shop.snapshot("product_facts"), columns=["product_id", "first_sold_at", *FACTS])

    @cached_property
    def _fact_rows(self) -> Rows:
        return self._rows_in(self._facts.column("product_id"))

    @cached_property
    def _states(self) -> pd.DataFrame:
        return latest_states(self._shop.tables_folder, as_of=self._shop.moment)

    @cached_property
    def _state_rows(self) -> Rows:
        return self._rows_in(pa.chunked_array([pa.array(self._states["product_id"], type=pa.string())]))

    def _days_on_sale(self) -> npt.NDArray[np.float64]:
        zone = self._shop.settings.zone
        today = self._shop.moment.astimezone(zone).toordinal()
        first = taken(column_of(self._facts.column("first_sold_at")), self._fact_rows)
        days = np.full(len(self.ids), np.nan)
        if isinstance(first, NumberColumn):
            is_known = ~np.isnan(first.numbers)
            moments = pd.Timestamp(EPOCH) + pd.to_timedelta(first.numbers[is_known], unit="D")
            local = pd.DatetimeIndex(moments).tz_convert(zone).tz_localize(None).normalize()
            since = np.asarray((local - pd.Timestamp(EPOCH.replace(tzinfo=None))).days, dtype=np.float64)
            days[is_known] = today - since - EPOCH.toordinal()
        launched = [np.nan if pd.isna(day) else pd.Timestamp(day).toordinal() for day in self._states["launched_on"]]
        said = today - np.append(np.array(launched, dtype=np.float64), np.nan)[self._state_rows]
        return np.where(np.isnan(days), said, days)

    def _rows_in(self, file_ids: pa.ChunkedArray) -> Rows:
        """int64 (products,): row of each product in a file, -1 where it has none."""
        found = pc.index_in(pa.array(self.ids, type=pa.string()), value_set=file_ids.combine_chunks()).fill_null(-1)
        rows: Rows = found.to_numpy(zero_copy_only=False).astype(np.int64)
        return rows

    def _places(self, asked: pa.Array) -> Rows:
        found = pc.index_in(asked, value_set=pa.array(self.ids, type=pa.string())).fill_null(-1)
        rows: Rows = found.to_numpy(zero_copy_only=False).astype(np.int64)
        return rows


def _is_not_goods(products: ProductTable, goods: FeatureSettings) -> Mask:
    # The same rule as features.tables.purchases has for lines.
    found = _is_one_of(products.texts("department"), goods.not_goods_departments)
    found |= _is_one_of(products.texts("category"), goods.not_goods_categories)
    kinds = products.texts("subcategory")
    worded = np.array([any(word in text for word in goods.not_goods_words) for text in (*kinds.texts, "")])
    is_not_goods: Mask = found | worded[kinds.codes]
    return is_not_goods


def _is_one_of(column: TextColumn, names: tuple[str, ...]) -> Mask:
    # one more place at the end, for the code -1 of a missing text
    is_named = np.array([text in names for text in (*column.texts, "")], dtype=np.bool_)
    found: Mask = is_named[column.codes]
    return found


def is_private_label(products: ProductTable, rows: Rows) -> bool | None:
    """Whether most of the products are the retailer's own, None where nothing is said."""
    column = products["is_private_label"]
    said = column.truths[rows] if isinstance(column, TruthColumn) else np.empty(0, dtype=np.int8)
    said = said[said >= 0]
    return bool(said.mean() > 0.5) if len(said) else None
