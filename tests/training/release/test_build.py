"""Making releases on a copy of the small shop: a second one, back to the first, and one that is broken off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from made_shop import MadeShop

from features.contracts.errors import NothingLoaded, ReleaseDamaged
from features.contracts.ids import ReleaseId
from features.contracts.settings import Settings
from features.schema import feature_schema
from features.snapshots import current_build
from features.store.history import History, open_history
from features.store.online import OnlineReader, PackedMember
from training.release import build
from training.release.build import MadeRelease, make_release
from training.release.loaded import load_release
from training.release.manifest import read_manifest, verify
from training.release.shelf import activate, active_release, list_releases, release_folder, release_ids
from training.tracking import Tracking, open_tracking

FIRST, SECOND = ReleaseId("r000001"), ReleaseId("r000002")


@pytest.fixture(scope="module")
def settings(small_shop: MadeShop, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return small_shop.copy_to(tmp_path_factory.mktemp("releases") / "home").settings


@pytest.fixture(scope="module")
def history(settings: Settings) -> History:
    return open_history(settings, current_build(settings.paths))


@pytest.fixture(scope="module")
def tracking(settings: Settings) -> Tracking:
    return open_tracking(settings)


@pytest.fixture(scope="module")
def second(settings: Settings, history: History, tracking: Tracking) -> MadeRelease:
    return make_release(settings, history, tracking, as_of=history.build.as_of)


def test_the_first_release_says_what_it_is(settings: Settings, tracking: Tracking) -> None:
    manifest = verify(release_folder(settings.paths, FIRST))
    build_ = current_build(settings.paths)
    assert (manifest.release_id, manifest.as_of, manifest.feature_build) == (FIRST, build_.as_of, build_.version)
    champion = tracking.champion("product_affinity")
    assert champion is not None
    assert (manifest.affinity.name, manifest.affinity.number) == (champion.name, str(champion.number))
    assert manifest.affinity.run_id == champion.run_id
    assert manifest.propensity.metrics["primary"] > 0.5
    assert manifest.members == 250
    assert manifest.bytes_per_member > 1000
    assert manifest.settings["seed"] == settings.seed
    assert manifest.settings["propensity"]["horizon_days"] == 28
    assert not {"secrets", "home"} & set(manifest.settings)


def test_every_file_of_the_release_has_a_checksum_and_none_is_pickled(settings: Settings) -> None:
    folder = release_folder(settings.paths, FIRST)
    there = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()} - {"manifest.json"}
    assert set(read_manifest(folder).files) == there
    assert {"feature_schema.json", "products.parquet", "product_matrix.npz", "propensity/model.lgb"} <= there
    assert not {name for name in there if Path(name).suffix in {".pkl", ".pickle", ".joblib", ".skops"}}
    assert json.loads((folder / "feature_schema.json").read_text()) == feature_schema()


def test_a_second_release_takes_over_and_the_first_stays(settings: Settings, second: MadeRelease) -> None:
    assert second.manifest.release_id == SECOND
    assert second.folder == release_folder(settings.paths, SECOND)
    assert second.removed == []
    assert active_release(settings.paths) == SECOND
    assert [manifest.release_id for manifest in list_releases(settings.paths)] == [FIRST, SECOND]


def test_the_same_champions_and_features_make_the_same_release(settings: Settings, second: MadeRelease) -> None:
    first = read_manifest(release_folder(settings.paths, FIRST))
    assert second.manifest.files == first.files
    ours, theirs = (load_release(settings, release_id) for release_id in (FIRST, SECOND))
    pd.testing.assert_frame_equal(ours.products.table, theirs.products.table)


def rows(settings: Settings, release_id: ReleaseId) -> Iterator[tuple[str, ...]]:
    reader = OnlineReader(settings, release_id)
    for member_id in ("1", "1000", "101"):
        row = reader.member(member_id)
        if row is not None:
            yield (row.member_id, *row.candidate_ids)


def test_both_releases_have_online_rows_of_their_own(settings: Settings, second: MadeRelease) -> None:
    ours = list(rows(settings, FIRST))
    assert ours
    assert all(len(row) > 10 for row in ours)
    assert list(rows(settings, second.manifest.release_id)) == ours


def test_the_way_back_and_forth_is_open(settings: Settings, second: MadeRelease) -> None:
    assert activate(settings, FIRST).release_id == FIRST
    assert active_release(settings.paths) == FIRST
    activate(settings, second.manifest.release_id)
    assert active_release(settings.paths) == SECOND


def test_a_damaged_release_is_not_loaded(settings: Settings, second: MadeRelease) -> None:
    file = second.folder / "affinity" / "about.json"
    file = file if file.exists() else next(each for each in (second.folder / "affinity").iterdir() if each.is_file())
    whole = file.read_bytes()
    file.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    try:
        with pytest.raises(ReleaseDamaged, match=f"release r000002: affinity/{file.name} is damaged"):
            load_release(settings, SECOND)
    finally:
        file.write_bytes(whole)
    assert load_release(settings, SECOND).manifest == second.manifest


class BrokenOff(Exception):
    """Stands for a disk that is full."""


def test_a_release_that_breaks_off_leaves_the_one_before_and_nothing_else(
    settings: Settings, history: History, tracking: Tracking, second: MadeRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    online = sorted(settings.paths.online.iterdir())

    def break_off(*_args: object, **_named: object) -> Iterator[list[PackedMember]]:
        yield []
        raise BrokenOff

    with monkeypatch.context() as patch:
        patch.setattr(build, "packed_members", break_off)
        with pytest.raises(BrokenOff):
            make_release(settings, history, tracking, as_of=history.build.as_of)
    assert active_release(settings.paths) == second.manifest.release_id
    assert release_ids(settings.paths) == [FIRST, SECOND]
    assert sorted(settings.paths.online.iterdir()) == online
    assert not list(settings.paths.releases.glob(".partial-*"))


def test_without_champions_the_commands_are_named(
    settings: Settings, history: History, tracking: Tracking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tracking, "champion", lambda *_: None)
    with pytest.raises(NothingLoaded, match="has no champion; run `faces train` and `faces promote` first"):
        make_release(settings, history, tracking, as_of=history.build.as_of)
