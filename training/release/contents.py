"""The contents of a release: articles, posts and promotions, with the products and categories that they name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts.ids import ProductId
from training.protocol import Rows
from training.release.products import ProductShelf

CONTENTS_FILE = "contents.parquet"

_COLUMNS = ("content_id", "type", "title", "category", "product_ids", "starts_at", "ends_at")


@dataclass(frozen=True)
class Contents:
    """Contents that have not ended, those that start last first and then by id.

    `table` has content_id, type, title, category, product_rows (lists of rows of the shelf), starts_at and ends_at.
    """

    table: pd.DataFrame

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def ids(self) -> list[str]:
        """Id of each content."""
        return list(self.table["content_id"])

    @cached_property
    def titles(self) -> list[str]:
        """Title of each content; the id where there is none."""
        return list(self.table["title"].fillna(self.table["content_id"]))

    @cached_property
    def categories(self) -> list[str | None]:
        """Product category that each content is about."""
        return [None if pd.isna(category) else str(category) for category in self.table["category"]]

    @cached_property
    def product_rows(self) -> list[Rows]:
        """Rows of the shelf that each content names, in its own order."""
        return [np.asarray(rows, dtype=np.int64) for rows in self.table["product_rows"]]

    @cached_property
    def named(self) -> tuple[Rows, Rows]:
        """Two int64 arrays, one entry per product named: place of the content, row of the product."""
        counts = [len(rows) for rows in self.product_rows]
        rows = np.concatenate([np.empty(0, dtype=np.int64), *self.product_rows])
        return np.repeat(np.arange(len(counts)), counts), rows

    @cached_property
    def ends_at(self) -> list[datetime | None]:
        """The first moment after each content, None without an end."""
        return [None if pd.isna(moment) else moment.to_pydatetime() for moment in self.table["ends_at"]]

    def running(self, as_of: datetime) -> npt.NDArray[np.bool_]:
        """bool (contents,): started, and not yet ended."""
        moment = np.int64(pd.Timestamp(as_of).value)
        starts, ends = self._open
        running: npt.NDArray[np.bool_] = (starts <= moment) & (moment < ends)
        return running

    @cached_property
    def _open(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        widest = np.iinfo(np.int64)
        return _nanoseconds(self.table["starts_at"], widest.min), _nanoseconds(self.table["ends_at"], widest.max)

    def save(self, folder: Path) -> None:
        """Writes the contents into a release folder."""
        self.table.to_parquet(folder / CONTENTS_FILE, index=False)


def load_contents(folder: Path) -> Contents | None:
    """The contents saved in a release folder, None where a release has none."""
    file = folder / CONTENTS_FILE
    return Contents(pd.read_parquet(file)) if file.is_file() else None


def build_contents(tables_folder: Path, products: ProductShelf, *, as_of: datetime) -> Contents:
    """The contents that have not ended at `as_of`, those that start later among them: a release outlives its day.

    Products that the shelf does not know are left out of what a content names.
    """
    file = tables_folder / CONTENTS_FILE
    if not file.is_file():
        return Contents(_table([], products))
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        rows = con.execute(
            f"""
            SELECT {", ".join(_COLUMNS[:5])}, epoch_us(starts_at), epoch_us(ends_at) FROM read_parquet($file)
            WHERE ends_at IS NULL OR ends_at > $as_of ORDER BY starts_at DESC NULLS LAST, content_id
            """,
            {"file": str(file), "as_of": as_of},
        ).fetchall()
    return Contents(_table(rows, products))


def _table(rows: Sequence[tuple[object, ...]], products: ProductShelf) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(_COLUMNS), dtype=object)
    for moment in ("starts_at", "ends_at"):
        table[moment] = pd.to_datetime(table[moment].astype("Int64"), unit="us", utc=True).astype("datetime64[us, UTC]")
    known = products.row_of
    table["product_rows"] = [
        [known[ProductId(each)] for each in dict.fromkeys(ids or ()) if each in known] for ids in table["product_ids"]
    ]
    return table.drop(columns="product_ids")


def _nanoseconds(moments: pd.Series, missing: int) -> npt.NDArray[np.int64]:
    as_numbers = moments.astype("datetime64[ns, UTC]").astype("int64").to_numpy(dtype=np.int64)
    found: npt.NDArray[np.int64] = np.where(moments.isna(), missing, as_numbers)
    return found
