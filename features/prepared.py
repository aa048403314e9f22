"""The tables that feature groups read: prepared once, kept beside the snapshots, read by several threads at once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue

import duckdb
import ibis
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table

from features.contracts.atomic import new_file
from features.contracts.errors import NothingLoaded
from features.contracts.settings import Settings
from features.tables.answers_to_coupons import contacts_of_campaigns, redemptions_of_members
from features.tables.purchases import orders_by_category, product_groupings, purchases_of_goods, visits_of_members
from features.tables.relations import relation_tables
from features.tables.returns import create_standing_lines, drop_standing_lines
from features.tables.shop_tables import ShopTables
from features.tables.storage import TablesVersion, connect, open_tables

PURCHASES_FILE = "purchases.parquet"
VISITS_FILE = "visits.parquet"
CATEGORY_ORDERS_FILE = "category_orders.parquet"
GROUPINGS_FILE = "product_groupings.parquet"


class PreparedTables:
    """The tables of a build, prepared when the first missing snapshot asks for them."""

    def __init__(self, settings: Settings, version: TablesVersion, folder: Path) -> None:
        self._settings = settings
        self._version = version
        self._folder = folder
        self._con: Backend | None = None

    @property
    def first_at(self) -> datetime:
        """Moment of the first purchase. Raises NothingLoaded when there is none."""
        if not all((self._folder / name).is_file() for name in _FILES):
            self.prepare()
        with duckdb.connect() as con:
            con.execute("SET TimeZone = 'UTC'")
            found = con.execute(
                "SELECT min(ordered_at) FROM read_parquet($file)", {"file": str(self._folder / PURCHASES_FILE)}
            ).fetchone()
        if found is None or found[0] is None:
            raise NothingLoaded("features: the tables hold no purchase of goods; see docs/tables.md")
        first_at: datetime = found[0]
        return first_at.astimezone(UTC)

    def prepare(self) -> Backend:
        """Computes the tables once, and keeps them in the folder: training reads its labels from there."""
        if self._con is not None:
            return self._con
        self._con = connect(self._settings)
        tables = prepare_tables(self._con, self._version, self._settings)
        kept = dict(
            zip(_FILES, (tables.purchases, tables.visits, tables.category_orders, tables.products), strict=True)
        )
        for name, table in kept.items():
            if not (self._folder / name).is_file():
                write_table(_as_it_stands(table), self._folder / name)
        return self._con

    def readers(self, count: int) -> SimpleQueue[ShopTables]:
        """The tables as `count` connections see them, one for each thread that computes."""
        con = self.prepare()
        readers: SimpleQueue[ShopTables] = SimpleQueue()
        for _ in range(count):
            cursor = con.con.cursor()
            # A cursor is a connection of its own: settings of the session are not handed on.
            cursor.execute("SET TimeZone = 'UTC'")
            cursor.execute("SET enable_progress_bar = false")
            readers.put(held_by(ibis.duckdb.from_connection(cursor)))
        return readers

    def close(self) -> None:
        """Frees the memory."""
        if self._con is not None:
            self._con.disconnect()


_FILES = (PURCHASES_FILE, VISITS_FILE, CATEGORY_ORDERS_FILE, GROUPINGS_FILE)


def prepare_tables(con: Backend, version: TablesVersion, settings: Settings) -> ShopTables:
    """The tables that groups read, computed from a tables version and held by `con`."""
    loaded = open_tables(version, con)
    con.create_table("order_lines_in_memory", loaded["order_lines"])
    create_standing_lines(con.con, "order_lines_in_memory", into="standing_lines")
    groupings = con.create_table("product_groupings", product_groupings(loaded["products"]))
    purchases = con.create_table(
        "purchases", purchases_of_goods(con.table("standing_lines"), groupings, settings.features)
    )
    con.create_table("category_orders", orders_by_category(purchases))
    con.create_table("visits", visits_of_members(purchases, _local_time_of_orders(con, settings.timezone)))
    drop_standing_lines(con.con, "standing_lines")
    con.raw_sql("DROP TABLE order_lines_in_memory")
    con.create_table("redemptions_by_members", redemptions_of_members(loaded["coupon_redemptions"]))
    con.create_table("campaign_contacts", contacts_of_campaigns(loaded["contacts"]))
    for name, table in relation_tables(loaded, con.table("visits")).items():
        con.create_table(f"{name}_of_members", table)
    return held_by(con)


def held_by(con: Backend) -> ShopTables:
    """The prepared tables as a connection sees them."""
    return ShopTables(
        purchases=con.table("purchases"),
        category_orders=con.table("category_orders"),
        visits=con.table("visits"),
        products=con.table("product_groupings"),
        coupon_redemptions=con.table("redemptions_by_members"),
        campaign_contacts=con.table("campaign_contacts"),
        referrals=con.table("referrals_of_members"),
        content_shares=con.table("content_shares_of_members"),
        member_facts=con.table("member_facts_of_members"),
    )


def write_table(table: Table, file: Path) -> None:
    """Writes a table as Parquet, whole or not at all."""
    with new_file(file) as partial:
        table.to_parquet(partial, compression="zstd")


def _as_it_stands(table: Table) -> Table:
    """What holds for good: a label and a history are of what was not returned."""
    if "superseded_at" not in table.columns:
        return table
    return table.filter(table.superseded_at.isnull()).drop("known_at", "superseded_at")


def _local_time_of_orders(con: Backend, timezone: str) -> Table:
    # The one place where a moment is put into the shops' zone; on Spark this is from_utc_timestamp.
    local = f"timezone('{timezone}', min(ordered_at))"
    con.raw_sql(
        f"CREATE TABLE local_time AS SELECT order_id, hour({local}) AS hour, isodow({local}) - 1 AS weekday "
        "FROM order_lines_in_memory GROUP BY order_id"
    )
    return con.table("local_time")
