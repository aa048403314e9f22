"""The service is killed twenty times under load: every event that was acknowledged is there, exactly once."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from processes import wait_for
from sqlalchemy import func, select

from features.contracts.settings import load_settings
from features.store.now_rows import NowRows
from serving.auth import Scope, create_key
from serving.records.opening import open_records
from serving.records.tables import EventRow

STUB = Path(__file__).with_name("stub_process.py")
ROOT = Path(__file__).parents[2]
KILLS = 20
SENDERS = 3
EVENTS_PER_REQUEST = 50
WAIT_SECONDS = 60.0

pytestmark = pytest.mark.slow


class Service:
    """A stub server that is started again when it was killed, and the senders that tell it events meanwhile.

    Not by the supervisor: it would wait longer and longer before it starts again what dies again and again.
    """

    def __init__(self, home: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.settings = load_settings(home=home)
        pointer = self.settings.paths.releases / "active"
        pointer.parent.mkdir(parents=True)
        pointer.write_text(json.dumps({"release_id": "r000001"}))
        records = open_records(self.settings)
        self.key = create_key(records, name="test", scopes=[Scope.EVENTS], at=datetime.now(UTC)).text
        records.close()
        environment = {**os.environ, "FACES_HOME": str(home), "FACES_SERVING__PORT": str(self.port)}
        self._environment = {**environment, "PYTHONPATH": str(ROOT)}
        self.process = self._started()
        self.acknowledged: set[str] = set()
        self.requests_acknowledged = 0
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._senders = [threading.Thread(target=self._send, args=(number,)) for number in range(SENDERS)]

    def start_sending(self) -> None:
        for each in self._senders:
            each.start()

    def stop_sending(self) -> None:
        self.stopping.set()
        for each in self._senders:
            each.join()

    def kill(self) -> None:
        """Kills the server; the stub starts another one."""
        (server,) = psutil.Process(self.process.pid).children()
        server.send_signal(signal.SIGKILL)
        server.wait(10)

    def _started(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(STUB), "reborn"]
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=quiet, stderr=quiet)

    def _send(self, sender: int) -> None:
        """Sends request after request; one that was not answered is sent again, as an app would."""
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30) as client:
            for number in itertools.takewhile(lambda _: not self.stopping.is_set(), itertools.count()):
                events = [told(f"{sender}-{number}-{each}", who=f"w{each % 7}") for each in range(EVENTS_PER_REQUEST)]
                while not self._is_acknowledged(client, events):
                    if self.stopping.is_set():
                        return
                    time.sleep(0.05)

    def _is_acknowledged(self, client: httpx.Client, events: list[dict[str, Any]]) -> bool:
        try:
            answer = client.post("/v1/events", json={"events": events}, headers={"Authorization": f"Bearer {self.key}"})
        except httpx.HTTPError:
            return False
        if answer.status_code != 200:
            return False
        counts = answer.json()
        assert counts["accepted"] + counts["duplicates"] == len(events)
        with self._lock:
            self.acknowledged |= {each["message_id"] for each in events}
            self.requests_acknowledged += 1
        return True


def told(message_id: str, *, who: str) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "type": "Product Viewed",
        "occurred_at": datetime.now(UTC).isoformat(),
        "source": "app",
        "source_id": who,
        "product_id": "p1",
    }


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    started = Service(tmp_path / "var")
    yield started
    started.stopping.set()
    started.process.kill()
    started.process.wait()


def test_every_acknowledged_event_is_there_exactly_once_after_twenty_kills(service: Service) -> None:
    moment = random.Random(7)
    service.start_sending()
    for _ in range(KILLS):
        before = service.requests_acknowledged
        wait_for(lambda before=before: service.requests_acknowledged > before + SENDERS)
        time.sleep(moment.uniform(0.0, 0.2))
        service.kill()
    before = service.requests_acknowledged
    wait_for(lambda: service.requests_acknowledged > before + SENDERS)
    service.stop_sending()

    records = open_records(service.settings)
    with records.reading() as transaction:
        stored = list(transaction.session.scalars(select(EventRow.message_id)))
        numbers = transaction.session.execute(select(func.count(EventRow.number.distinct()))).scalar_one()
    records.close()
    assert len(stored) == len(set(stored)) == numbers
    assert service.acknowledged <= set(stored)
    assert len(service.acknowledged) > KILLS * SENDERS * EVENTS_PER_REQUEST
    # and what members did last is online, though kills came between the events and their rows
    rows = NowRows(service.settings)
    wait_for(lambda: all(rows.read(f"id:app:w{each}") is not None for each in range(7)))
    rows.close()
