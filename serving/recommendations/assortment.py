"""A release's products as a request looks at them: arrays over the rows of the shelf, made once."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from itertools import repeat
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts.clock import EPOCH
from features.contracts.filters.columns import (
    Column,
    Columns,
    NumberColumn,
    TextColumn,
    number_column,
    text_column,
    truth_column,
)
from features.contracts.ids import ProductId
from features.store.packed_member import Marks, mark_of
from training.protocol import Rows
from training.release.loaded import LoadedRelease
from training.release.products import ENCODING, ProductShelf

TEXTS = ("product_id", "name", "brand", "department", "category", "subcategory")
DAYS_ON_SALE = "days_on_sale"

NOT_IN_CATALOGUE = -1

MOST_ZONES = 256
"""Zones whose products are remembered."""

MOST_OF_GROUP = 100
"""Products of the same group that are looked at."""


class Assortment:
    """Reads a release; every array has one entry per row of its shelf. Immutable, safe to share between threads."""

    def __init__(self, release: LoadedRelease, *, zone: ZoneInfo) -> None:
        self._release = release
        self._zone = zone
        products = release.products
        shelf_rows = [products.row_of.get(ProductId(str(each)), -1) for each in release.affinity.catalogue.product_ids]
        self.shelf_row_of = np.array(shelf_rows, dtype=np.int64)
        """int64 (catalogue,): row on the shelf, -1 for a product that left it since the model was trained."""
        self.catalogue_row_of = np.full(len(products.table), NOT_IN_CATALOGUE, dtype=np.int64)
        """int64 (shelf,): ProductRow of the affinity model, -1 outside its catalogue."""
        known = self.shelf_row_of >= 0
        self.catalogue_row_of[self.shelf_row_of[known]] = np.flatnonzero(known)
        self.popular_first = self._popular_first()
        """int64 (shelf,): rows of the shelf, the catalogue in its order before everything else."""
        self.place = np.empty(len(products.table), dtype=np.int64)
        """int64 (shelf,): place of each row in `popular_first`; settles every tie, since no two rows share one."""
        self.place[self.popular_first] = np.arange(len(self.popular_first))
        self.popularity = self._popularity()
        """float32 (shelf,): buyers as a share of the most bought product's, above 0 so that a boost has an effect."""
        self.category = self._texts["category"].codes
        """int32 (shelf,): number of the category, -1 without one."""
        self.brand = self._texts["brand"].codes
        self.subcategory = self._texts["subcategory"].codes
        self._zones: dict[str, npt.NDArray[np.bool_]] = {}

    def __len__(self) -> int:
        return len(self.place)

    @property
    def products(self) -> ProductShelf:
        """The shelf itself."""
        return self._release.products

    @cached_property
    def ids(self) -> tuple[ProductId, ...]:
        """Id of each row."""
        return tuple(ProductId(each) for each in self.products.table["product_id"])

    def rows_of(self, product_ids: tuple[ProductId, ...]) -> Rows:
        """int64 (products,): rows of the shelf, -1 for a product that it does not know."""
        found = map(self.products.row_of.get, product_ids, repeat(-1))
        return np.fromiter(found, dtype=np.int64, count=len(product_ids))

    def same_group(self, row: int) -> Rows:
        """int64: the most popular other products sold lately of the row's subcategory, then of its category."""
        found: list[int] = []
        for groups in (self.subcategory, self.category):
            if groups[row] >= 0:
                of_group = np.flatnonzero((groups == groups[row]) & self.is_sold_lately)
                found += of_group[np.argsort(self.place[of_group])][:MOST_OF_GROUP].tolist()
        return np.array([each for each in dict.fromkeys(found) if each != row][:MOST_OF_GROUP], dtype=np.int64)

    @cached_property
    def marks(self) -> Marks:
        """uint32 (shelf,): `mark_of` each product."""
        return np.array([mark_of(each) for each in self.products.table["product_id"]], dtype=np.uint32)

    def group_name(self, grouping: Literal["brand", "category"], row: int) -> str | None:
        """Name of the category or brand of a row."""
        column = self._texts[grouping]
        return column.texts[column.codes[row]] if column.codes[row] >= 0 else None

    @cached_property
    def prices(self) -> tuple[float | None, ...]:
        """Price of each row, None where it is unknown."""
        prices = self.products.table["price"].astype(float)
        return tuple(None if np.isnan(price) else round(price, 2) for price in prices)

    @cached_property
    def first_sold_days(self) -> npt.NDArray[np.float64]:
        """float64 (shelf,): days since EPOCH of the first sale, before it of the launch; NaN where neither is known."""
        sold = self._feature("product_facts__first_sold_at")
        availability = self._release.availability
        return sold if availability is None else np.where(np.isnan(sold), availability.launched_days, sold)

    @cached_property
    def is_sold_lately(self) -> npt.NDArray[np.bool_]:
        """bool (shelf,): sold within 91 days, or never yet: nobody should be shown what left the shops."""
        return ~(self._feature("product_demand__sales_91d") <= 0)

    @cached_property
    def on_sale(self) -> Rows:
        """int64: rows of `popular_first` that are sold lately or never yet."""
        return self.popular_first[self.is_sold_lately[self.popular_first]]

    def of_zone(self, zone: str) -> npt.NDArray[np.bool_]:
        """bool (shelf,): products of a department, category or subcategory named like the zone of a store."""
        if (found := self._zones.get(zone)) is None:
            found = np.zeros(len(self), dtype=np.bool_)
            for grouping in ("department", "category", "subcategory"):
                column = self._texts[grouping]
                named = [code for code, text in enumerate(column.texts) if text.casefold() == zone.casefold()]
                found |= np.isin(column.codes, named)
            if len(self._zones) < MOST_ZONES:
                self._zones[zone] = found
        return found

    def columns(self, as_of: datetime) -> Columns:
        """What filters can ask of the products on the day of `as_of`."""
        days = NumberColumn(numbers=self.days_on_sale(as_of))
        return Columns(size=len(self), by_name={**self._lasting_columns, DAYS_ON_SALE: days})

    def days_on_sale(self, as_of: datetime) -> npt.NDArray[np.float64]:
        """float64 (shelf,): days in the shops' zone since the first sale, NaN where it is unknown."""
        return self.day(as_of) - self._first_sold_on

    def day(self, as_of: datetime) -> int:
        """Ordinal of the day in the shops' zone."""
        return as_of.astimezone(self._zone).toordinal()

    @cached_property
    def _first_sold_on(self) -> npt.NDArray[np.float64]:
        """float64 (shelf,): ordinal of the day of `first_sold_days` in the shops' zone."""
        sold = ~np.isnan(self.first_sold_days)
        moments = pd.Timestamp(EPOCH) + pd.to_timedelta(self.first_sold_days[sold], unit="D")
        local = pd.DatetimeIndex(moments).tz_convert(self._zone).tz_localize(None).normalize()
        ordinals = np.full(len(self), np.nan)
        since = pd.Timestamp(EPOCH.replace(tzinfo=None))
        ordinals[sold] = np.asarray((local - since).days, dtype=np.float64) + EPOCH.toordinal()
        return ordinals

    @cached_property
    def _texts(self) -> dict[str, TextColumn]:
        table = self.products.table
        return {name: text_column(table[name]) for name in TEXTS}

    @cached_property
    def _lasting_columns(self) -> dict[str, Column]:
        own: dict[str, Column] = {
            **self._texts,
            "price": number_column(self.products.table["price"]),
            "price_band": NumberColumn(numbers=self._feature("product_facts__price_band")),
            "discount_depth": NumberColumn(numbers=self._feature("product_facts__discount_depth")),
            "is_private_label": truth_column(self._feature("product_facts__is_private_label").tolist()),
        }
        attributes = self._release.attributes
        given = {} if attributes is None else {str(name): _column(each) for name, each in attributes.table.items()}
        # the contract's own columns win over attributes of the same name
        return {**given, **own}

    def _feature(self, name: str) -> npt.NDArray[np.float64]:
        column = self.products.matrix[:, ENCODING.stored_names.index(name)]
        return column.astype(np.float64)

    def _popular_first(self) -> Rows:
        catalogue = self.shelf_row_of[self.shelf_row_of >= 0]
        others = np.flatnonzero(self.catalogue_row_of == NOT_IN_CATALOGUE)
        return np.concatenate([catalogue, others])

    def _popularity(self) -> npt.NDArray[np.float32]:
        buyers = self._release.affinity.catalogue.buyers
        most = max(1, int(buyers.max(initial=0)))
        least = np.float32(0.5 / most)
        popularity = np.full(len(self.catalogue_row_of), least, dtype=np.float32)
        known = self.catalogue_row_of >= 0
        popularity[known] = np.maximum(buyers[self.catalogue_row_of[known]] / most, least)
        return popularity


def _column(values: pd.Series) -> Column:
    if isinstance(values.dtype, pd.BooleanDtype) or values.dtype == np.bool_:
        return truth_column([None if pd.isna(value) else bool(value) for value in values])
    return number_column(values) if values.dtype == np.float64 else text_column(values)
