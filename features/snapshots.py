"""Builds the feature snapshots: every group, as known at each week start and at the latest moment."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import ibis
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table

from features.contracts.atomic import exclusive, new_file, read_json, remove_partials, write_json
from features.contracts.clock import moment_slug, moment_text, parse_moment, week_starts
from features.contracts.errors import NothingLoaded
from features.contracts.paths import ShopPaths
from features.contracts.settings import Settings
from features.groups.catalogue import GROUPS
from features.groups.declaration import SNAPSHOT_AT, FeatureGroup
from features.schema import computation_hash
from features.tables.purchases import orders_by_category, product_groupings, purchases_of_goods, visits_of_members
from features.tables.shop_tables import ShopTables
from features.tables.storage import TablesVersion, connect, current_tables, open_tables

PURCHASES_FILE = "purchases.parquet"
VISITS_FILE = "visits.parquet"
CATEGORY_ORDERS_FILE = "category_orders.parquet"
GROUPINGS_FILE = "product_groupings.parquet"


@dataclass(frozen=True, kw_only=True)
class FeatureBuild:
    """A finished build: where it is, what it was built from, and the moments that it knows."""

    version: str
    folder: Path
    tables_version: str
    as_of: datetime
    moments: tuple[datetime, ...]

    def snapshot(self, group: FeatureGroup, moment: datetime) -> Path:
        """File of a group's rows as known at `moment`; it need not exist."""
        return self.folder / group.name / f"{moment_slug(moment)}.parquet"


def current_build(paths: ShopPaths) -> FeatureBuild:
    """The newest finished build. Raises NothingLoaded when there is none of this code."""
    pointer = read_json(paths.features / "current")
    if pointer is None:
        raise NothingLoaded(f"features: nothing is built in {paths.features}; run `faces features` first")
    if not pointer["version"].endswith(f"-{computation_hash()}"):
        raise NothingLoaded(f"features: {pointer['version']} was built by other code; run `faces features` again")
    return FeatureBuild(
        version=pointer["version"],
        folder=paths.features / pointer["version"],
        tables_version=pointer["tables_version"],
        as_of=parse_moment(pointer["as_of"]),
        moments=tuple(parse_moment(moment) for moment in pointer["moments"]),
    )


def build_features(
    settings: Settings,
    *,
    as_of: datetime | None,
    extra_moments: Iterable[datetime] = (),
    progress: Callable[[int, int, str], None] = lambda _done, _all, _what: None,
) -> FeatureBuild:
    """Writes the snapshots that are missing and points to the build when all are there.

    Weekly groups get every week start up to `as_of` and `as_of` itself; member_product gets `extra_moments` (training
    cut-offs) and `as_of`. A killed build is taken up where it stopped: each file appears whole or not at all.
    `as_of` defaults to the moment after the last order. Raises NothingLoaded, Busy.
    """
    paths = settings.paths
    with exclusive(paths.locks, "features"):
        tables_version = current_tables(paths)
        latest = min(as_of, tables_version.latest_at) if as_of else tables_version.latest_at
        version = f"{tables_version.version}-{computation_hash()}"
        folder = paths.features / version
        folder.mkdir(parents=True, exist_ok=True)
        remove_partials(folder)
        with contextlib.closing(_Tables(settings, tables_version, folder)) as tables:
            first_at = tables.first_at
            if latest <= first_at:
                raise NothingLoaded(
                    f"features: nothing is known as of {latest:%Y-%m-%d %H:%M} UTC; the first purchase was made at "
                    f"{first_at:%Y-%m-%d %H:%M} UTC"
                )
            weekly = sorted({*week_starts(first=first_at, last=latest, anchor=settings.week_anchor), latest})
            cutoffs = sorted({moment for moment in extra_moments if first_at < moment <= latest} | {latest})
            _write_snapshots(tables, folder, weekly=weekly, cutoffs=cutoffs, progress=progress)
        build = FeatureBuild(
            version=version,
            folder=folder,
            tables_version=tables_version.version,
            as_of=latest,
            moments=tuple(weekly),
        )
        _point_to(paths, build)
        return build


