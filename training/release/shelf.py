"""The releases of a shop: which there are, which one is in service, and the way back."""

from __future__ import annotations

import logging
import re
import shutil
from pathlib import Path

from features.contracts.atomic import exclusive, read_json, remove_partials, write_json
from features.contracts.errors import Busy, NothingLoaded, ReleaseDamaged, StoreUnavailable
from features.contracts.ids import ReleaseId
from features.contracts.paths import ShopPaths
from features.contracts.settings import Settings
from features.store.online import are_online_rows_whole, remove_online
from training.release.manifest import Manifest, read_manifest, verify

POINTER = "active"
_ID = re.compile(r"^r\d{6}$")

log = logging.getLogger(__name__)


def active_release(paths: ShopPaths) -> ReleaseId | None:
    """The release in service, None before the first one. Reads one small file."""
    pointer = read_json(paths.releases / POINTER)
    return None if pointer is None else ReleaseId(pointer["release_id"])


def previous_release(paths: ShopPaths) -> ReleaseId | None:
    """The release that was in service before the active one, None where there was none or it is gone."""
    previous = (read_json(paths.releases / POINTER) or {}).get("previous")
    return None if previous is None or not release_folder(paths, previous).is_dir() else ReleaseId(previous)


def require_active_release(paths: ShopPaths) -> ReleaseId:
    """The release in service. Raises NothingLoaded."""
    release_id = active_release(paths)
    if release_id is None:
        raise NothingLoaded(f"release: there is none in {paths.releases}; run `faces release` first")
    return release_id


def release_folder(paths: ShopPaths, release_id: ReleaseId) -> Path:
    """Folder of a release; it need not exist."""
    return paths.releases / release_id


def release_ids(paths: ShopPaths) -> list[ReleaseId]:
    """Every release on the shelf, oldest first."""
    if not paths.releases.is_dir():
        return []
    return [ReleaseId(f.name) for f in sorted(paths.releases.iterdir()) if f.is_dir() and _ID.match(f.name)]


def list_releases(paths: ShopPaths) -> list[Manifest]:
    """What every readable release says of itself, oldest first."""
    manifests = []
    for release_id in release_ids(paths):
        try:
            manifests.append(read_manifest(release_folder(paths, release_id)))
        except ReleaseDamaged:
            continue
    return manifests


def next_release_id(paths: ShopPaths) -> ReleaseId:
    """The id after the highest that was ever given out."""
    pointer = read_json(paths.releases / POINTER) or {}
    numbers = [int(each[1:]) for each in (*release_ids(paths), pointer.get("highest", "r000000"))]
    return ReleaseId(f"r{max(numbers) + 1:06d}")


def activate(settings: Settings, release_id: ReleaseId) -> Manifest:
    """Puts a release into service: a running one takes it up within a second.

    Raises ReleaseDamaged, Busy, StoreUnavailable.
    """
    paths = settings.paths
    with exclusive(paths.locks, "activate"):
        folder = release_folder(paths, release_id)
        if not folder.is_dir():
            known = ", ".join(release_ids(paths)) or "none"
            raise ReleaseDamaged(f"release {release_id}: there is no such release (there are: {known})")
        manifest = verify(folder)
        if not are_online_rows_whole(settings, release_id):
            raise ReleaseDamaged(f"release {release_id}: its online rows are gone; run `faces release`")
        before = read_json(paths.releases / POINTER) or {}
        previous = before.get("release_id")
        write_json(
            paths.releases / POINTER,
            {
                "release_id": release_id,
                "previous": previous if previous != release_id else before.get("previous"),
                "highest": max(release_id, before.get("highest", release_id)),
            },
        )
        return manifest


def prune(settings: Settings, *, keep: int) -> list[ReleaseId]:
    """Removes the oldest releases beyond `keep`, never the active one or the one before it; returns what went.

    Nothing goes while another process puts a release into service: it could be one of these. Next time is soon enough,
    as it is for online rows that cannot be reached.
    """
    paths = settings.paths
    try:
        with exclusive(paths.locks, "activate"):
            pointer = read_json(paths.releases / POINTER) or {}
            kept = {pointer.get("release_id"), pointer.get("previous")}
            gone = [release_id for release_id in release_ids(paths)[:-keep] if release_id not in kept]
            for release_id in gone:
                shutil.rmtree(release_folder(paths, release_id), ignore_errors=True)
                _remove_online(settings, release_id)
            return gone
    except Busy:
        return []


def clear_leftovers(settings: Settings) -> None:
    """Removes what a killed `faces release` left: partial files, and online rows without a release."""
    paths = settings.paths
    remove_partials(paths.releases)
    remove_partials(paths.online)
    known = set(release_ids(paths))
    for file in paths.online.glob("r*.db") if paths.online.is_dir() else ():
        release_id = ReleaseId(file.name.split(".")[0])
        if release_id not in known:
            _remove_online(settings, release_id)


def _remove_online(settings: Settings, release_id: ReleaseId) -> None:
    try:
        remove_online(settings, release_id)
    except StoreUnavailable as error:
        log.warning(
            "release %s: its online rows stay for now, the next `faces release` removes them: %s", release_id, error
        )
