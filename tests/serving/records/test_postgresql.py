"""A record store that goes away and comes back: a PostgreSQL server of this file's own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from postgres_server import Postgres, running_postgres
from sqlalchemy.exc import OperationalError

from features.contracts.errors import RecordsUnavailable
from features.contracts.settings import load_settings
from serving.jobs import JobQueue
from serving.records.databases import RETRY_SECONDS
from serving.records.opening import open_records
from serving.records.recommendations import count_recommendations

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with running_postgres() as started:
        yield started


@pytest.fixture
def record_store(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """In place of the folder's: the server that a test may stop."""
    if server.process is None:
        server.start()
    database = server.database()
    monkeypatch.setenv("FACES_RECORDS__STORE", "postgresql")
    monkeypatch.setenv("FACES_RECORDS__DATABASE", database)
    yield database
    if server.process is not None:
        server.drop(database)


def until(truth: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 15
    while not truth():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_server_that_is_away_at_the_start_is_told_in_one_line_without_the_password(server, tmp_path, monkeypatch):
    monkeypatch.setenv("FACES_SECRETS__RECORDS_PASSWORD", "the-secret")
    settings = load_settings(home=tmp_path)
    server.stop()
    for opens in (open_records, JobQueue):
        with pytest.raises(RecordsUnavailable) as told:
            opens(settings)
        assert settings.records.database in str(told.value)
        assert "the-secret" not in str(told.value)
        assert "\n" not in str(told.value)


def test_a_database_that_does_not_exist_is_told_by_name(server, tmp_path, monkeypatch):
    monkeypatch.setenv("FACES_RECORDS__DATABASE", f"127.0.0.1:{server.port}/nowhere")
    with pytest.raises(RecordsUnavailable, match='database "nowhere" does not exist'):
        open_records(load_settings(home=tmp_path))


def test_recommendations_go_on_while_the_records_are_away_and_everything_comes_back(server, start_api, engine):
    api = start_api(engine)
    body = {"member": {"member_id": "m1"}}
    assert api.send("POST", "/v1/recommendations", json=body).status_code == 200
    assert api.send("GET", "/v1/audiences").status_code == 200
    server.stop()
    away = api.send("GET", "/v1/audiences")
    assert (away.status_code, away.json()["error"]) == (503, "records_unavailable")
    assert api.send("POST", "/v1/audiences", json={"target": {"category": "A"}}).status_code == 503
    # a key that is no longer trusted by itself is not asked for in vain
    api.state.keys._clock = lambda: time.monotonic() + 60
    for _ in range(20):
        assert api.send("POST", "/v1/recommendations", json=body).status_code == 200
    assert b'faces_records_reachable{store="postgresql"} 0.0' in api.send("GET", "/metrics", key=None).content
    server.start()
    until(lambda: api.send("GET", "/v1/audiences").status_code == 200)
    until(lambda: rows(api) == 21)
    assert b"faces_recommendations_unlogged_total 0.0" in api.send("GET", "/metrics", key=None).content


def rows(api: Any) -> int:
    with api.state.records.reading() as transaction:
        return count_recommendations(transaction, api.state.log.process_id)


def test_in_an_outage_requests_fail_at_once_instead_of_queueing_for_a_connection(server, settings):
    records = open_records(settings)
    server.stop()
    assert not records.can_be_read()
    began = time.monotonic()
    for _ in range(100):
        with pytest.raises(OperationalError), records.reading() as transaction:
            transaction.wait_for_turn("anything")
    assert time.monotonic() - began < 2 * RETRY_SECONDS
    records.close()


def test_an_empty_database_is_migrated_once_by_whoever_comes(tmp_path):
    opened, errors = [], []

    def open_one(home):
        try:
            opened.append(open_records(load_settings(home=home)))
        except Exception as error:
            errors.append(error)

    # homes of their own, as on several machines: no lock file keeps them apart
    threads = [threading.Thread(target=open_one, args=(tmp_path / str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(opened), errors) == (4, [])
    assert all(records.can_be_read() for records in opened)
    for records in opened:
        records.close()
