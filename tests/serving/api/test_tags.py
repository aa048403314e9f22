"""GET /v1/tags: what can be named, what each says, and how many members have it."""

from __future__ import annotations

from literal_shop import AS_OF
from literal_tags import literal_build_in_use

from features.contracts.clock import moment_text
from features.tags.stored import tags_file, write_tags

ROUTE = "/v1/tags"


def test_every_declared_tag_is_listed_with_both_sentences_before_anything_is_computed(api):
    answer = api.send("GET", ROUTE, key="audiences").json()
    assert answer["as_of"] is None
    assert [item["name"] for item in answer["items"]] == list(api.state.settings.tags)
    assert all(item["members"] is None for item in answer["items"])
    by_name = {item["name"]: item for item in answer["items"]}
    assert by_name["new"]["sentence"] == {
        "en": "New: the first purchase is less than 30 days ago.",
        "zh": "新会员：首次购买在 30 天以内。",
    }
    assert (by_name["new"]["group"], by_name["new"]["per"]) == ("lifecycle", None)
    assert (by_name["lover"]["group"], by_name["lover"]["per"]) == (None, "category")


def test_members_are_counted_once_the_features_are_computed(api):
    settings = api.state.settings
    _, build = literal_build_in_use(settings.home)
    answer = api.send("GET", ROUTE).json()
    assert answer["as_of"] == moment_text(AS_OF)
    # the snapshots are there, the tags not yet: a request computes nothing
    assert all(item["members"] is None for item in answer["items"])
    assert not tags_file(settings.tags, build, AS_OF).exists()

    assert write_tags(settings, build)
    by_name = {item["name"]: item for item in api.send("GET", ROUTE).json()["items"]}
    assert by_name["advocate"]["members"] == 3
    assert by_name["new"]["members"] == 0
    assert by_name["lover"]["values"] == []


def test_an_audience_of_a_tag_that_nothing_declares_is_refused_at_once(api):
    body = {"target": {"category": "A"}, "size": 10, "population": {"tags": ["at_rsk"]}}
    answer = api.send("POST", "/v1/audiences", json=body)
    assert answer.status_code == 422
    assert "population.tags: there is no tag 'at_rsk'; near it: 'at_risk'" in answer.json()["detail"]
    assert api.send("POST", "/v1/audiences", json={**body, "population": {"tags": ["at_risk"]}}).status_code == 202
