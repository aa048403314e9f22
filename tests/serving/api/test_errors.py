from __future__ import annotations

import contextlib
import dataclasses
import json
import logging

import pytest

from features.contracts import errors
from features.contracts.errors import FacesError, RequestError
from serving.api.errors import CODES, answer_of

RECOMMEND = {"member": {"member_id": "m1"}}


def descendants(kind):
    return {kind} | {below for child in kind.__subclasses__() for below in descendants(child)}


def own_errors():
    return sorted(
        (kind for kind in descendants(FacesError) if kind.__module__ == errors.__name__), key=lambda kind: kind.__name__
    )


@pytest.mark.parametrize("kind", own_errors(), ids=lambda kind: kind.__name__)
def test_every_error_of_ours_has_a_status_and_the_one_shape(kind):
    answer = answer_of(kind("some sentence"))
    assert answer.media_type == "application/json"
    assert b'"error"' in answer.body
    assert answer.status_code == (kind.status if issubclass(kind, RequestError) else answer.status_code)
    assert answer.status_code in CODES


def test_an_unexpected_error_answers_500_without_details_and_is_logged_with_its_id(api, caplog, monkeypatch):
    def explode(_self, _query):
        raise RuntimeError("the secret")

    monkeypatch.setattr(type(api.engine), "recommend", explode)
    with caplog.at_level(logging.ERROR):
        answer = api.send("POST", "/v1/recommendations", json=RECOMMEND, headers={"X-Request-Id": "req-1"})
    assert answer.status_code == 500
    assert answer.json()["error"] == "internal"
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"] == "req-1"
    (record,) = [record for record in caplog.records if "req-1" in record.getMessage()]
    assert "the secret" in str(record.exc_info[1])
    assert b"faces_unexpected_errors_total 1.0" in api.state.metrics.text()


def test_an_unreadable_store_is_a_503_without_the_path(start_api, engine):
    api = start_api(dataclasses.replace(engine, is_store_down=True))
    answer = api.send("GET", "/v1/members/m1")
    assert (answer.status_code, answer.json()["error"]) == (503, "store_unavailable")
    assert "/secret" not in answer.text


def test_records_that_cannot_be_read_are_a_503_without_the_query(api):
    with moved(api.state.records.engine, "audiences"):
        answer = api.send("GET", "/v1/audiences")
    assert (answer.status_code, answer.json()["error"]) == (503, "records_unavailable")
    assert "SELECT" not in answer.text


@contextlib.contextmanager
def moved(engine, table):
    with engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO moved")
    yield
    with engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE moved RENAME TO {table}")


def test_a_text_that_postgresql_cannot_store_is_refused_and_not_repeated(api, record_store):
    answer = api.send("POST", "/v1/audiences", json={"target": {"category": "A"}, "name": "a\x00b"})
    # SQLite takes it
    assert answer.status_code == (422 if record_store == "postgresql" else 202)
    assert answer.status_code == 202 or "a\x00b" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/v1/nowhere", 404, "not_found"),
        ("DELETE", "/v1/audiences", 405, "method_not_allowed"),
        ("GET", "/v1/recommendations", 405, "method_not_allowed"),
        ("GET", "/v1/products?limit=0", 422, "invalid_request"),
        ("GET", "/v1/audiences?cursor=%27%20OR%201=1", 422, "invalid_request"),
        ("GET", "/v1/audiences/unknown", 404, "not_found"),
    ],
)
def test_failures_of_routing_have_the_one_shape(api, method, path, status, code):
    answer = api.send(method, path)
    assert answer.json() == {"error": code, "detail": answer.json()["detail"], "status": status}
    assert answer.status_code == status


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[" * 200_000, b'{"member": NaN}'])
def test_broken_json_is_refused(api, content):
    headers = {"Content-Type": "application/json"}
    answer = api.send("POST", "/v1/recommendations", content=content, headers=headers)
    assert answer.status_code in (400, 422)
    assert set(answer.json()) == {"error", "detail", "status"}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/vnd.bentoml+pickle"])
def test_only_json_is_read(api, kind):
    answer = api.send(
        "POST", "/v1/recommendations", content=json.dumps(RECOMMEND).encode(), headers={"Content-Type": kind}
    )
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_request")


def test_a_body_over_the_limit_is_refused(api, settings):
    headers = {"Content-Type": "application/json"}
    answer = api.send(
        "POST", "/v1/recommendations", content=b" " * (settings.serving.max_body_bytes + 1), headers=headers
    )
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


def test_a_request_id_is_echoed_when_it_is_harmless_and_made_when_it_is_not(api):
    given = api.send("GET", "/v1/products", headers={"X-Request-Id": "abc-1"})
    bad = api.send("GET", "/v1/products", headers={"X-Request-Id": "a b{c"})
    assert given.headers["x-request-id"] == "abc-1"
    assert len(bad.headers["x-request-id"]) == 32


@pytest.mark.parametrize("path", ["/v1/members/m1", "/v1/products", "/v1/members/nobody"])
def test_answers_are_kept_out_of_caches(api, path):
    assert api.send("GET", path).headers["cache-control"] == "private, no-store"
