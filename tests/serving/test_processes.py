"""The service as its processes: started, killed, stopped. A fake engine and a fake build, everything else real."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from literal_people import person, write_people
from postgres_server import running_postgres
from processes import free_port, is_dead, is_free, wait_for

from features.contracts.settings import load_settings
from serving.auth import Scope, create_key
from serving.records.audit import list_audit
from serving.records.opening import open_records

STUB = Path(__file__).with_name("stub_process.py")
ROOT = Path(__file__).parents[2]
START_SECONDS = 60

pytestmark = pytest.mark.slow


def activate(home: Path, release_id: str) -> None:
    pointer = home / "main" / "releases" / "active"
    pointer.parent.mkdir(parents=True, exist_ok=True)
    pointer.with_suffix(".new").write_text(json.dumps({"release_id": release_id}))
    pointer.with_suffix(".new").rename(pointer)


@dataclass
class Running:
    home: Path
    port: int
    process: subprocess.Popen[str]
    key: str

    def child(self, what: str) -> psutil.Process | None:
        try:
            children = psutil.Process(self.process.pid).children(recursive=True)
            return next((child for child in children if child.cmdline()[-1:] == [what]), None)
        except psutil.Error:
            return None

    def send(self, method: str, path: str, body: Any = None) -> httpx.Response:
        headers = {"X-API-Key": self.key}
        return httpx.request(method, f"http://127.0.0.1:{self.port}{path}", json=body, headers=headers, timeout=10)

    def answers(self) -> bool:
        try:
            return self.send("GET", "/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    def recommend(self) -> httpx.Response:
        return self.send("POST", "/v1/recommendations", {"member": {"member_id": "m1"}})

    def ask_for_audience(self, category: str) -> str:
        answer = self.send("POST", "/v1/audiences", {"target": {"category": category}})
        assert answer.status_code == 202
        return str(answer.headers["location"])

    def state_of(self, place: str) -> str:
        return str(self.send("GET", place).json()["state"])


@contextmanager
def running(home: Path) -> Iterator[Running]:
    activate(home, "r000001")
    # an export asks the tables in use for consent
    consenting = [person(who, phone=phone, says_yes=["sms"]) for who, phone in (("m1", "+1555001"), ("m2", "+1555002"))]
    write_people(load_settings(home=home), consenting)
    records = open_records(load_settings(home=home))
    key = create_key(records, name="test", scopes=[Scope.ADMIN], at=datetime.now(UTC)).text
    records.close()
    port = free_port()
    process = start(home, port)
    try:
        service = Running(home=home, port=port, process=process, key=key)
        # the supervisor tells its address once the server answers; a server that cannot start is tried for ever
        wait_for(lambda: process.poll() is not None or service.answers())
        assert process.stdout is not None
        assert str(port) in process.stdout.readline()
        yield service
    finally:
        process.kill()
        process.communicate()


def start(home: Path, port: int, what: str = "supervisor") -> subprocess.Popen[str]:
    environment = {**os.environ, "FACES_HOME": str(home), "FACES_SERVING__PORT": str(port), "HOME": str(home)}
    return subprocess.Popen(
        [sys.executable, str(STUB), what],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("var")) as started:
        yield started


def test_an_audience_is_built_by_the_worker(service):
    place = service.ask_for_audience("SOFT DRINKS")
    wait_for(lambda: service.state_of(place) == "done")
    assert service.send("GET", f"{place}/members").text == "rank,member_id,probability\r\n1,m2,0.9\r\n2,m1,0.1\r\n"


def test_a_failed_audience_says_why_and_the_next_one_is_built(service):
    wrong, broken = service.ask_for_audience("NOTHING"), service.ask_for_audience("BROKEN")
    right = service.ask_for_audience("SOFT DRINKS")
    wait_for(lambda: service.state_of(right) == "done")
    assert "nobody ever bought" in service.send("GET", wrong).json()["error"]
    assert "secret" not in service.send("GET", broken).json()["error"]


def test_a_running_audience_can_be_cancelled(service):
    place = service.ask_for_audience("SLOW")
    wait_for(lambda: service.state_of(place) == "running")
    assert service.send("POST", f"{place}/cancel").status_code == 200
    wait_for(lambda: service.state_of(place) == "cancelled")


def test_an_audience_survives_kill_9_of_the_worker(service):
    place = service.ask_for_audience("SLOW")
    wait_for(lambda: service.state_of(place) == "running")
    service.child("worker").kill()
    wait_for(lambda: service.state_of(place) == "done")
    assert len(service.send("GET", f"{place}/members").text.splitlines()) == 3


def test_another_release_is_taken_up_without_a_failed_request(service):
    seen = {service.recommend().json()["release"]}
    activate(service.home, "r000002")

    def is_taken_up():
        answer = service.recommend()
        assert answer.status_code == 200
        seen.add(answer.json()["release"])
        return "r000002" in seen

    wait_for(is_taken_up)
    assert seen == {"r000001", "r000002"}


def test_a_damaged_release_is_not_taken_up(service):
    activate(service.home, "damaged")
    wait_for(lambda: "faces_releases_refused_total 1.0" in service.send("GET", "/metrics").text)
    assert service.recommend().status_code == 200
    activate(service.home, "r000002")


def test_bentoml_paths_fail_in_the_one_shape(service):
    for method, path, status in (("GET", "/nowhere", 404), ("POST", "/readyz", 405)):
        answer = service.send(method, path)
        assert (answer.status_code, answer.json()["status"]) == (status, status)
        assert answer.headers["x-request-id"]


def test_a_killed_server_comes_back_and_its_unlogged_answers_are_counted(service):
    for _ in range(20):
        assert service.recommend().status_code == 200
    service.child("server").kill()
    wait_for(service.answers)
    records = open_records(load_settings(home=service.home))
    with records.reading() as transaction:
        lost = [
            entry.details for entry in list_audit(transaction, limit=99) if entry.what == "recommendations_unlogged"
        ]
    records.close()
    # what was added in the last half second before the kill was not stored yet
    assert all(0 < entry["lost"] <= 20 for entry in lost)
    told = sum(entry["lost"] for entry in lost)
    assert f"faces_recommendations_unlogged_total {told:.1f}" in service.send("GET", "/metrics").text


def test_a_stop_is_clean_and_leaves_nobody_behind(tmp_path):
    with running(tmp_path / "var") as service:
        wait_for(lambda: service.child("worker"))
        family = psutil.Process(service.process.pid).children(recursive=True)
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(60) == 0
        assert all(is_dead(process) for process in family)


def test_kill_9_of_the_supervisor_leaves_nobody_on_the_port(tmp_path):
    with running(tmp_path / "var") as service:
        wait_for(lambda: service.child("worker"))
        service.process.kill()
        wait_for(lambda: not service.answers())
        assert wait_for(lambda: is_free(service.port))


@pytest.mark.parametrize(
    ("release_id", "sentence"),
    [(None, "there is no active release"), ("damaged", "release damaged: checksum of model.json does not match")],
)
def test_without_a_sound_release_the_start_is_refused_in_one_line(tmp_path, release_id, sentence):
    if release_id is not None:
        activate(tmp_path, release_id)
    process = start(tmp_path, free_port())
    out, err = process.communicate(timeout=START_SECONDS)
    assert (process.returncode, out, len(err.splitlines())) == (1, "", 1)
    assert sentence in err


@pytest.mark.parametrize("what", ["supervisor", "server"])
def test_a_taken_port_is_told_in_one_line(tmp_path, what):
    activate(tmp_path, "r000001")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start(tmp_path, port, what)
        _, err = process.communicate(timeout=START_SECONDS)
    assert process.returncode == {"supervisor": 1, "server": 78}[what]
    assert len(err.splitlines()) == 1
    assert f"cannot listen on 127.0.0.1:{port}" in err


def test_on_postgresql_an_outage_stops_neither_recommendations_nor_what_was_accepted(tmp_path, monkeypatch):
    with running_postgres() as server:
        monkeypatch.setenv("FACES_RECORDS__STORE", "postgresql")
        monkeypatch.setenv("FACES_RECORDS__DATABASE", server.database())
        with running(tmp_path / "var") as service:
            first = service.ask_for_audience("SLOW")
            wait_for(lambda: service.state_of(first) == "running")
            service.child("worker").kill()
            wait_for(lambda: service.state_of(first) == "done")
            second = service.ask_for_audience("SLOW")
            wait_for(lambda: service.state_of(second) == "running")
            assert service.recommend().status_code == 200

            server.stop()
            until = time.monotonic() + 8  # longer than a key is trusted by itself
            while time.monotonic() < until:
                assert service.recommend().status_code == 200
                time.sleep(0.2)
            away = service.send("GET", second)
            assert (away.status_code, away.json()["error"]) == (503, "records_unavailable")
            told = service.send("GET", "/readyz")
            assert (told.status_code, told.json()["records"]["reachable"]) == (200, False)
            # a worker that dies meanwhile takes nothing down with it
            if (worker := service.child("worker")) is not None:
                worker.kill()
            time.sleep(2)
            assert service.process.poll() is None

            server.start()
            wait_for(lambda: service.send("GET", second).status_code == 200)
            wait_for(lambda: service.state_of(second) in ("done", "failed"))
            third = service.ask_for_audience("SOFT DRINKS")
            wait_for(lambda: service.state_of(third) == "done")
            assert service.send("GET", "/readyz").json()["records"]["reachable"]
            assert "faces_recommendations_unlogged_total 0.0" in service.send("GET", "/metrics").text
            assert service.state_of(second) == "done"
