"""A release's online rows in the embedded store: one SQLite file, put in place in one step, beside Feast's registry."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feast import FeatureStore, RepoConfig

from features.contracts.atomic import new_file
from features.contracts.errors import StoreUnavailable
from features.contracts.ids import ReleaseId
from features.contracts.paths import ShopPaths
from features.contracts.settings import Settings
from features.feature_repo import registered
from features.forgetting.names import Names
from features.store.connection import project_name, registry_config
from features.store.forgetting_rows import remove_from_sqlite

ONLINE_OBJECTS = (
    registered.release,
    registered.member,
    registered.identity,
    registered.member_packed,
    registered.member_profile,
    registered.member_identity,
)
"""What Feast has to know of to write and read online rows."""


@dataclass(frozen=True, kw_only=True)
class OnlineFiles:
    """The files of a release's online rows; in Redis there is the registry alone."""

    rows: Path
    registry: Path


def online_files(paths: ShopPaths, release_id: ReleaseId) -> OnlineFiles:
    """Where a release's online rows live in the embedded store."""
    return OnlineFiles(
        rows=paths.online / f"{release_id}.db",
        registry=paths.online / f"{release_id}.registry.db",
    )


class EmbeddedRows:
    """A release's rows in its own SQLite file; a reader sees the rows of before until the last one is written."""

    failures: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, settings: Settings, release_id: ReleaseId) -> None:
        self._project = project_name(settings)
        self._files = online_files(settings.paths, release_id)

    @property
    def place(self) -> str:
        return os.fspath(self._files.rows)

    @contextlib.contextmanager
    def writing(self) -> Iterator[FeatureStore]:
        with new_file(self._files.registry) as registry, new_file(self._files.rows) as rows:
            store = self._open(rows=rows, registry=registry)
            store.apply(list(ONLINE_OBJECTS))
            yield store
            _close(store)

    def reading(self) -> FeatureStore:
        if not self._files.registry.is_file():
            raise StoreUnavailable(f"online store: {self.place} lacks its registry; run `faces release`")
        store = self._open(rows=self._files.rows, registry=self._files.registry)
        # Feast would connect at the first read and create an empty file where there is none by then.
        # The file is replaced and never written to, so SQLite need not lock it: five system calls less a read.
        # `Any` because Feast keeps its connection to itself.
        embedded: Any = store.provider.online_store
        embedded._conn = sqlite3.connect(
            f"{self._files.rows.absolute().as_uri()}?mode=ro&immutable=1",
            uri=True,
            check_same_thread=False,
            detect_types=sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES,
        )
        return store

    def edition(self) -> Hashable:
        try:
            status = self._files.rows.stat()
        except OSError as error:
            raise StoreUnavailable(f"online store: {self.place} is missing; run `faces release`") from error
        return status.st_ino, status.st_mtime_ns, status.st_size

    def are_whole(self) -> bool:
        return self._files.rows.is_file() and self._files.registry.is_file()

    def remove(self) -> None:
        self._files.rows.unlink(missing_ok=True)
        self._files.registry.unlink(missing_ok=True)

    def remove_members(self, names: Names) -> int:
        return remove_from_sqlite(self._files.rows, names) if self._files.rows.is_file() else 0

    def stored_bytes(self, packed_bytes: int) -> int:  # noqa: ARG002 - the file says it better
        return self._files.rows.stat().st_size

    def _open(self, *, rows: Path, registry: Path) -> FeatureStore:
        config = RepoConfig(
            project=self._project,
            provider="local",
            repo_path=rows.parent,
            registry=registry_config(registry),
            offline_store={"type": "duckdb"},
            online_store={"type": "sqlite", "path": os.fspath(rows)},
            entity_key_serialization_version=3,
        )
        return FeatureStore(repo_path=os.fspath(rows.parent), config=config)


def _close(store: FeatureStore) -> None:
    # Feast keeps the SQLite connection to itself and has no way to close it; its journal must not outlive the rename.
    connection = getattr(store.provider.online_store, "_conn", None)
    if connection is not None:
        connection.close()
