from __future__ import annotations

import pytest

from serving.auth import revoke_key

BODY = {"member": {"member_id": "m1"}}

SCOPED = [
    ("POST", "/v1/recommendations", "recommend"),
    ("GET", "/v1/scenarios", "recommend"),
    ("GET", "/v1/products", "recommend"),
    ("GET", "/v1/products/p1/similar", "recommend"),
    ("GET", "/v1/catalogue", "audiences"),
    ("POST", "/v1/members/find", "members"),
    ("GET", "/v1/members/m1", "members"),
    ("DELETE", "/v1/members/m1", "privacy"),
    ("GET", "/v1/stores", "members"),
    ("GET", "/v1/stores/s1/worklist", "members"),
    ("POST", "/v1/events", "events"),
    ("POST", "/v1/audiences", "audiences"),
    ("GET", "/v1/audiences", "audiences"),
    ("GET", "/v1/audiences/a", "audiences"),
    ("POST", "/v1/audiences/a/cancel", "audiences"),
    ("GET", "/v1/audiences/a/curve", "audiences"),
    ("GET", "/v1/audiences/a/drivers", "audiences"),
    ("GET", "/v1/audiences/a/profile", "audiences"),
    ("GET", "/v1/audiences/a/associated", "audiences"),
    ("GET", "/v1/audiences/a/manifest", "audiences"),
    ("GET", "/v1/audiences/a/results", "audiences"),
    ("GET", "/v1/audiences/a/members/m1", "audiences"),
    ("GET", "/v1/tags", "audiences"),
    ("GET", "/v1/reports/recommendations", "audiences"),
    ("GET", "/v1/releases", "audiences"),
    ("GET", "/v1/releases/r000001/quality", "audiences"),
    ("POST", "/v1/releases/previous", "releases"),
    ("GET", "/v1/audiences/a/members", "export"),
    ("GET", "/v1/destinations", "export"),
    ("GET", "/v1/audiences/a/exports", "audiences"),
    ("GET", "/v1/audiences/a/exports/counts", "export"),
    ("POST", "/v1/lists", "audiences"),
    ("GET", "/v1/lists", "audiences"),
    ("GET", "/v1/lists/l", "audiences"),
    ("DELETE", "/v1/lists/l", "audiences"),
    ("POST", "/v1/lists/l/ids", "audiences"),
]


@pytest.mark.parametrize(("method", "path", "scope"), SCOPED)
def test_each_route_asks_for_a_key_with_its_scope(api, method, path, scope):
    assert api.send(method, path, key=None).status_code == 401
    lacking = api.send(method, path, key="recommend" if scope == "events" else "events")
    assert (lacking.status_code, lacking.json()["error"]) == (403, "forbidden")
    assert f"'{scope}'" in lacking.json()["detail"]
    assert api.send(method, path, key=scope).status_code not in (401, 403)
    assert api.send(method, path, key="admin").status_code not in (401, 403)


def test_every_documented_route_stands_in_the_list_above(api):
    documented = api.send("GET", "/openapi.json", key=None).json()["paths"]
    routes = {(method.upper(), path) for path, methods in documented.items() for method in methods}
    named = {"p1": "{product_id}", "m1": "{member_id}", "a": "{audience_id}", "l": "{list_id}", "s1": "{store_id}"}
    named["r000001"] = "{release_id}"
    listed = {(method, "/".join(named.get(part, part) for part in path.split("/"))) for method, path, _ in SCOPED}
    assert routes == listed


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_both_headers_carry_a_key(api, header):
    value = f"Bearer {api.keys['recommend']}" if header == "Authorization" else api.keys["recommend"]
    answer = api.send("POST", "/v1/recommendations", key=None, json=BODY, headers={header: value})
    assert answer.status_code == 200


@pytest.mark.parametrize("text", ["", "x", "tf_", "tf_abc", "tf__", "tf_unknown_secret", "tf_ü_x"])
def test_a_wrong_key_is_401_with_a_challenge(api, text):
    answer = api.send("GET", "/v1/products", key=None, headers={"X-API-Key": text.encode()})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["error"] == "unauthorized"


def test_a_key_of_the_right_id_with_another_secret_is_refused(api):
    key = api.keys["recommend"]
    changed = key[:-1] + ("a" if key[-1] != "a" else "b")
    assert api.send("GET", "/v1/products", key=None, headers={"X-API-Key": changed}).status_code == 401


def test_a_key_revoked_before_its_first_use_is_refused(api, now):
    key_id = api.keys["recommend"].split("_")[1]
    revoke_key(api.state.records, key_id, at=now)
    assert api.send("GET", "/v1/products", key="recommend").status_code == 401
