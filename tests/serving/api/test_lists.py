from __future__ import annotations

import pytest
from literal_people import person, sha256, write_people

ROUTE = "/v1/lists"
BODY = {"name": "Regulars", "kind": "member_id", "ids": ["m1", "m1", "m2", "x", " "]}


@pytest.fixture(autouse=True)
def _tables(settings):
    write_people(settings, [person("m1", phone="+15550000001"), person("m2"), person("m3")], products=["p1"])


def test_a_list_is_stored_with_counts_of_what_was_given(api):
    answer = api.send("POST", ROUTE, json=BODY)
    told = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"{ROUTE}/{told['id']}")
    assert told["counts"] == {"given": 5, "malformed": 1, "duplicates": 1, "known": 2, "unknown": 1}
    assert api.send("GET", answer.headers["location"]).json() == told
    assert [item["id"] for item in api.send("GET", ROUTE).json()["items"]] == [told["id"]]


def test_a_large_list_comes_in_parts(api):
    place = api.send("POST", ROUTE, json=BODY).headers["location"]
    answer = api.send("POST", f"{place}/ids", json={"ids": ["m2", "m3"]})
    assert answer.json()["counts"] == {"given": 7, "malformed": 1, "duplicates": 2, "known": 3, "unknown": 1}


def test_a_repeated_part_with_its_key_is_counted_once(api):
    place = api.send("POST", ROUTE, json=BODY, headers={"Idempotency-Key": "a"}).headers["location"]
    again = api.send("POST", ROUTE, json=BODY, headers={"Idempotency-Key": "a"})
    assert (again.status_code, again.headers["location"]) == (201, place)
    parts = [api.send("POST", f"{place}/ids", json={"ids": ["m3"]}, headers={"Idempotency-Key": "b"}) for _ in "12"]
    assert parts[0].json() == parts[1].json()
    assert api.send("GET", place).json()["counts"]["given"] == 6


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"ids": ["x", "y", "x", ""]}, "none of the 4 ids is a member's id that this shop knows (1 malformed, 1 given"),
        ({"kind": "phone_hash", "ids": ["+15550000001"]}, "the SHA-256 of a member's phone number"),
        ({"kind": "product_id", "ids": ["m1"]}, "a product's id"),
        ({"kind": "colour"}, "body.kind"),
        ({"ids": []}, "body.ids"),
        ({"ids": [1]}, "body.ids.0"),
        ({"name": ""}, "body.name"),
    ],
)
def test_garbage_is_refused_with_counts_or_the_wrong_field(api, body, sentence):
    answer = api.send("POST", ROUTE, json={**BODY, **body})
    assert (answer.status_code, sentence in answer.json()["detail"]) == (422, True), answer.text
    assert api.send("GET", ROUTE).json()["items"] == []


def test_hashed_phones_are_taken_in_any_case(api):
    body = {"name": "Ads", "kind": "phone_hash", "ids": [sha256("+15550000001").upper()]}
    assert api.send("POST", ROUTE, json=body).json()["counts"]["known"] == 1


def test_a_deleted_list_is_gone(api):
    place = api.send("POST", ROUTE, json=BODY).headers["location"]
    assert api.send("DELETE", place).status_code == 204
    assert [api.send(*each).status_code for each in (("GET", place), ("DELETE", place))] == [404, 404]
    assert api.send("POST", f"{place}/ids", json={"ids": ["m1"]}).status_code == 404


def test_lists_are_paged_newest_first(api):
    made = [api.send("POST", ROUTE, json=BODY).json()["id"] for _ in range(3)]
    first = api.send("GET", f"{ROUTE}?limit=2").json()
    second = api.send("GET", f"{ROUTE}?limit=2&cursor={first['next_cursor']}").json()
    assert [item["id"] for item in (*first["items"], *second["items"])] == sorted(made, reverse=True)
    assert second["next_cursor"] is None
