"""The members' vectors of taste at a moment: told from the cells of a snapshot, kept with a release."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix

from features.contracts.errors import ReleaseDamaged
from features.contracts.settings import Settings
from features.groups.member_affinity import SLOW_HALF_LIFE_DAYS
from features.store.history import History
from training.propensity.cells import Cells, cells_file
from training.propensity.events import EventLog
from training.propensity.groupings import Groupings, ProductRows, read_groupings
from training.propensity.likings import Factors, member_factors
from training.protocol import Ids, rows_of

TASTE_FILE = "taste.npz"


def orders_by_group(file: Path, groupings: Groupings, member_ids: Ids, *, at: datetime) -> csr_matrix:
    """float64 (members, groups): each member's orders of product types and of brands within categories.

    From a cells' file; orders are halved per SLOW_HALF_LIFE_DAYS.
    """
    products, groups, width = _memberships(groupings)
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        rows = np.arange(len(member_ids), dtype=np.int32)
        con.register("known", pa.table({"member_id": pa.array(member_ids), "member": rows}))
        ids = pa.array(groupings.product_ids[products])
        con.register("products", pa.table({"product_id": ids, "grouping": groups.astype(np.int32)}))
        found = con.execute(
            f"""
            SELECT member, grouping,
                   sum(slow_decayed_orders * 0.5 ** (epoch($at - last_ordered_at) / 86400 / {SLOW_HALF_LIFE_DAYS}))
                       AS orders
            FROM read_parquet($file) JOIN products USING (product_id) JOIN known USING (member_id)
            GROUP BY member, grouping ORDER BY member, grouping
            """,
            {"file": str(file), "at": at},
        ).fetchnumpy()
    starts = np.searchsorted(found["member"], np.arange(len(member_ids) + 1))
    # To six decimals, so that the order in which threads add never shows.
    return csr_matrix((np.round(found["orders"], 6), found["grouping"], starts), shape=(len(member_ids), width))


def orders_of_cells(cells: Cells, groupings: Groupings) -> csr_matrix:
    """The same of cells in memory."""
    products = len(cells.starts) - 1
    of_product = np.repeat(np.arange(products), np.diff(cells.starts))
    places = (cells.columns.member_rows, of_product)
    return grouped(csr_matrix((cells.columns.slow_orders, places), shape=(cells.members, products)), groupings)


def grouped(orders: csr_matrix, groupings: Groupings) -> csr_matrix:
    """float64 (members, groups): orders (members, products) added up by product type and by brand in category."""
    products, groups, width = _memberships(groupings)
    belonging = csr_matrix((np.ones(len(products)), (products, groups)), shape=(orders.shape[1], width))
    summed = csr_matrix(orders @ belonging)
    summed.sort_indices()
    summed.data = np.round(summed.data, 6)
    return summed


def _memberships(groupings: Groupings) -> tuple[ProductRows, ProductRows, int]:
    """Product row and group of every membership, and the number of groups: types first, then brands."""
    types = int(groupings.type.max(initial=-1)) + 1
    of_type, of_brand = (np.flatnonzero(codes >= 0) for codes in (groupings.type, groupings.brand))
    groups = np.concatenate([groupings.type[of_type], types + groupings.brand[of_brand]])
    return np.concatenate([of_type, of_brand]), groups, types + int(groupings.brand.max(initial=-1)) + 1


def write_taste(settings: Settings, history: History, folder: Path, *, as_of: datetime) -> None:
    """Tells the taste of everybody with a purchase in the 365 days before `as_of`, and saves it beside a model."""
    build = history.build
    log = EventLog(
        build_folder=build.folder,
        tables_folder=settings.paths.tables / build.tables_version,
        threads=settings.threads,
    )
    member_ids = log.active_members(at=as_of)
    asked = settings.propensity
    orders = orders_by_group(cells_file(build, as_of), read_groupings(build.folder), member_ids, at=as_of)
    save_taste(folder, member_ids, member_factors(orders, factors=asked.factors, seed=settings.seed))


def save_taste(folder: Path, member_ids: Ids, factors: Factors) -> None:
    """Writes the members' vectors beside a model; half precision is below what they can tell."""
    np.savez(folder / TASTE_FILE, member_ids=member_ids, factors=factors.astype(np.float16))


def load_taste(folder: Path, member_ids: Ids) -> Factors:
    """float32 (members, factors) of `member_ids`, NaN for who was not there when they were told.

    Raises ReleaseDamaged when the folder holds none.
    """
    file = folder / TASTE_FILE
    if not file.is_file():
        raise ReleaseDamaged(f"release: {file} is missing; make another one with `faces release`")
    with np.load(file, allow_pickle=False) as arrays:
        known, factors = arrays["member_ids"], arrays["factors"].astype(np.float32)
    if len(known) == len(member_ids) and bool((known == member_ids).all()):
        return np.asarray(factors, dtype=np.float32)
    rows = rows_of(member_ids, known)
    found = np.full((len(member_ids), factors.shape[1]), np.nan, dtype=np.float32)
    found[rows >= 0] = factors[rows[rows >= 0]]
    return found
