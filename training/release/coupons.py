"""The coupons of a release: those of running campaigns, with their names in words and the products they cover."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts.clock import days_since_epoch
from training.coupons.tables import CouponTables
from training.protocol import Rows

TABLE_FILE = "coupons.parquet"
SCOPE_FILE = "coupon_products.npz"
MOST_CATEGORIES = 2
"""Categories that a coupon's name holds before it says `and more`."""

_RUNNING = """
WITH running AS (SELECT * FROM campaign WHERE starts_at <= $as_of AND ends_at > $as_of),
named AS (
    SELECT campaign_id, coupon_id, list(category ORDER BY place) AS categories
    FROM category_share SEMI JOIN running USING (campaign_id) GROUP BY ALL
), branded AS (
    SELECT campaign_id, coupon_id, any_value(brand) AS brand
    FROM scope SEMI JOIN running USING (campaign_id) JOIN groupings USING (product_id)
    GROUP BY ALL HAVING count(DISTINCT brand) = 1 AND count(brand) = count(*)
), ordered AS (
    SELECT campaign_id, coupon_id, count(DISTINCT order_id) AS orders
    FROM scope SEMI JOIN running USING (campaign_id) JOIN purchases USING (product_id)
    WHERE ordered_at < $as_of AND ordered_at >= $as_of - INTERVAL 91 DAY GROUP BY ALL
)
SELECT coupon_id, campaign_id, starts_at, ends_at, categories, brand, face_value, discount_type,
       coalesce(orders, 0) AS orders_91d,
       campaign_id NOT IN (SELECT campaign_id FROM contact) AS is_open
FROM coupon JOIN running USING (campaign_id) JOIN coupon_size USING (campaign_id, coupon_id)
LEFT JOIN named USING (campaign_id, coupon_id) LEFT JOIN branded USING (campaign_id, coupon_id)
LEFT JOIN ordered USING (campaign_id, coupon_id)
ORDER BY orders_91d DESC, coupon_id, campaign_id
"""

_SCOPE = """
SELECT coupon_id, campaign_id, product_id FROM scope
WHERE campaign_id IN (SELECT campaign_id FROM campaign WHERE starts_at <= $as_of AND ends_at > $as_of)
"""


@dataclass(frozen=True, kw_only=True)
class Coupons:
    """Coupons by row, the most ordered ones first.

    `table` has coupon_id, campaign_id, name, category (the largest, None without), starts_days and ends_days (days
    since EPOCH; the last moment is no part of it), is_open (for everybody, not for reached members alone), orders_91d.
    """

    table: pd.DataFrame
    product_rows: Rows
    """int64: rows of the shelf that each coupon covers, one coupon after the other, popular products first."""
    starts: Rows
    """int64 (coupons + 1,): where each coupon's `product_rows` start."""

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def ids(self) -> list[str]:
        """Coupon id of each row."""
        return list(self.table["coupon_id"])

    @cached_property
    def names(self) -> list[str]:
        """Name of each row."""
        return list(self.table["name"])

    @cached_property
    def categories(self) -> list[str | None]:
        """Largest category of each row."""
        return list(self.table["category"])

    @cached_property
    def row_of(self) -> dict[tuple[str, str], int]:
        """Row of each coupon of a campaign."""
        keys = zip(self.table["coupon_id"], self.table["campaign_id"], strict=True)
        return {key: row for row, key in enumerate(keys)}

    @cached_property
    def open_rows(self) -> Rows:
        """int64: rows of the coupons for everybody, no coupon id twice."""
        open_ = self.table[self.table["is_open"].astype(bool)].drop_duplicates("coupon_id")
        return open_.index.to_numpy(dtype=np.int64)

    @cached_property
    def starts_days(self) -> npt.NDArray[np.float64]:
        """float64 (coupons,): first moment of each row."""
        return self.table["starts_days"].to_numpy(dtype=np.float64)

    @cached_property
    def ends_days(self) -> npt.NDArray[np.float64]:
        """float64 (coupons,): first moment after each row."""
        return self.table["ends_days"].to_numpy(dtype=np.float64)

    def is_popular(self, row: int) -> bool:
        """Whether what a coupon covers was ordered lately, and more than what half of the coupons cover."""
        return bool(self.table["orders_91d"].iloc[row] > 0) and row < len(self) / 2

    def covered(self, row: int) -> Rows:
        """int64: rows of the shelf that a coupon covers, popular ones first."""
        return self.product_rows[self.starts[row] : self.starts[row + 1]]

    def save(self, folder: Path) -> None:
        """Writes both files into a release folder."""
        self.table.to_parquet(folder / TABLE_FILE, index=False)
        np.savez_compressed(folder / SCOPE_FILE, product_rows=self.product_rows, starts=self.starts)


