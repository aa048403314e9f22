"""The single view, named in every way, with what just happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from serving.api.member_answers import EVENTS_SHOWN, MemberAnswer
from serving.records.events import NewEvent, add_events

WHEN = datetime(2017, 12, 31, 4, tzinfo=UTC)


def event(number: int, **told) -> NewEvent:
    whole = {
        "message_id": f"e{number}",
        "type": "Product Viewed",
        "occurred_at": WHEN + timedelta(seconds=number),
        "received_at": WHEN,
        "source": "pos",
        "source_id": "1",
        "member_key": "m1",
    }
    return NewEvent(**(whole | told))


def test_the_page_shows_everything_that_is_known(api):
    assert api.send("GET", "/v1/members/m1").json() == {
        "member_id": "m1",
        "as_of": "2017-12-31T05:00:00Z",
        "release": "r000001",
        "identities": [{"source": "pos", "source_id": "1"}, {"source": "shop/web", "source_id": "安娜 01"}],
        "contact": {
            "name": "Anna",
            "has_phone": True,
            "phone": "138****1234",
            "has_email": False,
            "email": None,
            "has_wechat": True,
            "is_synthetic": False,
        },
        "consent": {"sms": True, "email": False, "wechat": None},
        "attributes": {
            "gender": None,
            "birth_year": None,
            "city": "上海",
            "tier": None,
            "is_paid_member": None,
            "is_staff": None,
            "card_no": None,
            "further": {"age": "45-54"},
        },
        "tags": [{"name": "active", "sentence": "Buys as usual."}],
        "lifecycle_stage": "active",
        "value_tier": None,
        "favourite_categories": [{"category": "TEA", "spend_share": 0.4, "orders_365d": 9}],
        "next_visit": {
            "last_visited_at": "2017-12-22T05:00:00Z",
            "gap_days": 8.0,
            "expected_at": "2017-12-30T05:00:00Z",
            "is_overdue": True,
        },
        "habits": {
            "weeks": [{"starts_on": "2017-12-18", "visits": 1}, {"starts_on": "2017-12-25", "visits": 0}],
            "hours": [{"weekday": 5, "hour": 0, "visits": 1}],
        },
        "due_products": [{"id": "p1", "name": "Product p1", "expected_on": "2018-01-01", "sentence": "Due."}],
        "recent_purchases": [{"id": "p1", "name": "Product p1", "ordered_at": "2017-12-31T05:00:00Z"}],
        "orders": [
            {
                "id": "o1",
                "ordered_at": "2017-12-31T05:00:00Z",
                "store": {"id": "s1", "name": "Downtown"},
                "spend": 12.5,
            }
        ],
        "events": [],
        "points": 120.0,
        "measurements": [{"name": "skin", "value": "dry", "observed_at": "2017-12-31T05:00:00Z"}],
        "coupons": [
            {
                "id": "c1",
                "campaign_id": "spring",
                "name": "Tea",
                "how": "given",
                "ends_on": "2018-01-04",
                "discount_type": None,
                "face_value": None,
                "chance": 0.25,
            }
        ],
        "coupons_held": 3,
        "benefits_unclaimed": [
            {"campaign_id": "spring", "name": "Spring", "coupons": 3, "ends_on": "2018-01-04", "sentence": "Unused."}
        ],
        "joined": {
            "at": "2017-12-31T05:00:00Z",
            "store": {"id": "s1", "name": "Downtown"},
            "via": "QR code",
            "brought_by": "m2",
        },
        "home_store": {"id": "s1", "name": "Downtown"},
        "associate": {"id": "a1", "name": "Bo"},
        "facts": [{"name": "orders", "value": 3.0, "unit": "orders", "sentence": "3 orders"}],
    }


def test_the_answer_is_what_the_page_documents(api):
    answer = api.send("GET", "/v1/members/m1").json()
    assert set(answer) == set(MemberAnswer.model_fields)
    MemberAnswer.model_validate(answer)


@pytest.mark.parametrize(
    "named",
    [
        "m1",
        "m1?by=member_id",
        "old%2F1",
        "old/1",
        "1?source=pos",
        "1?source=pos&by=source_id",
        quote("安娜 01") + "?source=shop/web",
        "AB" * 32 + "?by=phone_hash",
        "o-1?by=openid",
        "8800%201?by=card_no",
    ],
)
def test_a_member_is_found_by_every_id(api, named):
    answer = api.send("GET", f"/v1/members/{named}")
    assert (answer.status_code, answer.json().get("member_id")) == (200, "m1")
    assert answer.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize("named", ["m2", "1", "1?source=web", "m1?by=openid", "m1?source=pos", "cd" * 32])
def test_an_unknown_member_is_not_found(api, named):
    assert api.send("GET", f"/v1/members/{named}").status_code == 404


@pytest.mark.parametrize(
    "named",
    ["1?by=source_id", "m1?by=member_id&source=pos", "m1?by=phone_hash", "m1?by=card", "", "x" * 201, "1?source="],
)
def test_a_name_that_cannot_be_read_is_refused_in_words(api, named):
    answer = api.send("GET", f"/v1/members/{named}")
    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_the_sentences_come_in_the_asked_language(api):
    api.send("GET", "/v1/members/m1?locale=zh")
    api.send("GET", "/v1/members/m1")
    assert api.engine.locales == ["zh", "en"]
    assert api.send("GET", "/v1/members/m1?locale=fr").status_code == 422


def test_events_of_every_channel_come_newest_first(api):
    told = [
        event(1, product_id="p1"),
        event(3, source="shop/web", source_id="安娜 01", member_key="id:shop%2Fweb:1", type="Cart Viewed"),
        event(2, source="member", source_id="m1", type="Zone Dwelled", store_id="s1", zone="tea"),
        event(4, source="pos", source_id="2", member_key="m2"),
    ]
    with api.state.records.writing() as transaction:
        add_events(transaction, told)
    assert api.send("GET", "/v1/members/m1").json()["events"] == [
        {"type": "Cart Viewed", "occurred_at": "2017-12-31T04:00:03Z", "source": "shop/web"},
        {
            "type": "Zone Dwelled",
            "occurred_at": "2017-12-31T04:00:02Z",
            "source": "member",
            "store_id": "s1",
            "zone": "tea",
        },
        {"type": "Product Viewed", "occurred_at": "2017-12-31T04:00:01Z", "source": "pos", "product_id": "p1"},
    ]


def test_a_page_shows_so_many_events(api):
    with api.state.records.writing() as transaction:
        add_events(transaction, [event(number) for number in range(EVENTS_SHOWN + 5)])
    assert len(api.send("GET", "/v1/members/m1").json()["events"]) == EVENTS_SHOWN


def test_an_associate_of_any_store_may_look_a_member_up(api):
    assert api.send("GET", "/v1/members/m1", key="associate").status_code == 200


def test_a_store_that_cannot_be_read_tells_nothing_of_itself(start_api, make_engine):
    answer = start_api(make_engine(is_store_down=True)).send("GET", "/v1/members/m1")
    assert answer.status_code == 503
    assert "secret" not in answer.text


def test_a_member_is_found_by_what_a_person_types(api):
    answer = api.send("POST", "/v1/members/find", json={"text": " m1 "})
    assert answer.json() == {"items": [{"member_id": "m1", "by": "member_id", "source": None}]}
    of_channel = api.send("POST", "/v1/members/find", json={"text": "1", "source": "pos"})
    assert of_channel.json() == {"items": [{"member_id": "m1", "by": "source_id", "source": "pos"}]}
    assert api.send("POST", "/v1/members/find", json={"text": "nobody"}).json() == {"items": []}
