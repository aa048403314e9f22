"""The stores' worklists over the API: who is on them, in pages, and who may see them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from literal_view import AS_OF, write_stores

from serving.auth import Scope, create_key
from serving.records.events import NewEvent, add_events

NOON = datetime(2017, 12, 31, 17, tzinfo=UTC)


@pytest.fixture
def shop(start_api, make_engine, tmp_path):
    folder = tmp_path / "release"
    folder.mkdir()
    members = [
        ("s1", "ann", 0.5, 8.0, ["spring"]),
        ("s1", "bea", 30.0, 8.0, ["over"]),
        ("s1", "cleo", None, None, ["short", "spring"]),
        ("s1", "dora", -1.0, 7.0, None),
        ("s2", "eve", 0.5, 8.0, ["spring"]),
    ]
    joined = [("s1", "fay", NOON, "QR code"), ("s1", "gina", NOON - timedelta(days=1), None)]
    return start_api(make_engine(as_of=NOON, stores=write_stores(folder, members, joined)))


def tell(api, *told: tuple[str, str, str, datetime]) -> None:
    events = [
        NewEvent(
            message_id=f"e{number}",
            type=type_,
            occurred_at=at,
            received_at=at,
            source=source,
            source_id=own,
            member_key=own,
            store_id="s1",
            zone="tea" if type_ == "Zone Dwelled" else None,
        )
        for number, (type_, source, own, at) in enumerate(told)
    ]
    with api.state.records.writing() as transaction:
        add_events(transaction, events)


def test_the_list_names_each_member_with_the_reason(shop):
    tell(
        shop,
        ("Store Entered", "pos", "7", AS_OF),
        ("Zone Dwelled", "pos", "7", AS_OF + timedelta(minutes=5)),
        ("Store Entered", "pos", "8", AS_OF + timedelta(minutes=1)),
        ("Store Left", "pos", "8", AS_OF + timedelta(minutes=6)),
        ("Store Entered", "web", "unknown", AS_OF),
    )
    answer = shop.send("GET", "/v1/stores/s1/worklist").json()
    assert answer["store"] == {"id": "s1", "name": "Downtown", "city": "上海", "region": None, "members": 4}
    assert answer["as_of"] == "2017-12-31T17:00:00Z"
    assert [(each["reason"], each["member_id"], each["sentence"]) for each in answer["items"]] == [
        ("here_now", "m7", "In the store since 00:00, last seen in tea."),
        ("joined_today", "fay", "Joined here today at 12:00, by QR code."),
        ("due", "dora", "Was expected on 2017-12-30: comes about every 7 days, last on 2017-12-23."),
        ("due", "ann", "Expected today: comes about every 8 days, last on 2017-12-23."),
        ("benefit_unclaimed", "cleo", "Was given 1 coupon(s) of short and has used none; they end on 2017-12-31."),
        ("benefit_unclaimed", "ann", "Was given 2 coupon(s) of Spring and has used none; they end on 2018-01-04."),
    ]
    assert answer["counts"] == {"here_now": 1, "joined_today": 1, "due": 2, "benefit_unclaimed": 2}
    assert answer["next_cursor"] is None


def test_the_list_is_told_in_chinese_and_for_one_reason(shop):
    answer = shop.send("GET", "/v1/stores/s1/worklist?reason=due&locale=zh").json()
    assert [each["sentence"] for each in answer["items"]] == [
        "原预计2017-12-30到店：约每7天来一次，上次是2017-12-23。",
        "预计今天到店：约每8天来一次，上次是2017-12-23。",
    ]
    assert answer["counts"]["benefit_unclaimed"] == 2


def test_pages_end_without_repeating(shop):
    seen, cursor = [], ""
    while cursor is not None:
        page = shop.send("GET", f"/v1/stores/s1/worklist?limit=2{cursor and '&cursor=' + cursor}").json()
        seen += [(each["reason"], each["member_id"]) for each in page["items"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) == 5


def test_a_store_without_members_has_an_empty_list(shop):
    answer = shop.send("GET", f"/v1/stores/{quote('三号店')}/worklist").json()
    assert (answer["items"], answer["next_cursor"]) == ([], None)
    assert set(answer["counts"].values()) == {0}


def test_an_unknown_store_is_not_found(shop):
    assert shop.send("GET", "/v1/stores/s9/worklist").status_code == 404


def test_a_release_of_before_has_no_stores_and_says_so_by_being_empty(api):
    assert api.send("GET", "/v1/stores").json() == {"items": [], "next_cursor": None}
    assert api.send("GET", "/v1/stores/s1/worklist").status_code == 404


def test_an_associate_sees_the_own_store_alone(shop):
    assert shop.send("GET", "/v1/stores/s1/worklist", key="associate").status_code == 200
    refused = shop.send("GET", "/v1/stores/s2/worklist", key="associate")
    assert (refused.status_code, refused.json()["error"]) == (403, "forbidden")
    assert "'s1'" in refused.json()["detail"]
    # what does not exist is refused alike: a key of one store learns nothing of the others
    assert shop.send("GET", "/v1/stores/s9/worklist", key="associate").status_code == 403
    listed = shop.send("GET", "/v1/stores", key="associate").json()
    assert [each["id"] for each in listed["items"]] == ["s1"]


def test_a_members_key_bound_to_a_store_is_refused_elsewhere(shop, now):
    bound = create_key(shop.state.records, name="s2", scopes=[Scope.MEMBERS], store_id="s2", at=now).text
    own = {"X-API-Key": bound}
    assert shop.send("GET", "/v1/stores/s2/worklist", key=None, headers=own).status_code == 200
    assert shop.send("GET", "/v1/stores/s1/worklist", key=None, headers=own).status_code == 403


def test_stores_are_listed_in_pages(shop):
    first = shop.send("GET", "/v1/stores?limit=2").json()
    assert [each["id"] for each in first["items"]] == ["s1", "s2"]
    last = shop.send("GET", f"/v1/stores?limit=2&cursor={first['next_cursor']}").json()
    assert ([each["id"] for each in last["items"]], last["next_cursor"]) == (["三号店"], None)


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=x", "cursor=-1", "reason=tired", "locale=fr"])
def test_a_query_that_cannot_be_read_is_refused(shop, query):
    assert shop.send("GET", f"/v1/stores/s1/worklist?{query}").status_code == 422
