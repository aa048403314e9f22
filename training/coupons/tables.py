"""Campaigns, coupons and what became of them, as tables that coupon rows are read from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd

from features.contracts.settings import Settings
from features.contracts.tables import CONTRACTS
from features.prepared import GROUPINGS_FILE, PURCHASES_FILE
from features.snapshots import FeatureBuild
from features.sources.casting import literal_path
from features.tables.session import READ_MEMORY, open_session

_RAW = ("campaigns", "contacts", "coupons", "coupon_products", "coupon_redemptions")

_VIEWS = """
CREATE TABLE campaign AS
    SELECT campaign_id, timezone($zone, starts_on::TIMESTAMP) AS starts_at,
           timezone($zone, (ends_on + 1)::TIMESTAMP) AS ends_at
    FROM raw_campaigns
    UNION ALL
    SELECT 'coupon ' || coupon_id, timezone($zone, min(starts_on)::TIMESTAMP),
           timezone($zone, (max(ends_on) + 1)::TIMESTAMP)
    FROM raw_coupons WHERE campaign_id IS NULL AND starts_on IS NOT NULL AND ends_on IS NOT NULL GROUP BY coupon_id;
CREATE TABLE coupon AS
    SELECT DISTINCT coupon_id, campaign.campaign_id, face_value, discount_type
    FROM raw_coupons AS raw JOIN campaign ON campaign.campaign_id = coalesce(raw.campaign_id, 'coupon ' || coupon_id);
CREATE TABLE scope AS
    SELECT DISTINCT coupon.campaign_id, coupon.coupon_id, raw.product_id
    FROM coupon JOIN raw_coupon_products AS raw ON raw.coupon_id = coupon.coupon_id
        AND (raw.campaign_id IS NULL OR raw.campaign_id = coupon.campaign_id);
CREATE TABLE coupon_size AS
    SELECT campaign_id, coupon_id, count(*) AS size FROM scope GROUP BY ALL;
CREATE TABLE category_share AS
    SELECT *, row_number() OVER (PARTITION BY campaign_id, coupon_id ORDER BY share DESC, category) AS place
    FROM (
        SELECT campaign_id, coupon_id, category,
               count(*) / sum(count(*)) OVER (PARTITION BY campaign_id, coupon_id) AS share
        FROM scope JOIN groupings USING (product_id) WHERE category IS NOT NULL
        GROUP BY campaign_id, coupon_id, category
    );
CREATE TABLE contact AS
    SELECT campaign_id, member_id, min(contacted_at) AS contacted_at
    FROM raw_contacts WHERE member_id IS NOT NULL AND NOT coalesce(is_holdout, false) GROUP BY ALL;
CREATE TABLE redemption AS
    SELECT raw.member_id, coupon.coupon_id, coupon.campaign_id, raw.redeemed_at
    FROM raw_coupon_redemptions AS raw JOIN coupon ON coupon.coupon_id = raw.coupon_id
    JOIN campaign ON campaign.campaign_id = coupon.campaign_id
    WHERE raw.member_id IS NOT NULL AND (raw.campaign_id = coupon.campaign_id
        OR (raw.campaign_id IS NULL AND raw.redeemed_at >= campaign.starts_at AND raw.redeemed_at < campaign.ends_at));
"""


@dataclass(frozen=True, kw_only=True)
class CouponTables:
    """A DuckDB connection that holds the coupons of a shop. Every instant is UTC.

    `campaign` (campaign_id, starts_at, ends_at), `coupon` (coupon_id, campaign_id, face_value, discount_type), `scope`
    (campaign_id, coupon_id, product_id), `coupon_size` (campaign_id, coupon_id, size), `category_share` (campaign_id,
    coupon_id, category, share, place), `contact` (campaign_id, member_id, contacted_at), `redemption` (member_id,
    coupon_id, campaign_id, redeemed_at), and of the feature build `purchases` and `groupings`. A coupon without a
    campaign is a campaign of its own. Tables that were not handed over are empty.
    """

    con: duckdb.DuckDBPyConnection

    @property
    def has_coupons(self) -> bool:
        """Whether there is a coupon of a dated campaign that covers a product."""
        return bool(self.rows("SELECT 1 FROM scope LIMIT 1").size)

    @property
    def first_purchase_at(self) -> datetime | None:
        """When the first purchase was made, None when there is none."""
        first = self.rows("SELECT min(ordered_at) AS first_at FROM purchases")["first_at"].iloc[0]
        return None if pd.isna(first) else first.to_pydatetime()

    def rows(self, sql: str, parameters: dict[str, object] | None = None, **frames: pd.DataFrame) -> pd.DataFrame:
        """What a query finds; `frames` are the tables that it names beside those of the class."""
        for name, frame in frames.items():
            self.con.register(name, frame)
        try:
            return self.con.execute(sql, parameters or {}).df()
        finally:
            for name in frames:
                self.con.unregister(name)


@contextlib.contextmanager
def open_coupon_tables(settings: Settings, build: FeatureBuild) -> Iterator[CouponTables]:
    """The coupons of the tables that a feature build was made from."""
    folder = settings.paths.tables / build.tables_version
    with contextlib.closing(open_session(settings, zone="UTC", memory=READ_MEMORY)) as con:
        fill(con, folder, build.folder, zone=settings.timezone)
        yield CouponTables(con=con)


def fill(con: duckdb.DuckDBPyConnection, tables: Path, build: Path, *, zone: str) -> None:
    """Creates the tables of CouponTables in a connection from the files of a tables version and a feature build."""
    for name in _RAW:
        file = tables / f"{name}.parquet"
        columns = ", ".join(f"CAST(NULL AS {c.type.value}) AS {c.name}" for c in CONTRACTS[name].columns)
        source = f"read_parquet('{_quoted(file)}')" if file.is_file() else f"(SELECT {columns} WHERE false)"
        con.execute(f"CREATE VIEW raw_{name} AS SELECT * FROM {source}")
    for name, file in (("purchases", build / PURCHASES_FILE), ("groupings", build / GROUPINGS_FILE)):
        con.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{_quoted(file)}')")
    for statement in _VIEWS.split(";"):
        if statement.strip():
            con.execute(statement, {"zone": zone} if "$zone" in statement else {})


def _quoted(file: Path) -> str:
    return literal_path(file).replace("'", "''")
