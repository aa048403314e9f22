"""The whole way with Redis as online store and PostgreSQL as record store, chosen by settings alone."""

from __future__ import annotations

import csv
import shutil
from datetime import UTC, datetime

import pytest
from processes import free_port
from redis import Redis
from redis_server import running_redis

from serving.auth import Scope

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def service(small_shop, serve, postgres, tmp_path_factory):
    """A released shop that is served from both servers, which the environment names."""
    folder = tmp_path_factory.mktemp("servers")
    shop = small_shop.copy_to(folder / "home")
    shutil.rmtree(shop.home / "main" / "records", ignore_errors=True)
    port, database = free_port(), postgres.database()
    with pytest.MonkeyPatch.context() as environment, running_redis(folder, port=port):
        environment.setenv("FACES_ONLINE__STORE", "redis")
        environment.setenv("FACES_ONLINE__REDIS", f"127.0.0.1:{port}")
        environment.setenv("FACES_RECORDS__STORE", "postgresql")
        environment.setenv("FACES_RECORDS__DATABASE", database)
        shop.faces("release")
        with Redis(port=port) as redis:
            assert redis.dbsize() > 250
        with serve(shop) as started:
            yield started
    postgres.drop(database)


def test_readyz_names_both_stores_and_says_that_the_records_answer(service):
    told = service.send("GET", "/readyz").json()
    assert told["status"] == "ready"
    assert told["records"] == {"store": "postgresql", "reachable": True}
    assert told["online"] == {"store": "redis"}
    assert 'faces_records_reachable{store="postgresql"} 1.0' in service.send("GET", "/metrics").text


def test_a_recommendation_its_click_and_its_report(service, until):
    answer = service.recommend({"member_id": "1"}, count=5)
    assert answer["fallback"] is None
    event = {
        "message_id": "clicked-1",
        "type": "Product Clicked",
        "occurred_at": datetime.now(UTC).isoformat(),
        "member_id": "1",
        "product_id": answer["items"][0]["id"],
        "recommendation_id": answer["recommendation_id"],
    }
    for accepted, duplicates in ((1, 0), (0, 1)):
        taken = service.send("POST", "/v1/events", {"events": [event]})
        assert taken.status_code == 200, taken.text
        assert (taken.json()["accepted"], taken.json()["duplicates"]) == (accepted, duplicates)
    # the log is written within half a second
    until(lambda: report(service)["total"] == {"shown": 5, "clicked": 1, "bought": 0, "revenue": 0.0}, seconds=20)


def test_an_audience_is_built_although_its_worker_is_killed_and_leaves_as_an_export(service, until):
    asked = service.send("POST", "/v1/audiences", {"target": {"category": "SOFT DRINKS"}, "size": 30})
    assert asked.status_code == 202, asked.text
    place = asked.headers["location"]
    until(lambda: service.child("worker") and service.send("GET", place).json()["state"] != "queued")
    killed = service.child("worker")
    killed.kill()
    audience = service.built_audience(place)
    assert (audience["state"], audience["summary"]["size"]) == ("done", 30)
    until(lambda: service.child("worker"))
    assert service.child("worker").pid != killed.pid
    exported = service.send("GET", f"{place}/members")
    assert exported.status_code == 200, exported.text
    rows = list(csv.DictReader(exported.text.splitlines()))
    # whoever did not consent stays behind
    assert 10 < len(rows) <= 30
    assert {row["rank"] for row in rows} <= {str(rank) for rank in range(1, 31)}


def test_a_replayed_day_is_stored_once(service):
    key = service.key_for(Scope.EVENTS)
    command = ("replay", "--day", "2017-12-20", "--speed", "0", "--to", service.url, "--key", key)
    first, again = (service.shop.faces(*command).stdout for _ in range(2))
    number = first.split(" events of ")[0].strip()
    assert int(number) > 10
    assert f"{number} accepted, 0 known before, 0 rejected" in first
    assert f"0 accepted, {number} known before, 0 rejected" in again


def test_nothing_was_kept_in_a_file_beside_the_servers(service):
    assert not list((service.shop.home / "main" / "records").glob("*.db*"))


def test_an_unreachable_database_is_told_in_one_line_at_the_start(shop, monkeypatch):
    monkeypatch.setenv("FACES_RECORDS__STORE", "postgresql")
    monkeypatch.setenv("FACES_RECORDS__DATABASE", f"127.0.0.1:{free_port()}/faces")
    for command in (("serve", "--port", str(free_port())), ("keys", "list")):
        refused = shop.faces(*command, check=False)
        assert refused.returncode == 1
        (line,) = [line for line in refused.stderr.splitlines() if line]
        assert line.startswith("records: PostgreSQL at 127.0.0.1:")


def report(service):
    answer = service.send("GET", "/v1/reports/recommendations")
    assert answer.status_code == 200, answer.text
    return answer.json()
