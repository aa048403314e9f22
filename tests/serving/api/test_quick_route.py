"""The quick way answers the ordinary request; everything else is answered as FastAPI answers it."""

from __future__ import annotations

from typing import Any

import fastapi.routing
import pytest
from fastapi.routing import APIRoute

from serving.api import recommendations

ROUTE = "/v1/recommendations"
ORDINARY = b'{"member": {"member_id": "m1"}, "count": 2}'
JSON = {"Content-Type": "application/json"}

REQUESTS = {
    "ordinary": (ORDINARY, JSON, "admin"),
    "all fields": (
        b'{"member": {"member_id": "m1"}, "scenario": "home", "count": 3, "exclude": ["p1"], "locale": "zh", '
        b'"context": {"basket": ["p2"], "store_id": "s"}, "explain": false, "dry_run": true}',
        JSON,
        "recommend",
    ),
    "an unknown member": (b'{"member": {"anonymous_id": "a"}}', JSON, "admin"),
    "a number for a text": (b'{"member": {"member_id": 7}}', JSON, "admin"),
    "a text for a number": (b'{"member": {"member_id": "m1"}, "count": "2"}', JSON, "admin"),
    "an unknown field": (b'{"member": {"member_id": "m1"}, "size": 2}', JSON, "admin"),
    "two ways to name a member": (b'{"member": {"member_id": "m1", "anonymous_id": "a"}}', JSON, "admin"),
    "no JSON": (b"{", JSON, "admin"),
    "no body": (b"", JSON, "admin"),
    "not UTF-8": (b'{"member": {"member_id": "\xff"}}', JSON, "admin"),
    "half a surrogate": (b'{"member": {"member_id": "\\ud800"}}', JSON, "admin"),
    "no object": (b"[1]", JSON, "admin"),
    "a count that is too large": (b'{"member": {"member_id": "m1"}, "count": 100000}', JSON, "admin"),
    "an unknown scenario": (b'{"member": {"member_id": "m1"}, "scenario": "no such"}', JSON, "admin"),
    "another type of content": (ORDINARY, {"Content-Type": "text/plain"}, "admin"),
    "no type of content": (ORDINARY, {}, "admin"),
    "a key without the scope": (ORDINARY, JSON, "export"),
    "no key": (ORDINARY, JSON, None),
    "an unknown key": (ORDINARY, {**JSON, "Authorization": "Bearer tf_a_b"}, "admin"),
    "a bad kind of key": (ORDINARY, {**JSON, "Authorization": "Basic abc"}, "admin"),
}


def seen(answer: Any) -> dict[str, Any]:
    body = answer.json()
    body.pop("recommendation_id", None)
    kept = ("content-type", "cache-control", "www-authenticate")
    return {"status": answer.status_code, "body": body, **{name: answer.headers.get(name) for name in kept}}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_every_request_is_answered_as_fastapi_answers_it(
    api: Any, monkeypatch: pytest.MonkeyPatch, request_: tuple[bytes, dict[str, str], str | None]
) -> None:
    content, headers, key = request_
    api.send("POST", ROUTE, content=content, headers=headers, key=key)
    quick = seen(api.send("POST", ROUTE, content=content, headers=headers, key=key))
    monkeypatch.setattr("serving.api.quick_route._trusted_key", lambda *_: None)
    assert quick == seen(api.send("POST", ROUTE, content=content, headers=headers, key=key))


def test_a_trusted_ordinary_request_does_not_walk_through_dependencies(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.send("POST", ROUTE, content=ORDINARY, headers=JSON)
    walked: list[object] = []

    async def walk(**named: Any) -> Any:
        walked.append(named)
        return await walking(**named)

    walking = fastapi.routing.solve_dependencies
    monkeypatch.setattr(fastapi.routing, "solve_dependencies", walk)
    assert api.send("POST", ROUTE, content=ORDINARY, headers=JSON).status_code == 200
    assert walked == []
    api.send("POST", ROUTE, content=ORDINARY, headers={**JSON, "Idempotency-Key": "k"})
    assert len(walked) == 1


def test_a_revoked_key_is_refused_once_it_is_no_longer_trusted(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    api.send("POST", ROUTE, content=ORDINARY, headers=JSON)
    monkeypatch.setattr(api.state.keys, "_clock", lambda: float("inf"))
    unknown = {**JSON, "Authorization": "Bearer tf_gone_gone"}
    assert api.send("POST", ROUTE, content=ORDINARY, headers=unknown).status_code == 401


def test_an_ordinary_answer_is_logged_like_any_other(api: Any) -> None:
    before = api.state.log._counter.answered
    for _ in range(2):
        api.send("POST", ROUTE, content=ORDINARY, headers=JSON)
    assert api.state.log._counter.answered == before + 2


def test_the_route_is_documented_as_before() -> None:
    (route,) = [each for each in recommendations.router.routes if isinstance(each, APIRoute)]
    assert route.body_field is not None
    assert {each.alias for each in route.dependant.header_params} == {"idempotency-key"}
