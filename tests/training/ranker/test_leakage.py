"""Nothing that was bought at or after a cut-off is in what the ranker learns from at it.

A real shop is loaded twice: whole, and without the order lines from the cut-off on. The same matrix must come out, to
the last bit; and one single line that is seen too early, anywhere, must show in it.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import ibis
import numpy as np
import pytest
from journey_slice import write_slice

from features.contracts.atomic import read_json, write_json
from features.contracts.clock import moment_text, week_start
from features.contracts.settings import Settings, load_settings
from features.groups.catalogue import GROUPS
from features.groups.declaration import SNAPSHOT_AT
from features.prepared import CATEGORY_ORDERS_FILE, GROUPINGS_FILE, PURCHASES_FILE, VISITS_FILE, write_table
from features.snapshots import FeatureBuild, build_features
from features.store.history import open_history
from features.tables.load import load_shop
from features.tables.shop_tables import unbound_shop_tables
from features.tables.storage import VERSION_FILE, current_tables
from training.affinity.pairs import GROUP as PAIRS
from training.cutoffs import Cutoff
from training.ranker.features import MEMBER_FEATURES, PRODUCT_FEATURES, RANKER_FEATURES
from training.ranker.rows import RankerRows, rows_of_stage
from training.ranker.stage import Stage, stage_at

HOUSEHOLDS = 60
FIRST = datetime(2017, 10, 23, 5, tzinfo=UTC)
LAST = datetime(2017, 12, 4, 5, tzinfo=UTC)
WEEK = 48
NOW = datetime(2018, 1, 1, tzinfo=UTC)

GROUPS_READ = ("member_value", "member_rhythm", "member_mix", "member_product", "product_facts", "product_demand")
"""Feature groups that the ranker reads."""


@dataclass(frozen=True, kw_only=True)
class BuiltShop:
    """A loaded shop with features at the cut-off."""

    settings: Settings
    build: FeatureBuild
    cutoff: Cutoff

    def stage(self) -> Stage:
        """The shop at the cut-off."""
        history = open_history(self.settings, self.build)
        tables_folder = self.settings.paths.tables / self.build.tables_version
        return stage_at(self.settings, history, self.cutoff, tables_folder=tables_folder)

    def rows(self, like: Stage) -> RankerRows:
        """Rows of the members that another stage has found to buy: who is asked for is no feature."""
        return rows_of_stage(replace(self.stage(), holdout=like.holdout))


def built(home: Path, source: Path) -> BuiltShop:
    """The shop of some files; its clock has reached the cut-off, whatever was sold since."""
    loaded = load_settings(home=home)
    affinity = loaded.affinity.model_copy(update={"min_buyers": 4, "factors": 8, "iterations": 3})
    settings = loaded.model_copy(update={"affinity": affinity})
    cutoff = Cutoff(week=WEEK, at=week_start(WEEK, anchor=settings.week_anchor))
    load_shop(settings, source=source, with_synthetic_contacts=False, as_of=None, now=NOW, progress=lambda _step: None)
    version = current_tables(settings.paths)
    if version.latest_at < cutoff.at:
        told = read_json(version.folder / VERSION_FILE)
        write_json(version.folder / VERSION_FILE, {**told, "latest_at": moment_text(cutoff.at)})
    return BuiltShop(
        settings=settings,
        build=build_features(settings, as_of=None, extra_moments=[cutoff.at]),
        cutoff=cutoff,
    )


def keep_transactions(folder: Path, *, until: datetime) -> None:
    """Rewrites the transactions of a slice: from FIRST, and before `until`."""
    file = folder / "transactions.parquet"
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(
            f"""
            CREATE TABLE kept AS SELECT * FROM read_parquet('{file}')
            WHERE transaction_timestamp >= $first::TIMESTAMP AND transaction_timestamp < $until::TIMESTAMP
            """,
            {"first": FIRST.replace(tzinfo=None), "until": until.replace(tzinfo=None)},
        )
        con.execute(f"COPY kept TO '{file}' (FORMAT parquet)")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> BuiltShop:
    source = write_slice(tmp_path_factory.mktemp("whole"), members=HOUSEHOLDS)
    keep_transactions(source, until=LAST)
    return built(tmp_path_factory.mktemp("home"), source)


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory, whole: BuiltShop) -> BuiltShop:
    source = write_slice(tmp_path_factory.mktemp("cut"), members=HOUSEHOLDS)
    keep_transactions(source, until=whole.cutoff.at)
    return built(tmp_path_factory.mktemp("home"), source)


@pytest.fixture(scope="module")
def stage(whole: BuiltShop) -> Stage:
    return whole.stage()


@pytest.fixture(scope="module")
def rows(stage: Stage) -> RankerRows:
    return rows_of_stage(stage)


def differing(one: RankerRows, other: RankerRows) -> set[str]:
    """Features that are not the same in both, or `rows` where the candidates are others."""
    if not (np.array_equal(one.members, other.members) and np.array_equal(one.product_rows, other.product_rows)):
        return {"rows"}
    same = (one.matrix == other.matrix) | (np.isnan(one.matrix) & np.isnan(other.matrix))
    return {name for name, is_same in zip(RANKER_FEATURES, same.all(axis=0), strict=True) if not is_same}


def test_the_shop_has_something_to_leak(whole: BuiltShop, cut: BuiltShop, stage: Stage, rows: RankerRows) -> None:
    later = whole.build.folder / PURCHASES_FILE
    query = f"SELECT count(*) FROM read_parquet('{later}') WHERE ordered_at >= $at"
    with duckdb.connect() as con:
        found = con.execute(query, {"at": whole.cutoff.at}).fetchone()
    assert found is not None
    assert found[0] > 1000
    assert cut.build.as_of == whole.cutoff.at < whole.build.as_of
    assert len(stage.holdout.member_ids) > 20
    assert rows.bought.sum() > 50
    # Every feature that the shop has data for says something: one that is the same everywhere would prove nothing.
    spread = {name for name, column in zip(RANKER_FEATURES, rows.matrix.T, strict=True) if len(np.unique(column)) > 1}
    assert set(RANKER_FEATURES) - spread == {"mailer", "display"}


def test_rows_are_the_same_without_what_was_bought_from_the_cutoff_on(
    cut: BuiltShop, stage: Stage, rows: RankerRows
) -> None:
    without = cut.rows(like=stage)
    assert differing(rows, without) == set()
    assert rows.matrix.tobytes() == without.matrix.tobytes()


def test_the_catalogue_the_shelf_and_the_models_are_the_same(cut: BuiltShop, stage: Stage) -> None:
    without = cut.stage()
    assert without.affinity.catalogue.product_ids.tolist() == stage.affinity.catalogue.product_ids.tolist()
    assert without.affinity.catalogue.buyers.tolist() == stage.affinity.catalogue.buyers.tolist()
    assert without.shelf.table.equals(stage.shelf.table)
    assert np.array_equal(without.shelf.matrix, stage.shelf.matrix, equal_nan=True)
    assert np.array_equal(without.affinity.als.member_factors, stage.affinity.als.member_factors)
    assert np.array_equal(without.affinity.neighbours.rows, stage.affinity.neighbours.rows)


def test_labels_alone_come_from_after_the_cutoff(cut: BuiltShop) -> None:
    assert len(cut.stage().holdout.member_ids) == 0


def copied(shop: BuiltShop, folder: Path) -> BuiltShop:
    """The shop with a feature build of its own, that a test may spoil."""
    shutil.copytree(shop.build.folder, folder, ignore=shutil.ignore_patterns("registry*", "*.db"))
    return replace(shop, build=replace(shop.build, folder=folder))


def early_line(shop: BuiltShop, stage: Stage) -> dict[str, str]:
    """The first line after the cut-off by which a member buys of the catalogue: its member, order and product."""
    with duckdb.connect() as con:
        return (
            con.execute(
                f"""
                SELECT member_id, order_id, product_id FROM read_parquet('{shop.build.folder / PURCHASES_FILE}')
                WHERE ordered_at >= $at AND list_contains($members, member_id) AND list_contains($products, product_id)
                ORDER BY ordered_at, order_id, product_id LIMIT 1
                """,
                {
                    "at": shop.cutoff.at,
                    "members": stage.holdout.member_ids.tolist(),
                    "products": stage.affinity.catalogue.product_ids.tolist(),
                },
            )
            .df()
            .to_dict("records")[0]
        )


def see_early(shop: BuiltShop, name: str, line: dict[str, str]) -> None:
    """Dates a line, or the visit that it was bought on, a second before the cut-off in a prepared table."""
    file = shop.build.folder / name
    keys = ["member_id", "order_id", "product_id"] if name == PURCHASES_FILE else ["member_id", "order_id"]
    moment = shop.cutoff.at - timedelta(seconds=1)
    is_it = " AND ".join(f"{key} = '{line[key]}'" for key in keys)
    early = [f"CASE WHEN {is_it} THEN $moment::TIMESTAMPTZ ELSE ordered_at END AS ordered_at"]
    if name == PURCHASES_FILE:
        early.append(f"CASE WHEN {is_it} THEN epoch($moment::TIMESTAMPTZ) ELSE ordered_epoch END AS ordered_epoch")
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(
            f"CREATE TABLE changed AS SELECT * REPLACE ({', '.join(early)}) FROM read_parquet('{file}')",
            {"moment": moment},
        )
        con.execute(f"COPY changed TO '{file}' (FORMAT parquet)")


def rebuild(shop: BuiltShop, group: str, *, tables_of: BuiltShop) -> None:
    """Computes one group's snapshot at the cut-off anew, from another build's prepared tables."""
    con = ibis.duckdb.connect()
    con.raw_sql("SET TimeZone = 'UTC'")
    always = ibis.literal(None, type="timestamp('UTC', 6)")
    read = {
        # kept files hold what was not returned, which stands for good
        field: con.read_parquet(tables_of.build.folder / file).mutate(known_at=always, superseded_at=always)
        for field, file in (
            ("purchases", PURCHASES_FILE),
            ("visits", VISITS_FILE),
            ("category_orders", CATEGORY_ORDERS_FILE),
            ("products", GROUPINGS_FILE),
        )
    }
    tables = replace(unbound_shop_tables(), **read)
    rows = GROUPS[group].expression(tables, shop.cutoff.at)
    at = ibis.literal(shop.cutoff.at, type="timestamp('UTC', 6)")
    write_table(rows.mutate(**{SNAPSHOT_AT: at}), shop.build.snapshot(GROUPS[group], shop.cutoff.at))
    con.disconnect()


@pytest.fixture(scope="module")
def spoiled(whole: BuiltShop, stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> BuiltShop:
    """The prepared tables in which one line is seen too early."""
    shop = copied(whole, tmp_path_factory.mktemp("spoiled") / "build")
    line = early_line(whole, stage)
    for name in (PURCHASES_FILE, VISITS_FILE):
        see_early(shop, name, line)
    return shop


def test_rebuilding_a_group_of_the_same_tables_changes_nothing(
    whole: BuiltShop, stage: Stage, rows: RankerRows, tmp_path: Path
) -> None:
    shop = copied(whole, tmp_path / "build")
    for group in GROUPS_READ:
        rebuild(shop, group, tables_of=whole)
    assert differing(rows, shop.rows(like=stage)) == set()


@pytest.mark.parametrize("group", GROUPS_READ)
def test_a_group_that_sees_one_line_too_early_is_found(
    group: str, whole: BuiltShop, spoiled: BuiltShop, stage: Stage, rows: RankerRows, tmp_path: Path
) -> None:
    shop = copied(whole, tmp_path / "build")
    rebuild(shop, group, tables_of=spoiled)
    assert differing(rows, shop.rows(like=stage))


@pytest.mark.parametrize("name", [PURCHASES_FILE, VISITS_FILE])
def test_a_source_that_sees_one_line_too_early_is_found(
    name: str, whole: BuiltShop, spoiled: BuiltShop, stage: Stage, rows: RankerRows, tmp_path: Path
) -> None:
    """Baskets, stores and the catalogue are read off the prepared tables, not off the groups."""
    shop = copied(whole, tmp_path / "build")
    shutil.copy(spoiled.build.folder / name, shop.build.folder / name)
    assert differing(rows, shop.rows(like=stage))


def test_every_group_that_the_ranker_reads_is_tried() -> None:
    read = {name.split("__")[0] for name in (*MEMBER_FEATURES, *PRODUCT_FEATURES)}
    assert {*read, PAIRS} == set(GROUPS_READ)
