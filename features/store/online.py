"""The online rows: written whole for a release, swapped in one step, read one member at a time."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from feast import FeatureStore, FeatureView, RepoConfig
from feast.errors import FeastError
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # protobuf ships no types

from features.contracts.atomic import new_file
from features.contracts.clock import from_days_since_epoch
from features.contracts.errors import StoreUnavailable
from features.contracts.ids import MemberId, ProductId, ReleaseId
from features.contracts.paths import ShopPaths
from features.contracts.settings import Settings
from features.encoding import Vectors
from features.feature_repo import registered
from features.groups.declaration import SNAPSHOT_AT
from features.store.connection import project_name, registry_config

PACKED_FIELDS = (
    "as_of",
    "member_vector",
    "candidate_ids",
    "candidate_values",
    "recent_product_ids",
    "recent_ordered_days",
    "member_texts",
)

ROWS_PER_WRITE = 250
"""Feast turns a batch into Python objects before it writes; small ones are faster and bound the memory."""


@dataclass(frozen=True, kw_only=True)
class PackedMember:
    """All that a request reads of a member, as its release saw it."""

    member_id: MemberId
    as_of: datetime
    vector: Vectors
    """float32 (features,): the member's encoded features in the release's order."""
    candidate_ids: tuple[ProductId, ...]
    candidate_values: Vectors
    """float32 (candidates, fields)."""
    recent_product_ids: tuple[ProductId, ...]
    recent_ordered_days: tuple[float, ...]
    """Days since the epoch, newest first."""
    texts: tuple[str, ...]
    """The member's text features in declared order; empty where there is none."""


@dataclass(frozen=True, kw_only=True)
class OnlineFiles:
    """The two files of a release's online rows."""

    rows: Path
    registry: Path


def online_files(paths: ShopPaths, release_id: ReleaseId) -> OnlineFiles:
    """Where a release's online rows live in the embedded store."""
    return OnlineFiles(
        rows=paths.online / f"{release_id}.db",
        registry=paths.online / f"{release_id}.registry.db",
    )


def remove_online(paths: ShopPaths, release_id: ReleaseId) -> None:
    """Removes a release's online rows."""
    files = online_files(paths, release_id)
    files.rows.unlink(missing_ok=True)
    files.registry.unlink(missing_ok=True)


def publish_members(
    settings: Settings,
    release_id: ReleaseId,
    members: Iterable[Sequence[PackedMember]],
    identities: pd.DataFrame,
    *,
    as_of: datetime,
) -> int:
    """Writes all online rows of a release and puts them in place in one step; the number of members written.

    `identities` has identity_key and member_id. A reader sees the rows of before until the last one is written.
    """
    files = online_files(settings.paths, release_id)
    written = 0
    with new_file(files.registry) as registry, new_file(files.rows) as rows:
        store = _open(settings, rows=rows, registry=registry)
        store.apply([registered.release, registered.member, registered.identity, *_views()])
        for chunk in members:
            for start in range(0, len(chunk), ROWS_PER_WRITE):
                frame = _member_frame(release_id, chunk[start : start + ROWS_PER_WRITE])
                store.write_to_online_store(registered.member_packed.name, frame)
                written += len(frame)
        for start in range(0, len(identities), ROWS_PER_WRITE * 20):
            frame = identities.iloc[start : start + ROWS_PER_WRITE * 20]
            frame = frame.assign(release_id=str(release_id), **{SNAPSHOT_AT: pd.Timestamp(as_of)})
            store.write_to_online_store(registered.member_identity.name, frame)
        _close(store)
    return written


