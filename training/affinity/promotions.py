"""The promotion plan of the week that begins: which products a store's mailer and displays show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix

PROMOTIONS_FILE = "promotions.parquet"
NOT_SHOWN = "0"
"""How The Complete Journey writes that a product is promoted in another way only."""


@dataclass(frozen=True, kw_only=True)
class Promotions:
    """Promoted products by store; a product that is absent is not promoted."""

    product_ids: npt.NDArray[np.str_]
    mailer: csr_matrix
    """float32 (stores, products of `product_ids`): 1 where the store's mailer shows the product."""
    display: csr_matrix
    """float32 (stores, products of `product_ids`): 1 where the store displays the product."""
    has_plan: npt.NDArray[np.bool_]
    """bool (stores,): stores of which a plan is known."""

    def shown_to(self, visits: csr_matrix, product_ids: npt.NDArray[np.str_], *, display: bool) -> csr_matrix:
        """float32 (members, products): share of a member's visits to stores with a plan that show the product.

        `visits` is float32 (members, stores). A member of no such store gets the share of all stores with a plan.
        """
        known = visits.toarray() * self.has_plan
        wholes = known.sum(axis=1, keepdims=True)
        everywhere = self.has_plan / max(1, int(self.has_plan.sum()))
        shares = np.where(wholes > 0.05, known / np.where(wholes > 0, wholes, 1.0), everywhere)
        at = pd.Index(self.product_ids).get_indexer(pd.Index(product_ids))
        shown = (self.display if display else self.mailer)[:, np.maximum(at, 0)].multiply((at >= 0).astype(np.float32))
        return csr_matrix(csr_matrix(shares.astype(np.float32)) @ csr_matrix(shown))


def read_promotions(
    con: duckdb.DuckDBPyConnection, tables_folder: Path, store_ids: tuple[str, ...], *, at: datetime
) -> Promotions | None:
    """The plan of the week in which `at` lies; None without one. A week may begin in the small hours of a day.

    A plan is made before its week: reading it at the week's start sees nothing that a retailer would not know.
    """
    file = tables_folder / PROMOTIONS_FILE
    if not file.is_file() or not store_ids:
        return None
    day = (at + timedelta(hours=12)).date()
    found = con.execute(
        f"""
        SELECT product_id, store_id,
               max(coalesce(mailer, '{NOT_SHOWN}') <> '{NOT_SHOWN}')::FLOAT AS mailer,
               max(coalesce(display, '{NOT_SHOWN}') <> '{NOT_SHOWN}')::FLOAT AS display
        FROM read_parquet($file) WHERE week_on <= $day AND week_on > $day - 7
        GROUP BY product_id, store_id ORDER BY product_id, store_id
        """,
        {"file": str(file), "day": day},
    ).df()
    stores = pd.Index(store_ids).get_indexer(pd.Index(found["store_id"]))
    found, stores = found[stores >= 0], stores[stores >= 0]
    if found.empty:
        return None
    products, product_ids = pd.factorize(found["product_id"], sort=True)
    shape = (len(store_ids), len(product_ids))
    has_plan = np.zeros(len(store_ids), dtype=np.bool_)
    has_plan[stores] = True
    return Promotions(
        product_ids=np.asarray(product_ids, dtype=np.str_),
        mailer=csr_matrix((found["mailer"].to_numpy(np.float32), (stores, products)), shape=shape),
        display=csr_matrix((found["display"].to_numpy(np.float32), (stores, products)), shape=shape),
        has_plan=has_plan,
    )
