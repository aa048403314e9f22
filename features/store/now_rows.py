"""Where the rows of `member_now` are: a store of its own that outlives every release, embedded or in Redis."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from feast import FeatureStore, RepoConfig
from feast.errors import FeastError
from feast.infra.key_encoding_utils import serialize_entity_key
from feast.infra.online_stores.helpers import compute_table_id
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from filelock import FileLock
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # protobuf ships no types

from features.contracts.atomic import new_file
from features.contracts.errors import StoreUnavailable
from features.contracts.settings import Settings
from features.feature_repo import registered
from features.groups.declaration import SNAPSHOT_AT
from features.store.connection import project_name, registry_config
from features.store.member_now import FORMAT, MemberNow, pack_now, unpack_now

VIEW = registered.member_now.name
KEY = registered.person.join_key
_FEATURE = f"{VIEW}:packed"

_BUSY_SECONDS = 10.0
_KEY_VERSION = 3

KEEP_SECONDS = 30 * 86_400
"""A row that nothing was written to for so long is removed: anonymous visitors would add up for ever."""


class NowRows:
    """Rows of what members just did, by member key; safe to share between threads.

    Opened when it is first used. One process at a time should write: a store keeps what was written last.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._is_redis = settings.online.store == "redis"
        self._lock = threading.Lock()
        self._reading: FeatureStore | None = None
        self._writing: FeatureStore | None = None
        named = f"{project_name(settings)}_now{FORMAT}"
        # as for the rows of releases: no project may end like another
        self._project = f"{named}_{hashlib.sha256(named.encode()).hexdigest()[:16]}"
        self._folder = settings.paths.now
        self._file = self._folder / f"member_now_{FORMAT}.db"
        self._registry = self._folder / f"member_now_{FORMAT}.registry.db"

    @property
    def place(self) -> str:
        """Where the rows are, as an error names it."""
        return f"redis at {self._settings.online.redis}, project {self._project}" if self._is_redis else str(self._file)

    def read(self, member_key: str) -> MemberNow | None:
        """What somebody just did, None when nothing is known. Raises StoreUnavailable."""
        with self._told("read"):
            store = self._reading or self._open_reading()
            found = store.get_online_features(features=[_FEATURE], entity_rows=[{KEY: member_key}])
            packed: bytes | None = found.to_dict()["packed"][0]
        return None if packed is None else unpack_now(packed)

    def write(self, rows: Mapping[str, MemberNow], *, at: datetime) -> None:
        """Writes whole rows, many members at once. Raises StoreUnavailable."""
        if not rows:
            return
        frame = pd.DataFrame(
            {KEY: list(rows), "packed": [pack_now(row) for row in rows.values()], SNAPSHOT_AT: pd.Timestamp(at)}
        )
        with self._told("written"):
            store = self._writing or self._open_writing()
            store.write_to_online_store(VIEW, frame)

    def remove(self, member_keys: Sequence[str]) -> None:
        """Removes rows so that nothing of them is left in the store. Raises StoreUnavailable."""
        if not self._registry.is_file():
            return
        encoded = [_encoded(key) for key in member_keys]
        with self._told("written"):
            store = self._writing or self._open_writing()
            if self._is_redis:
                client = _embedded(store)._client
                for key in encoded:
                    client.unlink(key + self._project.encode())
                return
            connection: sqlite3.Connection = _embedded(store)._conn
            with connection:
                gone = f'DELETE FROM "{self._table()}" WHERE entity_key = ?'
                connection.executemany(gone, [(key,) for key in encoded])
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def prune(self, *, before: datetime) -> int:
        """How many rows last written before a moment were removed; Redis lets them go by itself."""
        if self._is_redis or not self._file.is_file():
            return 0
        with self._told("written"):
            connection: sqlite3.Connection = _embedded(self._writing or self._open_writing())._conn
            with connection:
                # a time without a zone takes the way through SQLite that Feast's own times took
                naive = before.astimezone(UTC).replace(tzinfo=None)
                gone = connection.execute(f'DELETE FROM "{self._table()}" WHERE event_ts < ?', (naive,))
            return gone.rowcount

    def close(self) -> None:
        """Closes the connections; the next use opens them again."""
        with self._lock:
            for store in (self._reading, self._writing):
                online = None if store is None else _embedded(store)
                connection = None if online is None else online._client if self._is_redis else online._conn
                if connection is not None:
                    connection.close()
            self._reading = self._writing = None

    @contextlib.contextmanager
    def _told(self, done: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, FeastError, DecodeError, OSError, *_redis_failures(self._settings)) as error:
            self._reading = self._writing = None
            raise StoreUnavailable(f"online store: {self.place} cannot be {done} ({error})") from error

    def _open_reading(self) -> FeatureStore:
        with self._lock:
            if self._reading is None:
                self._make()
                self._reading = self._open(seconds=self._settings.online.timeout_seconds)
            return self._reading

    def _open_writing(self) -> FeatureStore:
        with self._lock:
            if self._writing is None:
                self._make()
                self._writing = self._open(seconds=_BUSY_SECONDS)
            return self._writing

    def _make(self) -> None:
        """The registry and, embedded, the file with its empty table; where they are missing."""
        if self._registry.is_file() and (self._is_redis or self._file.is_file()):
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        self._settings.paths.locks.mkdir(parents=True, exist_ok=True)
        with FileLock(self._settings.paths.locks / "now.lock"), new_file(self._registry) as registry:
            store = self._store(registry)
            if self._is_redis:
                _embedded(store)._client = self._client(seconds=_BUSY_SECONDS)
            else:
                _embedded(store)._conn = _connected(self._file)
            store.apply([registered.person, registered.member_now])
            if not self._is_redis:
                _embedded(store)._conn.close()

    def _open(self, *, seconds: float) -> FeatureStore:
        store = self._store(self._registry)
        if self._is_redis:
            _embedded(store)._client = self._client(seconds=seconds)
        else:
            _embedded(store)._conn = _connected(self._file)
        return store

    def _store(self, registry: Path) -> FeatureStore:
        online: dict[str, Any] = {"type": "sqlite", "path": os.fspath(self._file)}
        if self._is_redis:
            online = {
                "type": "redis",
                "connection_string": self._settings.online.redis,
                "key_ttl_seconds": KEEP_SECONDS,
                # Redis would keep the row of before when two were written within a second
                "skip_dedup": True,
            }
        config = RepoConfig(
            project=self._project,
            provider="local",
            repo_path=self._folder,
            registry=registry_config(registry),
            offline_store={"type": "duckdb"},
            online_store=online,
            entity_key_serialization_version=_KEY_VERSION,
        )
        return FeatureStore(repo_path=os.fspath(self._folder), config=config)

    def _client(self, *, seconds: float) -> Any:
        # imported when it is asked for: the embedded store has no need of a Redis client
        from features.store.redis_rows import redis_client

        return redis_client(self._settings, seconds=seconds)

    def _table(self) -> str:
        return compute_table_id(self._project, registered.member_now, False)


def remove_now(settings: Settings, member_keys: Sequence[str]) -> None:
    """Removes what is known of what somebody just did, by member key. Raises StoreUnavailable."""
    rows = NowRows(settings)
    rows.remove(member_keys)
    rows.close()


def _connected(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        file,
        timeout=_BUSY_SECONDS,
        check_same_thread=False,
        detect_types=sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES,
    )
    # a reader never waits for the writer; what was forgotten leaves nothing in freed pages
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _embedded(store: FeatureStore) -> Any:
    # `Any` because Feast keeps its connection to itself
    return store.provider.online_store


def _encoded(member_key: str) -> bytes:
    key = EntityKey(join_keys=[KEY], entity_values=[Value(string_val=member_key)])
    return bytes(serialize_entity_key(key, entity_key_serialization_version=_KEY_VERSION))


def _redis_failures(settings: Settings) -> tuple[type[Exception], ...]:
    if settings.online.store != "redis":
        return ()
    from redis.exceptions import RedisError

    return (RedisError,)
