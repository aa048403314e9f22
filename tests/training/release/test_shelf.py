"""The shelf: which release is in service, the way back, and what may be thrown away."""

from __future__ import annotations

from pathlib import Path

import pytest
from literal_release import put_on_shelf

from features.contracts.atomic import exclusive
from features.contracts.errors import Busy, NothingLoaded, ReleaseDamaged
from features.contracts.ids import ReleaseId
from features.contracts.paths import ShopPaths
from features.contracts.settings import Settings, load_settings
from features.store.online import online_files
from training.release.manifest import MANIFEST_FILE
from training.release.shelf import (
    activate,
    active_release,
    clear_leftovers,
    list_releases,
    next_release_id,
    prune,
    release_folder,
    release_ids,
    require_active_release,
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path)


@pytest.fixture
def paths(settings: Settings) -> ShopPaths:
    return settings.paths


def serve(settings: Settings, *numbers: int) -> list[ReleaseId]:
    """Makes releases and puts each into service, in turn."""
    made = [put_on_shelf(settings.paths, f"r{number:06d}") for number in numbers]
    for release_id in made:
        activate(settings, release_id)
    return made


def online_of(paths: ShopPaths) -> set[str]:
    return {file.name for file in paths.online.iterdir()}


def test_before_the_first_release_there_is_none(settings: Settings, paths: ShopPaths) -> None:
    assert active_release(paths) is None
    assert release_ids(paths) == list_releases(paths) == []
    assert next_release_id(paths) == "r000001"
    assert prune(settings, keep=2) == []
    clear_leftovers(settings)
    with pytest.raises(NothingLoaded, match="run `faces release` first"):
        require_active_release(paths)


def test_the_release_put_into_service_last_is_active(settings: Settings, paths: ShopPaths) -> None:
    first, second = serve(settings, 1, 2)
    assert require_active_release(paths) == second
    assert activate(settings, first).release_id == first
    assert active_release(paths) == first
    assert release_ids(paths) == [first, second]


def test_an_unknown_release_is_refused_with_those_there_are(settings: Settings, paths: ShopPaths) -> None:
    serve(settings, 1, 2)
    with pytest.raises(ReleaseDamaged, match=r"r000009: there is no such release \(there are: r000001, r000002\)"):
        activate(settings, ReleaseId("r000009"))
    assert active_release(paths) == "r000002"


@pytest.mark.parametrize("lost", ["a file", "the rows", "their registry"])
def test_a_damaged_release_is_refused_and_the_one_before_stays(settings: Settings, paths: ShopPaths, lost: str) -> None:
    serve(settings, 1)
    damaged = put_on_shelf(paths, "r000002")
    if lost == "a file":
        (release_folder(paths, damaged) / "products.parquet").unlink()
    elif lost == "the rows":
        online_files(paths, damaged).rows.unlink()
    else:
        online_files(paths, damaged).registry.unlink()
    with pytest.raises(ReleaseDamaged, match="release r000002: "):
        activate(settings, damaged)
    assert active_release(paths) == "r000001"


def test_two_commands_never_put_releases_into_service_at_once(settings: Settings, paths: ShopPaths) -> None:
    serve(settings, 1, 2)
    with exclusive(paths.locks, "activate"), pytest.raises(Busy):
        activate(settings, ReleaseId("r000001"))
    assert active_release(paths) == "r000002"


def test_the_oldest_go_and_take_their_rows_with_them(settings: Settings, paths: ShopPaths) -> None:
    serve(settings, 1, 2, 3, 4, 5)
    assert prune(settings, keep=3) == ["r000001", "r000002"]
    assert release_ids(paths) == ["r000003", "r000004", "r000005"]
    assert online_of(paths) == {
        name for number in (3, 4, 5) for name in (f"r00000{number}.db", f"r00000{number}.registry.db")
    }
    assert prune(settings, keep=3) == []


