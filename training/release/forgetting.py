"""Removes members from models and releases: their factors, tastes and places in lists.

What was learnt from many members together (trees, neighbours, curves, segments) stays: nobody can be told from it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from features.contracts.atomic import exclusive, read_json, remove_partials, write_json
from features.contracts.exchange import bring_back, changed_copy
from features.contracts.forgotten import Forgotten
from features.contracts.paths import ShopPaths
from features.contracts.settings import Settings
from features.forgetting.files import parquet_files, remove_people
from features.forgetting.names import Names
from features.store.forgetting import remove_members_online
from training.affinity.model_files import ARRAYS, MEMBERS, MODEL, file_checksum
from training.propensity.stored_scores import SCORES_FOLDER
from training.propensity.taste import TASTE_FILE
from training.protocol import Ids
from training.release.manifest import MANIFEST_FILE, checksums, read_manifest, write_manifest
from training.release.member_list import count_members
from training.release.shelf import release_folder, release_ids

MODEL_FOLDERS = "*/*/artifacts/model"
"""Where the models of every training stand below the artifacts."""


def forget_in_models(paths: ShopPaths, names: Names) -> int:
    """How many rows of members were removed from the trained models, those not in use included."""
    removed = 0
    for folder in sorted((paths.mlflow / "artifacts").glob(MODEL_FOLDERS)):
        remove_partials(folder.parent)
        bring_back(folder.parent)
        removed += _replace(folder, names)
    return removed


def keep_out_of_models(paths: ShopPaths, forgotten: Forgotten) -> int:
    """How many rows of members who had asked before were removed from the models.

    A training that began before somebody was removed still knows them: call it when a training has ended.
    """
    removed = 0
    for folder in sorted((paths.mlflow / "artifacts").glob(MODEL_FOLDERS)) if forgotten else ():
        ids = np.unique(np.concatenate([np.empty(0, dtype=np.str_), *_ids_in(folder)]))
        gone = ids[forgotten.are_members(ids)]
        removed += _replace(folder, Names(member_ids=frozenset(gone.tolist())))
    return removed


def forget_in_releases(settings: Settings, names: Names) -> int:
    """How many rows of members were removed from every release on the shelf and its online rows.

    Raises Busy while a release is made or put into service, StoreUnavailable.
    """
    paths, removed = settings.paths, 0
    with exclusive(paths.locks, "release"), exclusive(paths.locks, "activate"):
        remove_partials(paths.releases)
        remove_partials(paths.online)
        bring_back(paths.releases)
        for release_id in release_ids(paths):
            removed += _replace(release_folder(paths, release_id), names)
            removed += remove_members_online(settings, release_id, names)
    return removed


def expire_scores(paths: ShopPaths) -> int:
    """How many kept scores of members were removed; the next audience tells them again."""
    folders = list(paths.features.glob(f"*/{SCORES_FOLDER}/*/*/*")) if paths.features.is_dir() else []
    for folder in paths.features.glob(f"*/{SCORES_FOLDER}") if folders else ():
        shutil.rmtree(folder)
    return len(folders)


def _replace(folder: Path, names: Names) -> int:
    """How many rows a folder of models held of the members; the folder is exchanged as a whole."""
    held = sum(int(np.isin(ids, sorted(names.member_ids)).sum()) for ids in _ids_in(folder))
    if held:
        with changed_copy(folder) as changed:
            for part in (changed, *(each for each in changed.iterdir() if each.is_dir())):
                _remove_from_affinity(part, names)
                _remove_from_taste(part, names)
            for file in parquet_files(changed):
                remove_people(file, names)
            if (changed / MANIFEST_FILE).is_file():
                manifest = read_manifest(changed)
                update = {"files": checksums(changed), "members": count_members(changed)}
                write_manifest(changed, manifest.model_copy(update=update))
    return held


def _ids_in(folder: Path) -> Iterator[Ids]:
    """str: the members of every file that lists some."""
    for file in parquet_files(folder):
        with pq.ParquetFile(file) as found:
            if "member_id" in found.schema_arrow.names:
                yield found.read(columns=["member_id"]).column(0).to_numpy().astype(np.str_)
    for file in folder.rglob(TASTE_FILE):
        with np.load(file, allow_pickle=False) as arrays:
            yield arrays["member_ids"]


def _remove_from_affinity(folder: Path, names: Names) -> None:
    about = read_json(folder / MODEL) if folder.is_dir() else None
    if about is None:
        return
    members = pd.read_parquet(folder / MEMBERS)
    stays = ~members["member_id"].isin(names.member_ids).to_numpy()
    with np.load(folder / ARRAYS, allow_pickle=False) as loaded:
        arrays = dict(loaded)
    arrays["member_factors"] = arrays["member_factors"][stays]
    np.savez_compressed(folder / ARRAYS, **arrays)
    members[stays].to_parquet(folder / MEMBERS, index=False)
    about["checksums"] |= {name: file_checksum(folder / name) for name in (ARRAYS, MEMBERS)}
    write_json(folder / MODEL, about)


def _remove_from_taste(folder: Path, names: Names) -> None:
    file = folder / TASTE_FILE
    if not file.is_file():
        return
    with np.load(file, allow_pickle=False) as loaded:
        arrays = dict(loaded)
    stays = ~np.isin(arrays["member_ids"], sorted(names.member_ids))
    np.savez(file, member_ids=arrays["member_ids"][stays], factors=arrays["factors"][stays])