class OnlineReader:
    """Reads a release's rows; safe to share between threads.

    When the file behind it is replaced, the next read opens the new one; a read under way ends on the old one.
    """

    def __init__(self, settings: Settings, release_id: ReleaseId) -> None:
        self._settings = settings
        self._release_id = release_id
        self._files = online_files(settings.paths, release_id)
        self._lock = threading.Lock()
        self._opened: tuple[tuple[int, int, int], FeatureStore] | None = None

    def member(self, member_id: str) -> PackedMember | None:
        """The member's row, None when the release has none. Raises StoreUnavailable."""
        found = self._read(registered.member_packed.name, PACKED_FIELDS, {"member_id": member_id})
        if found["as_of"] is None:
            return None
        ids = tuple(found["candidate_ids"] or ())
        values = np.asarray(found["candidate_values"] or (), dtype=np.float32)
        return PackedMember(
            member_id=MemberId(member_id),
            as_of=found["as_of"],
            vector=np.asarray(found["member_vector"], dtype=np.float32),
            candidate_ids=ids,
            candidate_values=values.reshape(len(ids), -1 if len(ids) else 0),
            recent_product_ids=tuple(found["recent_product_ids"] or ()),
            recent_ordered_days=tuple(found["recent_ordered_days"] or ()),
            texts=tuple(found["member_texts"] or ()),
        )

    def member_id(self, identity_key: str) -> MemberId | None:
        """The member behind a channel's id or a phone hash. Raises StoreUnavailable."""
        found = self._read(registered.member_identity.name, ("member_id",), {"identity_key": identity_key})
        return None if found["member_id"] is None else MemberId(found["member_id"])

    def _read(self, view: str, fields: Sequence[str], keys: dict[str, str]) -> dict[str, Any]:
        try:
            found = self._store().get_online_features(
                features=[f"{view}:{field}" for field in fields],
                entity_rows=[{"release_id": str(self._release_id), **keys}],
            )
            answer = found.to_dict()
        except (sqlite3.Error, FeastError, DecodeError, OSError) as error:
            self._opened = None
            raise StoreUnavailable(f"online store: {self._files.rows} cannot be read ({error})") from error
        return {field: answer[field][0] for field in fields}

    def _store(self) -> FeatureStore:
        try:
            status = self._files.rows.stat()
            self._files.registry.stat()
        except OSError as error:
            raise StoreUnavailable(f"online store: {self._files.rows} is missing; run `faces release`") from error
        identity = (status.st_ino, status.st_mtime_ns, status.st_size)
        opened = self._opened
        if opened is None or opened[0] != identity:
            with self._lock:
                opened = self._opened
                if opened is None or opened[0] != identity:
                    opened = self._opened = (identity, _open_to_read(self._settings, self._files))
        return opened[1]


def identity_key(*, source: str | None = None, source_id: str | None = None, phone_hash: str | None = None) -> str:
    """The key of `member_identity`: `id:SOURCE:SOURCE_ID` or `phone:STORED_HASH`."""
    if phone_hash is not None:
        return f"phone:{phone_hash}"
    # A colon in a source must not make it the key of another source.
    escaped = str(source).replace("%", "%25").replace(":", "%3A")
    return f"id:{escaped}:{source_id}"


def ordered_moments(days: Iterable[float]) -> tuple[datetime, ...]:
    """The moments written as days since the epoch."""
    return tuple(from_days_since_epoch(day) for day in days)


def _views() -> tuple[FeatureView, ...]:
    return (registered.member_packed, registered.member_identity)


def _open(settings: Settings, *, rows: Path, registry: Path) -> FeatureStore:
    folder = os.fspath(rows.parent)
    config = RepoConfig(
        project=project_name(settings),
        provider="local",
        repo_path=rows.parent,
        registry=registry_config(registry),
        offline_store={"type": "duckdb"},
        online_store={"type": "sqlite", "path": os.fspath(rows)},
        entity_key_serialization_version=3,
    )
    return FeatureStore(repo_path=folder, config=config)


def _open_to_read(settings: Settings, files: OnlineFiles) -> FeatureStore:
    store = _open(settings, rows=files.rows, registry=files.registry)
    # Feast would connect at the first read and create an empty file where there is none by then.
    # `Any` because Feast keeps its connection to itself.
    embedded: Any = store.provider.online_store
    embedded._conn = sqlite3.connect(
        f"{files.rows.absolute().as_uri()}?mode=ro",
        uri=True,
        check_same_thread=False,
        detect_types=sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES,
    )
    return store


def _close(store: FeatureStore) -> None:
    # Feast keeps the SQLite connection to itself and has no way to close it; its journal must not outlive the rename.
    connection = getattr(store.provider.online_store, "_conn", None)
    if connection is not None:
        connection.close()


def _member_frame(release_id: ReleaseId, members: Sequence[PackedMember]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "release_id": str(release_id),
            "member_id": [member.member_id for member in members],
            SNAPSHOT_AT: [pd.Timestamp(member.as_of) for member in members],
            "as_of": [pd.Timestamp(member.as_of) for member in members],
            "member_vector": [member.vector for member in members],
            "candidate_ids": [list(member.candidate_ids) for member in members],
            "candidate_values": [member.candidate_values.ravel() for member in members],
            "recent_product_ids": [list(member.recent_product_ids) for member in members],
            "recent_ordered_days": [list(member.recent_ordered_days) for member in members],
            "member_texts": [list(member.texts) for member in members],
        }
    )