class _Tables:
    """The tables that groups read, prepared when the first missing snapshot asks for them."""

    def __init__(self, settings: Settings, version: TablesVersion, folder: Path) -> None:
        self._settings = settings
        self._version = version
        self._folder = folder
        self._con: Backend | None = None
        self._prepared: ShopTables | None = None

    def prepared(self) -> ShopTables:
        """The tables, held by one DuckDB connection."""
        if self._prepared is None:
            self._con = connect(self._settings)
            self._prepared = prepare_tables(self._con, self._version, self._settings)
            for name, table in _kept(self._prepared).items():
                if not (self._folder / name).is_file():
                    _write(table, self._folder / name)
        return self._prepared

    @property
    def first_at(self) -> datetime:
        """Moment of the first purchase."""
        if not (self._folder / VISITS_FILE).is_file():
            self.prepared()
        with duckdb.connect() as con:
            con.execute("SET TimeZone = 'UTC'")
            found = con.execute(
                "SELECT min(ordered_at) FROM read_parquet($file)", {"file": str(self._folder / PURCHASES_FILE)}
            ).fetchone()
        if found is None or found[0] is None:
            raise NothingLoaded("features: the tables hold no purchase of goods; see docs/your-data.md")
        first_at: datetime = found[0]
        return first_at.astimezone(UTC)

    def close(self) -> None:
        """Frees the memory."""
        if self._con is not None:
            self._con.disconnect()


def _kept(tables: ShopTables) -> dict[str, Table]:
    """What stays beside the snapshots: training reads its labels from here."""
    return {
        PURCHASES_FILE: tables.purchases,
        CATEGORY_ORDERS_FILE: tables.category_orders,
        VISITS_FILE: tables.visits,
        GROUPINGS_FILE: tables.products,
    }


def prepare_tables(con: Backend, version: TablesVersion, settings: Settings) -> ShopTables:
    """The tables that groups read, computed from a tables version and held by `con`."""
    loaded = open_tables(version, con)
    order_lines = con.create_table("order_lines_in_memory", loaded["order_lines"], temp=True)
    groupings = con.create_table("product_groupings", product_groupings(loaded["products"]), temp=True)
    purchases = con.create_table("purchases", purchases_of_goods(order_lines, groupings, settings.features), temp=True)
    category_orders = con.create_table("category_orders", orders_by_category(purchases), temp=True)
    visits = con.create_table(
        "visits", visits_of_members(purchases, _local_time_of_orders(con, settings.timezone)), temp=True
    )
    con.raw_sql("DROP TABLE order_lines_in_memory")
    return ShopTables(purchases=purchases, category_orders=category_orders, visits=visits, products=groupings)


def _local_time_of_orders(con: Backend, timezone: str) -> Table:
    # The one place where a moment is put into the shops' zone; on Spark this is from_utc_timestamp.
    local = f"timezone('{timezone}', min(ordered_at))"
    con.raw_sql(
        f"CREATE TEMP TABLE local_time AS SELECT order_id, hour({local}) AS hour, isodow({local}) - 1 AS weekday "
        "FROM order_lines_in_memory GROUP BY order_id"
    )
    return con.table("local_time")


def _write_snapshots(
    tables: _Tables,
    folder: Path,
    *,
    weekly: list[datetime],
    cutoffs: list[datetime],
    progress: Callable[[int, int, str], None],
) -> None:
    wanted = [(group, moment) for group in GROUPS.values() for moment in (weekly if group.is_weekly else cutoffs)]
    for done, (group, moment) in enumerate(wanted, 1):
        file = folder / group.name / f"{moment_slug(moment)}.parquet"
        if not file.is_file():
            rows = group.expression(tables.prepared(), moment)
            _write(rows.mutate(**{SNAPSHOT_AT: ibis.literal(moment, type="timestamp('UTC', 6)")}), file)
        progress(done, len(wanted), group.name)


def _write(table: Table, file: Path) -> None:
    with new_file(file) as partial:
        table.to_parquet(partial, compression="zstd")


def _point_to(paths: ShopPaths, build: FeatureBuild) -> None:
    # A build asked for as of an earlier moment takes nothing away from what is known already.
    before = read_json(paths.features / "current") or {}
    known = [parse_moment(moment) for moment in before.get("moments", ()) if before["version"] == build.version]
    moments = sorted({*known, *build.moments})
    write_json(
        paths.features / "current",
        {
            "version": build.version,
            "tables_version": build.tables_version,
            "as_of": moment_text(moments[-1]),
            "moments": [moment_text(moment) for moment in moments],
        },
    )
    # A running training may still read the build before this one; what is older goes.
    builds = sorted((f for f in paths.features.iterdir() if f.is_dir()), key=lambda f: f.stat().st_mtime)
    for old in [folder for folder in builds if folder.name != build.version][:-1]:
        shutil.rmtree(old, ignore_errors=True)
