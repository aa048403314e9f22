from __future__ import annotations

import re


def operations(api):
    paths = api.send("GET", "/openapi.json", key=None).json()["paths"]
    return {f"{method} {path}": operation for path, methods in paths.items() for method, operation in methods.items()}


def test_every_route_has_a_summary_a_sentence_and_a_scheme(api):
    for route, operation in operations(api).items():
        assert operation["summary"], route
        assert operation["description"], route
        assert {name for scheme in operation["security"] for name in scheme} == {"Bearer", "X-API-Key"}, route


def test_every_route_documents_its_failures_in_the_one_shape(api):
    for route, operation in operations(api).items():
        failures = {int(status): answer for status, answer in operation["responses"].items() if int(status) >= 400}
        assert {401, 403, 422, 500, 503} <= set(failures), route
        schemas = {answer["content"]["application/json"]["schema"]["$ref"] for answer in failures.values()}
        assert schemas == {"#/components/schemas/ErrorAnswer"}, route


def test_every_post_that_does_something_documents_the_idempotency_key(api):
    for route, operation in operations(api).items():
        # a search changes nothing; it is a POST so that no number stands in an address
        if route.startswith("post") and route != "post /v1/members/find":
            assert "idempotency-key" in {each["name"].lower() for each in operation["parameters"]}, route


def test_the_documentation_needs_no_key_and_asks_no_other_host(api):
    start = api.send("GET", "/", key=None)
    assert (start.status_code, start.headers["location"]) == (307, "/console")
    page = api.send("GET", "/docs", key=None).text
    assert not re.search(r"https?://", page)
    for file in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert api.send("GET", file, key=None).status_code == 200, file


def test_metrics_need_no_key_and_name_the_release(api):
    api.send("POST", "/v1/recommendations", json={"member": {"member_id": "m1"}})
    api.send("POST", "/v1/audiences", json={"target": {"category": "A"}})
    text = api.send("GET", "/metrics", key=None).text
    assert 'faces_release_in_service{release="r000001"} 1.0' in text
    assert 'faces_recommendations_total{fallback="none",scenario="home"} 1.0' in text
    assert "faces_recommendation_seconds_count 1.0" in text
    assert 'faces_audience_jobs{state="queued"} 1.0' in text