def test_neither_the_release_in_service_nor_the_one_before_it_goes(settings: Settings, paths: ShopPaths) -> None:
    serve(settings, 1, 2, 3, 4, 5)
    activate(settings, ReleaseId("r000001"))
    # In service is the oldest, before it was the newest.
    assert prune(settings, keep=2) == ["r000002", "r000003"]
    activate(settings, ReleaseId("r000004"))
    put_on_shelf(paths, "r000006")
    put_on_shelf(paths, "r000007")
    assert prune(settings, keep=2) == ["r000005"]
    assert release_ids(paths) == ["r000001", "r000004", "r000006", "r000007"]


def test_putting_the_active_release_into_service_again_keeps_the_way_back(settings: Settings, paths: ShopPaths) -> None:
    serve(settings, 1, 2)
    activate(settings, ReleaseId("r000002"))
    for number in (3, 4, 5):
        put_on_shelf(paths, f"r{number:06d}")
    assert prune(settings, keep=2) == ["r000003"]
    assert activate(settings, ReleaseId("r000001")).release_id == "r000001"


def test_nothing_goes_while_another_command_puts_a_release_into_service(settings: Settings, paths: ShopPaths) -> None:
    serve(settings, 1, 2, 3, 4)
    with exclusive(paths.locks, "activate"):
        assert prune(settings, keep=2) == []
    assert len(release_ids(paths)) == 4
    assert prune(settings, keep=2) == ["r000001", "r000002"]


def test_an_id_is_never_given_out_twice(settings: Settings, paths: ShopPaths) -> None:
    given = []
    for _ in range(6):
        release_id = next_release_id(paths)
        given.append(release_id)
        put_on_shelf(paths, release_id)
        activate(settings, release_id)
        prune(settings, keep=2)
        activate(settings, given[max(0, len(given) - 2)])
    assert given == [f"r{number:06d}" for number in range(1, 7)]
    # Even when the newest was removed by hand.
    (release_folder(paths, given[-1]) / MANIFEST_FILE).unlink()
    for file in sorted(release_folder(paths, given[-1]).rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    release_folder(paths, given[-1]).rmdir()
    assert next_release_id(paths) == "r000007"


def test_a_release_that_was_made_but_never_put_into_service_keeps_its_id(settings: Settings, paths: ShopPaths) -> None:
    serve(settings, 1)
    put_on_shelf(paths, "r000002")
    assert next_release_id(paths) == "r000003"


def test_what_a_killed_release_left_is_removed_and_nothing_else(settings: Settings, paths: ShopPaths) -> None:
    serve(settings, 1, 2)
    kept = online_of(paths)
    orphan = online_files(paths, ReleaseId("r000003"))
    orphan.rows.write_bytes(b"rows")
    orphan.registry.write_bytes(b"registry")
    (paths.online / ".partial-r000004.db-0a1b2c3d").write_bytes(b"half")
    (paths.online / ".partial-r000004.db-0a1b2c3d-journal").write_bytes(b"half")
    (paths.releases / ".partial-r000003-0a1b2c3d" / "affinity").mkdir(parents=True)
    clear_leftovers(settings)
    assert online_of(paths) == kept
    assert sorted(each.name for each in paths.releases.iterdir()) == ["active", "r000001", "r000002"]
    assert activate(settings, ReleaseId("r000001")).release_id == "r000001"


def test_a_release_that_cannot_be_read_is_left_out_of_the_list_and_stays_on_the_shelf(
    settings: Settings, paths: ShopPaths
) -> None:
    serve(settings, 1, 2, 3)
    (release_folder(paths, ReleaseId("r000002")) / MANIFEST_FILE).write_text("{")
    assert [manifest.release_id for manifest in list_releases(paths)] == ["r000001", "r000003"]
    assert release_ids(paths) == ["r000001", "r000002", "r000003"]


def test_a_file_that_only_looks_like_a_release_is_none(settings: Settings, paths: ShopPaths) -> None:
    serve(settings, 1)
    (paths.releases / "r000009").write_text("a file")
    (paths.releases / "r12").mkdir()
    (paths.releases / "notes").mkdir()
    assert release_ids(paths) == ["r000001"]
