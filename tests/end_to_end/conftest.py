"""Real processes on a copy of the session's shop: a service, and a client that never stops asking it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from processes import free_port, wait_for

from serving.auth import Scope, create_key
from serving.records.opening import open_records

READY_SECONDS = 90
STOP_SECONDS = 20


@dataclass(kw_only=True)
class Hammer:
    """A client that asks for recommendations all the time, in a thread of its own."""

    url: str
    key: str
    statuses: Counter[str] = field(default_factory=Counter)
    """Status, or the name of the error that came instead, to the number of requests."""
    releases: list[str] = field(default_factory=list)
    """Releases that answered, each change once."""
    _stopping: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def asking(self) -> Iterator[Hammer]:
        thread = threading.Thread(target=self._ask)
        thread.start()
        try:
            yield self
        finally:
            self._stopping.set()
            thread.join()

    def require_every_answer(self) -> None:
        """Fails unless every request was answered with 200, and there were some."""
        assert set(self.statuses) == {"200"}, dict(self.statuses)

    def _ask(self) -> None:
        headers = {"X-API-Key": self.key}
        with httpx.Client(base_url=self.url, headers=headers, timeout=10, trust_env=False) as client:
            number = 0
            while not self._stopping.wait(0.02):
                number += 1
                body = {"member": {"member_id": str(number % 300)}, "count": 5}
                try:
                    answer = client.post("/v1/recommendations", json=body)
                except httpx.HTTPError as error:
                    self.statuses[type(error).__name__] += 1
                    continue
                self.statuses[str(answer.status_code)] += 1
                release = answer.json().get("release")
                if self.releases[-1:] != [release]:
                    self.releases.append(release)


@dataclass(kw_only=True)
class Service:
    """`faces serve` on a shop, and a client with a key."""

    shop: Any
    """A SmallShop; `Any` because conftest files import nothing of one another."""
    url: str
    key: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"X-API-Key": self.key}, timeout=60, trust_env=False)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        with self.client as client:
            return client.request(method, path, json=body, headers=headers)

    def recommend(self, member: dict[str, str], **more: Any) -> dict[str, Any]:
        answer = self.send("POST", "/v1/recommendations", {"member": member, **more})
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def key_for(self, *scopes: Scope) -> str:
        return key_of(self.shop, *scopes)

    def is_ready(self) -> bool:
        try:
            return self.send("GET", "/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    def child(self, name: str) -> psutil.Process | None:
        """The server's or the worker's process."""
        for child in psutil.Process(self.process.pid).children():
            try:
                if child.cmdline()[-1] == f"serving.{name}":
                    return child
            except (psutil.Error, IndexError):
                continue
        return None

    def hammer(self) -> Hammer:
        return Hammer(url=self.url, key=self.key)

    def built_audience(self, place: str) -> dict[str, Any]:
        """The audience once it has ended."""
        told: dict[str, Any] = {}

        def is_over() -> bool:
            told.update(self.send("GET", place).json())
            return told["state"] in ("done", "failed", "cancelled")

        wait_for(is_over)
        return told


def key_of(shop: Any, *scopes: Scope) -> str:
    records = open_records(shop.settings)
    try:
        return create_key(records, name="end to end", scopes=scopes, at=datetime.now(UTC)).text
    finally:
        records.close()


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


@contextmanager
def serving(shop: Any, *arguments: str) -> Iterator[Service]:
    """`faces serve` until the block ends."""
    port = free_port()
    log = shop.home.parent / f"serve-{port}.log"
    command = [sys.executable, "-m", "serving.cli.main", "serve", "--port", str(port), *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=shop.environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        service = Service(
            shop=shop, url=f"http://127.0.0.1:{port}", key=key_of(shop, Scope.ADMIN), process=process, log=log
        )
        wait_for(lambda: service.is_ready() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield service
    finally:
        if process.poll() is None:
            stop(process)


@pytest.fixture(scope="session")
def serve() -> Callable[..., AbstractContextManager[Service]]:
    """`with serve(shop) as service:` runs `faces serve` on a shop."""
    return serving


@pytest.fixture(scope="session")
def until() -> Callable[..., Any]:
    """Waits for a truth, and fails when it does not come."""
    return wait_for


@pytest.fixture(scope="session")
def unused() -> Callable[[], int]:
    """A port that nobody listens on."""
    return free_port


@pytest.fixture
def shop(small_shop: Any, tmp_path: Path) -> Any:
    """A copy of the session's shop, to change and to damage."""
    return small_shop.copy_to(tmp_path / "home")
