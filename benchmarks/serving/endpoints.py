"""The servers under load: ours on each online store, an empty default BentoML and a bare FastAPI."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
from redis import Redis
from redis.exceptions import RedisError

from benchmarks.measured_server import EMPTY_ROUTE
from benchmarks.processes import free_port, running
from benchmarks.serving.http_load import Target
from features.contracts.ids import ReleaseId
from features.contracts.settings import Settings, load_settings
from features.store.online import OnlineReader, publish_members
from features.tables.storage import current_tables
from serving.auth import Scope, create_key
from serving.guard import SUPERVISOR
from serving.records.opening import open_records
from serving.supervisor import CHILD
from training.release.member_list import member_ids
from training.release.members import identities
from training.release.shelf import release_folder

EMBEDDED = "home, embedded store"
REDIS = "home, Redis"
OUR_EMPTY = "empty route, our server"
BENTOML = "empty default BentoML"
FASTAPI = "bare FastAPI"

REDIS_START_SECONDS = 20.0
MEMBERS_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """An endpoint under load and the process that answers it."""

    name: str
    target: Target
    process: psutil.Process


@contextlib.contextmanager
def serving(settings: Settings, release_id: ReleaseId, *, members: int, with_redis: bool) -> Iterator[list[Endpoint]]:
    """Every endpoint, ready to be asked; all that is started and written goes at the end."""
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        asked = _sample(settings, release_id, members)
        endpoints = stack.enter_context(_ours(settings, home / "embedded", EMBEDDED, asked, {}))
        if with_redis:
            online = stack.enter_context(_redis_with_rows(settings, release_id, home / "redis"))
            endpoints += stack.enter_context(_ours(settings, home / "redis", REDIS, asked, online))[:1]
        bento_port, bare_port = free_port(), free_port()
        environment = {**os.environ, "BENTOML_HOME": str(home / "bentoml"), "BENTOML_DO_NOT_TRACK": "True"}
        bento = [sys.executable, "-m", "bentoml", "serve", "benchmarks.empty_bentoml:Empty", "--port", str(bento_port)]
        bare = [sys.executable, "-m", "benchmarks.serving.bare_fastapi", str(bare_port)]
        for name, command, port in ((BENTOML, bento, bento_port), (FASTAPI, bare, bare_port)):
            process = stack.enter_context(running(command, port=port, environment=environment))
            target = Target(port=port, route="/empty", bodies=[b"{}"])
            endpoints.append(Endpoint(name=name, target=target, process=process))
        yield endpoints


@contextlib.contextmanager
def _ours(
    settings: Settings, home: Path, name: str, members: Sequence[str], online: Mapping[str, str]
) -> Iterator[list[Endpoint]]:
    key = _prepare_home(settings, home)
    port = free_port()
    environment = {
        **os.environ,
        **online,
        "FACES_HOME": str(home),
        "FACES_SHOP": settings.shop,
        "FACES_SERVING__HOST": "127.0.0.1",
        "FACES_SERVING__PORT": str(port),
        SUPERVISOR: str(os.getpid()),
        "BENTOML_DO_NOT_TRACK": "True",
    }
    headers = {"Authorization": f"Bearer {key}"}
    bodies = [json.dumps({"member": {"member_id": member}, "scenario": "home"}).encode() for member in members]
    command = [*CHILD, "benchmarks.measured_server"]
    with running(command, port=port, environment=environment) as process:
        recommend = Target(port=port, route="/v1/recommendations", bodies=bodies, headers=headers)
        empty = Target(port=port, route=EMPTY_ROUTE, bodies=[b"{}"], headers=headers)
        yield [
            Endpoint(name=name, target=recommend, process=process),
            Endpoint(name=OUR_EMPTY, target=empty, process=process),
        ]


def _prepare_home(settings: Settings, home: Path) -> str:
    """A key of a home that shares the shop's releases and has records of its own: the shop's log stays as it is."""
    own = load_settings(home=home)
    own.paths.root.mkdir(parents=True, exist_ok=True)
    for shared in (settings.paths.releases, settings.paths.online):
        place = own.paths.root / shared.name
        if not place.exists():
            place.symlink_to(shared.absolute())
    records = open_records(own)
    try:
        return create_key(records, name="benchmark", scopes=[Scope.RECOMMEND], at=datetime.now(UTC)).text
    finally:
        records.close()


@contextlib.contextmanager
def _redis_with_rows(settings: Settings, release_id: ReleaseId, home: Path) -> Iterator[dict[str, str]]:
    """Settings of a Redis, started here, that holds the release's rows; read from the embedded store."""
    port = free_port()
    with _redis_server(port, home):
        plain = load_settings(home=home)
        online = plain.online.model_copy(update={"store": "redis", "redis": f"127.0.0.1:{port}"})
        into = plain.model_copy(update={"online": online})
        folder = release_folder(settings.paths, release_id)
        reader = OnlineReader(settings, release_id)
        chunks = (
            [row for row in reader.members(ids) if row is not None]
            for ids in member_ids(folder, at_once=MEMBERS_AT_ONCE)
        )
        publish_members(
            into, release_id, chunks, identities(current_tables(settings.paths).folder), as_of=datetime.now(UTC)
        )
        yield {"FACES_ONLINE__STORE": "redis", "FACES_ONLINE__REDIS": f"127.0.0.1:{port}"}


@contextlib.contextmanager
def _redis_server(port: int, folder: Path) -> Iterator[None]:
    if shutil.which("redis-server") is None:
        raise SystemExit("benchmark: redis-server is not installed; install it, or leave Redis out with --no-redis")
    folder.mkdir(parents=True, exist_ok=True)
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + REDIS_START_SECONDS
        with Redis(port=port) as client:
            while True:
                try:
                    client.ping()
                    break
                except RedisError as error:
                    if time.monotonic() > deadline:
                        raise SystemExit("benchmark: redis-server does not answer") from error
                    time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()


def _sample(settings: Settings, release_id: ReleaseId, most: int) -> list[str]:
    everybody = [
        str(member) for ids in member_ids(release_folder(settings.paths, release_id), at_once=10_000) for member in ids
    ]
    return random.Random(settings.seed).sample(everybody, min(most, len(everybody)))
