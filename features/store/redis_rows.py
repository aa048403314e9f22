"""A release's online rows in Redis, under a Feast project of their own, beside Feast's registry in a file."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Hashable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from feast import FeatureStore, RepoConfig
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from features.contracts.atomic import new_file
from features.contracts.errors import StoreUnavailable
from features.contracts.ids import ReleaseId
from features.contracts.settings import Settings
from features.forgetting.names import Names
from features.store.connection import project_name, registry_config
from features.store.embedded_rows import ONLINE_OBJECTS, online_files
from features.store.forgetting_rows import remove_from_redis

WRITE_SECONDS = 30.0
"""Longest wait for Redis while rows are written or removed; a request waits as long as the settings say."""

KEYS_PER_SCAN = 2_000


class RedisRows:
    """A release's rows in Redis.

    The registry's file is written before the first row and removed after the last one: where it stands, there may be
    rows to remove. A key of Redis, set after the last row, says that they are whole.
    """

    failures: tuple[type[Exception], ...] = (RedisError,)

    def __init__(self, settings: Settings, release_id: ReleaseId) -> None:
        self._settings = settings
        self._registry = online_files(settings.paths, release_id).registry
        # Feast ends every key with the project. The digest is of one length, so that no project ends like another.
        named = f"{project_name(settings)}_{release_id}"
        self._project = f"{named}_{hashlib.sha256(named.encode()).hexdigest()[:16]}"
        self._whole = f"whole_{self._project}"

    @property
    def place(self) -> str:
        return f"redis at {self._settings.online.redis}, project {self._project}"

    @contextlib.contextmanager
    def writing(self) -> Iterator[FeatureStore]:
        self.remove()
        with new_file(self._registry) as partial:
            self._open(partial, seconds=WRITE_SECONDS).apply(list(ONLINE_OBJECTS))
        yield self._open(self._registry, seconds=WRITE_SECONDS)
        with self._own_client() as client:
            client.set(self._whole, 1)

    def reading(self) -> FeatureStore:
        return self._open(self._registry, seconds=self._settings.online.timeout_seconds)

    def edition(self) -> Hashable:
        try:
            status = self._registry.stat()
        except OSError as error:
            raise StoreUnavailable(f"online store: {self._registry} is missing; run `faces release`") from error
        return status.st_ino, status.st_mtime_ns

    def are_whole(self) -> bool:
        if not self._registry.is_file():
            return False
        with self._own_client() as client:
            return bool(client.exists(self._whole))

    def remove(self) -> None:
        with self._own_client() as client:
            # First: rows that are half removed are not whole. The scan finds this key too, it ends like the others.
            client.delete(self._whole)
            found = client.scan_iter(match=f"*{self._project}", count=KEYS_PER_SCAN)
            while keys := list(islice(found, KEYS_PER_SCAN)):
                client.unlink(*keys)
        self._registry.unlink(missing_ok=True)

    def remove_members(self, names: Names) -> int:
        if not self._registry.is_file():
            return 0
        with self._own_client() as client:
            return remove_from_redis(client, self._project, names)

    def stored_bytes(self, packed_bytes: int) -> int:
        return packed_bytes

    def _open(self, registry: Path, *, seconds: float) -> FeatureStore:
        config = RepoConfig(
            project=self._project,
            provider="local",
            repo_path=self._registry.parent,
            registry=registry_config(registry),
            offline_store={"type": "duckdb"},
            # Rows of a release are written once; there is no older one to compare them with.
            online_store={"type": "redis", "connection_string": self._settings.online.redis, "skip_dedup": True},
            entity_key_serialization_version=3,
        )
        store = FeatureStore(repo_path=os.fspath(self._registry.parent), config=config)
        # Feast's own client would carry the password in a text, and wait and retry for seconds while a member waits.
        # `Any` because Feast keeps its client to itself.
        online: Any = store.provider.online_store
        online._client = self._client(seconds=seconds)
        return store

    @contextlib.contextmanager
    def _own_client(self) -> Iterator[Redis]:
        try:
            with self._client(seconds=WRITE_SECONDS) as client:
                yield client
        except RedisError as error:
            raise StoreUnavailable(f"online store: {self.place} cannot be reached ({error})") from error

    def _client(self, *, seconds: float) -> Redis:
        return redis_client(self._settings, seconds=seconds)


def redis_client(settings: Settings, *, seconds: float) -> Redis:
    """A client of the settings' Redis that waits no longer than that for an answer."""
    host, port = settings.online.redis.rsplit(":", 1)
    password = settings.secrets.redis_password.get_secret_value()
    return Redis(
        host=host,
        port=int(port),
        db=settings.online.redis_database,
        password=password or None,
        ssl=settings.online.redis_tls,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        # Once, for a connection that Redis closed meanwhile; more would let a request wait.
        retry=Retry(NoBackoff(), 1),
    )
