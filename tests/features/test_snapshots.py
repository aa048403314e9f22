"""Snapshots of a real shop: what comes later changes nothing, and nothing is computed twice."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from made_shop import MadeShop

from features.contracts.atomic import read_json, write_json
from features.contracts.errors import NothingLoaded
from features.contracts.settings import Settings, load_settings
from features.groups.catalogue import GROUPS
from features.groups.declaration import SNAPSHOT_AT, FeatureGroup
from features.prepared import prepare_tables
from features.snapshots import build_features, current_build
from features.tables.shop_tables import ShopTables
from features.tables.storage import TablesVersion, connect, current_tables

HELD = [group for name, group in GROUPS.items() if name not in ("member_advocacy", "member_facts")]
"""Groups that the default data has rows of; it knows no referrals and no measurements."""
ALL = [pytest.param(group, id=group.name) for group in HELD]

MIDNIGHT = datetime(2017, 9, 11, 4, tzinfo=UTC)
"""A week's start, four hours before the shops open."""


def order_at_or_after(version: TablesVersion, moment: datetime) -> datetime:
    """The moment of an order: its own lines are to be unseen, those of the second before seen."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        found = con.execute(
            "SELECT min(ordered_at) FROM read_parquet($file) WHERE ordered_at >= $moment",
            {"file": str(version.file("order_lines")), "moment": moment},
        ).fetchone()
    assert found is not None
    return found[0].astimezone(UTC)


@pytest.fixture(scope="module", params=["at a week's start", "at the very moment of an order"])
def moment(request: pytest.FixtureRequest, small_shop: MadeShop) -> datetime:
    if request.param == "at a week's start":
        return MIDNIGHT
    return order_at_or_after(current_tables(small_shop.settings.paths), datetime(2017, 10, 18, 17, tzinfo=UTC))


@pytest.fixture(scope="module")
def prepared(
    small_shop: MadeShop, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[datetime | None], ShopTables]]:
    """Prepares the tables; with a moment, as if no order line at or after it had ever been written."""
    settings = small_shop.settings.model_copy(update={"home": tmp_path_factory.mktemp("spill")})
    whole = current_tables(small_shop.settings.paths)
    connections = []
    known: dict[datetime | None, ShopTables] = {}

    def prepare(until: datetime | None) -> ShopTables:
        if until not in known:
            version = whole if until is None else cut(whole, until, tmp_path_factory.mktemp("cut"))
            connections.append(connect(settings))
            known[until] = prepare_tables(connections[-1], version, settings)
        return known[until]

    yield prepare
    for connection in connections:
        connection.disconnect()


def cut(version: TablesVersion, until: datetime, folder: Path) -> TablesVersion:
    for file in version.folder.iterdir():
        (folder / file.name).symlink_to(file)
    (folder / "order_lines.parquet").unlink()
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(
            f"COPY (SELECT * FROM read_parquet('{version.file('order_lines')}') "
            f"WHERE ordered_at < TIMESTAMPTZ '{until.isoformat()}') "
            f"TO '{folder / 'order_lines.parquet'}' (FORMAT parquet)"
        )
    return dataclasses.replace(version, folder=folder)


def rows_of(group: FeatureGroup, tables: ShopTables, moment: datetime) -> pd.DataFrame:
    return group.expression(tables, moment).to_pandas().sort_values(list(group.keys), ignore_index=True)


@pytest.mark.parametrize("group", ALL)
def test_dropping_every_line_at_or_after_a_moment_leaves_each_feature_as_it_was(
    prepared: Callable[[datetime | None], ShopTables], moment: datetime, group: FeatureGroup
) -> None:
    whole, early = prepared(None), prepared(moment)
    assert 0 < early.purchases.count().to_pyarrow().as_py() < whole.purchases.count().to_pyarrow().as_py()
    rows = rows_of(group, early, moment)
    assert len(rows) > 50
    pd.testing.assert_frame_equal(rows_of(group, whole, moment), rows, check_exact=True)


@pytest.mark.parametrize("group", ALL)
def test_the_lines_that_were_dropped_would_have_shown_later(
    prepared: Callable[[datetime | None], ShopTables], group: FeatureGroup
) -> None:
    later = MIDNIGHT + timedelta(days=28)
    assert not rows_of(group, prepared(None), later).equals(rows_of(group, prepared(MIDNIGHT), later))


def test_a_snapshot_on_disk_is_what_the_group_computes(
    small_shop: MadeShop, prepared: Callable[[datetime | None], ShopTables]
) -> None:
    build = current_build(small_shop.settings.paths)
    moment = build.moments[20]
    for name in ("member_value", "product_facts", "category_demand"):
        group = GROUPS[name]
        stored = pd.read_parquet(build.snapshot(group, moment))
        assert set(stored[SNAPSHOT_AT]) == {pd.Timestamp(moment)}
        stored = stored.drop(columns=SNAPSHOT_AT).sort_values(list(group.keys), ignore_index=True)
        pd.testing.assert_frame_equal(
            stored, rows_of(group, prepared(None), moment), check_dtype=False, check_datetimelike_compat=True
        )


def test_weekly_groups_have_every_week_start_and_the_latest_moment(small_shop: MadeShop) -> None:
    build = current_build(small_shop.settings.paths)
    *weeks, latest = build.moments
    assert latest == build.as_of == current_tables(small_shop.settings.paths).latest_at
    anchor = small_shop.settings.week_anchor
    assert all((week - anchor) % timedelta(days=7) == timedelta(0) for week in weeks)
    assert all(after - before == timedelta(days=7) for before, after in pairwise(weeks))
    assert timedelta(0) < latest - weeks[-1] <= timedelta(days=7)
    first = order_at_or_after(current_tables(small_shop.settings.paths), datetime(2000, 1, 1, tzinfo=UTC))
    assert timedelta(0) < weeks[0] - first <= timedelta(days=7)
    for group in GROUPS.values():
        there = {file.stem for file in (build.folder / group.name).glob("*.parquet")}
        if group.is_weekly:
            assert there == {build.snapshot(group, moment).stem for moment in build.moments}, group.name
        else:
            assert build.snapshot(group, build.as_of).stem in there
            assert len(there) < len(weeks) / 4


@pytest.fixture
def copied(small_shop: MadeShop, tmp_path: Path) -> Settings:
    """A copy of the shop that a test may change."""
    return small_shop.copy_to(tmp_path / "home").settings


def state_of(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(file.relative_to(folder)): (file.stat().st_mtime_ns, file.stat().st_ino)
        for file in folder.rglob("*.parquet")
    }


def test_a_rerun_writes_nothing_anew(copied: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    before = current_build(copied.paths)
    written = state_of(before.folder)

    def never(*_args: object) -> ShopTables:
        raise AssertionError("the tables were read again")

    monkeypatch.setattr("features.prepared.prepare_tables", never)
    assert build_features(copied, as_of=None) == before
    assert state_of(before.folder) == written
    assert current_build(copied.paths) == before


def test_a_killed_build_is_taken_up_where_it_stopped(copied: Settings) -> None:
    build = current_build(copied.paths)
    missing = build.snapshot(GROUPS["member_value"], build.moments[30])
    held = pd.read_parquet(missing)
    missing.unlink()
    leftover = missing.with_name(f".partial-{missing.name}-0a1b2c3d")
    leftover.write_bytes(b"half a file")
    written = state_of(build.folder)
    told: list[tuple[int, int, str]] = []
    build_features(copied, as_of=None, progress=lambda *step: told.append(step))
    assert not leftover.exists()
    made = pd.read_parquet(missing)
    pd.testing.assert_frame_equal(
        made.sort_values("member_id", ignore_index=True), held.sort_values("member_id", ignore_index=True)
    )
    after = state_of(build.folder)
    assert {name for name in after if written.get(name) != after[name]} == {str(missing.relative_to(build.folder))}
    assert [every - done for done, every, _ in told] == [1, 0]


def test_extra_moments_are_kept_for_the_groups_that_are_not_weekly(copied: Settings) -> None:
    build = current_build(copied.paths)
    extra = build.moments[10]
    too_late, too_early = build.as_of + timedelta(days=1), build.moments[0] - timedelta(days=30)
    asked = build.snapshot(GROUPS["member_product"], extra)
    assert not asked.exists()
    build_features(copied, as_of=None, extra_moments=[extra, too_late, too_early])
    rows = pd.read_parquet(asked)
    assert len(rows) > 100
    assert (rows["last_ordered_at"] < pd.Timestamp(extra)).all()
    assert set(rows[SNAPSHOT_AT]) == {pd.Timestamp(extra)}
    for moment in (too_late, too_early):
        assert not build.snapshot(GROUPS["member_product"], moment).exists()


def test_an_earlier_moment_is_added_and_takes_nothing_away(copied: Settings) -> None:
    before = current_build(copied.paths)
    earlier = before.moments[12] + timedelta(days=2, hours=5)
    built = build_features(copied, as_of=earlier)
    assert built.as_of == earlier
    assert built.moments == (*before.moments[:13], earlier)
    after = current_build(copied.paths)
    assert after.as_of == before.as_of
    assert after.moments == tuple(sorted({*before.moments, earlier}))
    for group in HELD:
        rows = pd.read_parquet(after.snapshot(group, earlier))
        assert len(rows) > 0
        assert set(rows[SNAPSHOT_AT]) == {pd.Timestamp(earlier)}


def test_a_moment_after_the_last_order_is_that_of_the_last_order(copied: Settings) -> None:
    latest = current_tables(copied.paths).latest_at
    assert build_features(copied, as_of=latest + timedelta(days=400)).as_of == latest


def test_a_moment_before_the_first_purchase_is_refused_and_leaves_everything(copied: Settings) -> None:
    before = current_build(copied.paths)
    with pytest.raises(NothingLoaded, match="nothing is known as of 2016-06-01 00:00 UTC; the first purchase"):
        build_features(copied, as_of=datetime(2016, 6, 1, tzinfo=UTC))
    assert current_build(copied.paths) == before
    assert not before.snapshot(GROUPS["member_value"], datetime(2016, 6, 1, tzinfo=UTC)).exists()


def test_moments_that_differ_by_less_than_a_second_have_files_of_their_own(small_shop: MadeShop) -> None:
    build = current_build(small_shop.settings.paths)
    files = {
        build.snapshot(GROUPS["member_value"], build.as_of + timedelta(microseconds=more)) for more in (0, 1, 500_000)
    }
    assert len(files) == 3


def test_a_build_of_other_code_is_refused(copied: Settings) -> None:
    pointer = read_json(copied.paths.features / "current")
    write_json(copied.paths.features / "current", {**pointer, "version": f"{pointer['tables_version']}-0badc0de"})
    with pytest.raises(NothingLoaded, match="built by other code; run `faces features` again"):
        current_build(copied.paths)


def test_without_a_build_the_command_is_named(tmp_path: Path) -> None:
    with pytest.raises(NothingLoaded, match="run `faces features` first"):
        current_build(load_settings(home=tmp_path).paths)


def test_without_tables_the_command_is_named(tmp_path: Path) -> None:
    with pytest.raises(NothingLoaded, match="run `faces load` first"):
        build_features(load_settings(home=tmp_path), as_of=None)


def test_the_build_before_stays_for_its_readers_and_older_ones_go(copied: Settings) -> None:
    build = current_build(copied.paths)
    for name in ("000000-aaaaaaaa-11111111", "000000-bbbbbbbb-22222222"):
        shutil.copytree(build.folder / "member_value", copied.paths.features / name / "member_value")
    build_features(copied, as_of=None)
    folders = {folder.name for folder in copied.paths.features.iterdir() if folder.is_dir()}
    assert folders == {build.version, "000000-bbbbbbbb-22222222"}
