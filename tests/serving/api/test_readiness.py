from __future__ import annotations

import asyncio
import json
import time

import httpx
import pytest
from starlette.responses import PlainTextResponse

from serving.api.readiness import Readiness, readiness

HANGING_SECONDS = 3.0


def told(state):
    return json.loads(asyncio.run(readiness(state)).body)


def test_both_stores_and_the_release_are_named(api, record_store):
    assert told(api.state) == {
        "status": "ready",
        "release": "r000001",
        "records": {"store": record_store, "reachable": True},
        "online": {"store": "sqlite"},
    }


@pytest.mark.parametrize("seconds", [0, HANGING_SECONDS])
def test_records_that_fail_or_hang_are_not_reachable_and_nobody_waits_for_them(api, monkeypatch, seconds):
    monkeypatch.setattr(type(api.state.records), "can_be_read", lambda _records: time.sleep(seconds) or False)
    began = time.monotonic()

    async def ask():
        answer = await readiness(api.state)
        return json.loads(answer.body)["records"]["reachable"], time.monotonic() - began

    is_reachable, waited = asyncio.run(ask())
    assert not is_reachable
    assert waited < HANGING_SECONDS


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [("/readyz", 503, "not yet"), ("/livez", 200, "alive"), ("/readyz", 200, None)],
)
def test_only_the_answer_of_a_ready_service_is_filled(api, path, status, body):
    inner = PlainTextResponse(body or "", status)
    app = Readiness(inner, state=lambda: api.state)

    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://faces") as client:
            return await client.get(path)

    answer = asyncio.run(ask())
    assert answer.status_code == status
    assert answer.text == body if body else answer.json()["status"] == "ready"
