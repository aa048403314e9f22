"""Opens Feast on a feature build: registry file, DuckDB offline store, SQLite online store."""

from __future__ import annotations

import copy
import hashlib
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ibis
from feast import Entity, FeatureService, FeatureStore, FeatureView, FileSource, RepoConfig

from features.contracts.atomic import new_file
from features.contracts.settings import Settings
from features.feature_repo import registered


def project_name(settings: Settings) -> str:
    """Feast project of the shop."""
    return f"faces_{settings.shop}"


def registered_views(folder: Path) -> dict[str, FeatureView]:
    """Every view of `registered.py` by name, its source bound to the feature build in `folder`."""
    return {view.name: _bound(view, folder) for view in vars(registered).values() if isinstance(view, FeatureView)}


def registered_services() -> dict[str, FeatureService]:
    """Every feature service of `registered.py` by name."""
    return {each.name: each for each in vars(registered).values() if isinstance(each, FeatureService)}


def open_history_store(settings: Settings, folder: Path) -> FeatureStore:
    """A store on the build in `folder`, registered anew when the build has no registry yet."""
    registry = folder / _registry_name(folder)
    # Ibis calls a function that DuckDB has renamed, and Feast sets the warning filters when it is imported.
    warnings.filterwarnings("ignore", message="fetch_arrow_table", category=DeprecationWarning)
    # Feast's DuckDB store runs on Ibis' default backend: bound it like every other connection of ours.
    ibis.set_backend(ibis.duckdb.connect(threads=settings.threads))
    if not registry.is_file():
        with new_file(registry) as partial:
            # Feast writes a registry in place; written aside and renamed, a kill leaves none or all of it.
            _store(settings, folder, registry=partial).apply(list(_objects(folder)))
            (folder / _online_name(partial)).unlink(missing_ok=True)
    return _store(settings, folder, registry=registry)


def _registry_name(folder: Path) -> str:
    # Feast keeps absolute addresses: a registry made where a moved state folder stood before would read from there.
    return f"registry-{hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:8]}.db"


def _objects(folder: Path) -> Sequence[Entity | FeatureView | FeatureService]:
    entities = [each for each in vars(registered).values() if isinstance(each, Entity)]
    return [*entities, *registered_views(folder).values(), *registered_services().values()]


def _store(settings: Settings, folder: Path, *, registry: Path) -> FeatureStore:
    config = RepoConfig(
        project=project_name(settings),
        provider="local",
        repo_path=folder,
        registry=registry_config(registry),
        offline_store={"type": "duckdb"},
        online_store={"type": "sqlite", "path": str(folder / _online_name(registry))},
        entity_key_serialization_version=3,
    )
    return FeatureStore(repo_path=str(folder), config=config)


def registry_config(registry: Path) -> dict[str, Any]:
    """Feast's own settings of a file registry; `Any` because Feast's are."""
    return {
        "registry_type": "file",
        "path": os.fspath(registry),
        "cache_ttl_seconds": 0,
    }


def _online_name(registry: Path) -> str:
    return f"{registry.name}.online"


def _bound(view: FeatureView, folder: Path) -> FeatureView:
    bound = copy.copy(view)
    source = view.batch_source
    if not isinstance(source, FileSource):
        raise TypeError(f"{view.name}: every view of registered.py reads files")
    bound.batch_source = FileSource(
        name=source.name,
        path=str(folder / source.path),
        file_format=source.file_format,
        timestamp_field=source.timestamp_field,
    )
    return bound
