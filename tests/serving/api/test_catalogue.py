from __future__ import annotations

ROUTE = "/v1/catalogue"


def test_groups_are_found_as_one_types(api):
    assert api.send("GET", f"{ROUTE}?q=soft").json() == {
        "products": 300,
        "items": [{"kind": "category", "name": "SOFT DRINKS", "products": 300, "parent": None}],
        "next_cursor": None,
    }


def test_what_is_asked_for_is_not_found_again(api):
    items = api.send("GET", f"{ROUTE}?category=SOFT%20DRINKS").json()["items"]
    assert [each["kind"] for each in items] == ["brand"]


def test_no_more_than_the_limit_are_told(api):
    assert len(api.send("GET", f"{ROUTE}?limit=1").json()["items"]) == 1
    assert api.send("GET", f"{ROUTE}?limit=101").status_code == 422