def load_coupons(folder: Path) -> Coupons | None:
    """The coupons saved in a release folder, None in a release without."""
    if not (folder / TABLE_FILE).is_file():
        return None
    with np.load(folder / SCOPE_FILE, allow_pickle=False) as arrays:
        return Coupons(
            table=pd.read_parquet(folder / TABLE_FILE), product_rows=arrays["product_rows"], starts=arrays["starts"]
        )


def build_coupons(tables: CouponTables, shelf_row_of: Mapping[str, int], *, currency: str, as_of: datetime) -> Coupons:
    """The coupons that run at `as_of` and cover a product of the shelf."""
    found = tables.rows(_RUNNING, {"as_of": as_of})
    scope = tables.rows(_SCOPE, {"as_of": as_of})
    scope = scope.assign(shelf_row=[shelf_row_of.get(product_id, -1) for product_id in scope["product_id"]])
    on_shelf = scope[scope["shelf_row"] >= 0].groupby(["coupon_id", "campaign_id"])["shelf_row"]
    covered = {key: sorted(rows) for key, rows in on_shelf}
    kept = [key in covered for key in zip(found["coupon_id"], found["campaign_id"], strict=True)]
    found = found.loc[np.array(kept, dtype=np.bool_)].reset_index(drop=True)
    lists = [covered[key] for key in zip(found["coupon_id"], found["campaign_id"], strict=True)]
    table = pd.DataFrame(
        {
            "coupon_id": found["coupon_id"].astype(object),
            "campaign_id": found["campaign_id"].astype(object),
            "name": [_name(row, currency) for row in found.to_dict("records")],
            "category": [_categories(row)[0] if _categories(row) else None for row in found.to_dict("records")],
            "starts_days": [days_since_epoch(moment.to_pydatetime()) for moment in found["starts_at"]],
            "ends_days": [days_since_epoch(moment.to_pydatetime()) for moment in found["ends_at"]],
            "is_open": found["is_open"].astype(bool),
            "orders_91d": found["orders_91d"].astype(np.int64),
        }
    )
    sizes = [len(each) for each in lists]
    return Coupons(
        table=table,
        product_rows=np.array([row for each in lists for row in each], dtype=np.int64),
        starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
    )


def _name(row: Mapping[Hashable, object], currency: str) -> str:
    """What the coupon is for, in words: its value if it has one, its categories, its brand if it has one alone."""
    categories = _categories(row)
    what = ", ".join(categories[:MOST_CATEGORIES]) or "selected products"
    more = " and more" if len(categories) > MOST_CATEGORIES else ""
    brand = row["brand"] if isinstance(row["brand"], str) else None
    value = "" if row["face_value"] is None else str(row["face_value"])
    worth = "" if value in ("", "nan", "NaN") else _worth(value, row["discount_type"], currency)
    return f"{worth}Coupon for {what}{more}{f' by {brand}' if brand else ''}"


def _worth(value: str, discount_type: object, currency: str) -> str:
    amount = value.rstrip("0").rstrip(".") if "." in value else value
    unit = "%" if discount_type == "percentage" else f" {currency}"
    return f"{amount}{unit} off: "


def _categories(row: Mapping[Hashable, object]) -> list[str]:
    found = row["categories"]
    return [str(each) for each in found] if isinstance(found, list | np.ndarray) else []
