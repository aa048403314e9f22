"""POST /v1/events: each event checked by itself, stored once and for good before the answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import OperationalError

from features.contracts.errors import TooBusy
from serving.records.events import events_after

WHEN = "2026-11-22T11:59:00Z"


def event(message_id="a", **more):
    told = {
        "message_id": message_id,
        "type": "Product Viewed",
        "occurred_at": WHEN,
        "source": "app",
        "source_id": "A 1",
        "product_id": "p1",
        **more,
    }
    return {name: value for name, value in told.items() if value is not None}


def send(api, *events, **options):
    return api.send("POST", "/v1/events", key=options.pop("key", "events"), json={"events": list(events)}, **options)


def stored(api):
    with api.state.records.reading() as transaction:
        return events_after(transaction, 0, limit=1000)


def reason(api, told):
    answer = send(api, told).json()
    assert (answer["accepted"], len(answer["rejected"])) == (0, 1), answer
    return answer["rejected"][0]["reason"]


def test_events_are_stored_before_the_answer(api, now):
    answer = send(api, event("a"), event("b", type="Store Entered", product_id=None, store_id="店 7"))
    assert (answer.status_code, answer.json()) == (200, {"accepted": 2, "duplicates": 0, "rejected": []})
    first, second = stored(api)
    assert (first.message_id, first.type, first.source, first.source_id, first.product_id) == (
        "a",
        "Product Viewed",
        "app",
        "A 1",
        "p1",
    )
    assert (first.occurred_at, first.received_at) == (datetime(2026, 11, 22, 11, 59, tzinfo=UTC), now)
    assert (second.store_id, second.product_id) == ("店 7", None)


def test_a_message_counts_once_in_one_request_and_in_several(api):
    assert send(api, event("a"), event("a", product_id="p2"), event("b")).json()["duplicates"] == 1
    assert send(api, event("b"), event("c")).json() == {"accepted": 1, "duplicates": 1, "rejected": []}
    assert [(each.message_id, each.product_id) for each in stored(api)] == [("a", "p1"), ("b", "p1"), ("c", "p1")]


def test_a_rejected_event_is_named_with_its_reason_and_the_good_ones_are_kept(api):
    answer = send(api, event("a"), event("b", product_id=None), {"x": 1}, "nonsense", event("c"))
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 2
    rejected = answer.json()["rejected"]
    assert [(each["index"], each["message_id"]) for each in rejected] == [(1, "b"), (2, None), (3, None)]
    assert rejected[0]["reason"] == "product_id is required for 'Product Viewed'"
    assert [each.message_id for each in stored(api)] == ["a", "c"]


WRONG = [
    ({"type": "Product Sniffed"}, "type: Input should be"),
    ({"occurred_at": 1700000000}, "occurred_at: write it as text"),
    ({"occurred_at": "yesterday"}, "occurred_at: Input should be a valid datetime"),
    ({"occurred_at": "2026-11-22T12:10:01Z"}, "occurred_at: it lies in the future"),
    ({"occurred_at": "1989-12-31T00:00:00Z"}, "occurred_at: it lies before the earliest moment"),
    ({"source": None}, "source and source_id go together"),
    ({"source": None, "source_id": None}, "name the person in exactly one way"),
    ({"member_id": "m1"}, "name the person in exactly one way"),
    ({"colour": "red"}, "colour: this field does not exist"),
    ({"product_id": "a\0b"}, "NUL"),
    ({"message_id": "x" * 201}, "message_id: String should have at most 200"),
    ({"properties": {"Email": "a@b.c"}}, "properties.email: contact data is not taken"),
    ({"properties": {"text": "x" * 8000}}, "properties: they are larger"),
    ({"type": "Order Completed", "order_id": "o"}, "properties.products: this field is required"),
    (
        {
            "type": "Order Completed",
            "order_id": "o",
            "properties": {"products": [{"product_id": "p", "quantity": 0}]},
        },
        "properties.products.0.quantity: Input should be greater than 0",
    ),
    ({"type": "Zone Dwelled", "store_id": "1"}, "zone is required"),
    ({"type": "Coupon Claimed"}, "coupon_id is required"),
]
"""What is changed of a sound event, and what is said of it then."""


def test_what_is_wrong_with_an_event_is_said_in_words(api):
    answer = send(
        api, *(event(**{"message_id": f"e{number}", **change}) for number, (change, _) in enumerate(WRONG))
    ).json()
    said = {each["index"]: each["reason"] for each in answer["rejected"]}
    for number, (change, words) in enumerate(WRONG):
        assert words in said[number], change
    assert (answer["accepted"], stored(api)) == (0, [])


def test_half_a_character_is_refused_by_name_and_the_others_are_kept(api):
    body = {"events": [event("a", properties={"text": "\ud83d"}), event("b")]}
    headers = {"Content-Type": "application/json"}
    answer = api.send("POST", "/v1/events", key="events", content=json.dumps(body).encode(), headers=headers).json()
    assert answer["accepted"] == 1
    assert "half a character" in answer["rejected"][0]["reason"]


def test_no_rejected_value_is_repeated(api):
    for change in (
        {"type": "secret-value"},
        {"occurred_at": "secret-value"},
        {"properties": {"email": "secret-value"}},
    ):
        assert "secret-value" not in reason(api, event(**change))


def test_a_time_without_a_zone_is_the_shops_and_a_little_ahead_is_taken(api):
    send(api, event("a", occurred_at="2026-11-22T06:00:00"), event("b", occurred_at="2026-11-22T12:09:00Z"))
    assert [each.occurred_at for each in stored(api)] == [
        datetime(2026, 11, 22, 11, tzinfo=UTC),
        datetime(2026, 11, 22, 12, 9, tzinfo=UTC),
    ]


def test_a_person_may_be_named_by_member_id_or_not_be_known_at_all(api):
    send(
        api,
        event("a", source=None, source_id=None, member_id="m1"),
        event("b", source=None, source_id=None, anonymous_id="cookie:9"),
    )
    assert [(each.source, each.source_id, each.member_key) for each in stored(api)] == [
        ("member", "m1", "m1"),
        ("anonymous", "cookie:9", "id:anonymous:cookie:9"),
    ]


def test_an_order_s_properties_are_kept_as_they_were_told(api):
    products = [{"product_id": "p1", "quantity": 2, "price": 1.5, "name": "茶"}]
    send(api, event("a", type="Order Completed", order_id="o1", properties={"products": products, "total": 3.0}))
    assert json.loads(stored(api)[0].properties) == {"products": products, "total": 3.0}


def test_at_most_500_events_come_at_a_time_and_no_fewer_than_one(api):
    assert send(api, *(event(f"m{n}") for n in range(500))).json()["accepted"] == 500
    assert send(api, *(event(f"n{n}") for n in range(501))).status_code == 422
    assert send(api).status_code == 422


def test_500_large_events_fit_and_a_body_beyond_the_limit_is_refused(api):
    large = {"note": "x" * 6_000}
    assert send(api, *(event(f"m{n}", properties=large) for n in range(500))).json()["accepted"] == 500
    answer = send(api, event("z", properties={"note": "x" * 4_000_000}))
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


def test_a_key_needs_the_scope_of_events(api):
    assert send(api, event(), key="recommend").status_code == 403
    assert send(api, event(), key=None).status_code == 401
    assert send(api, event(), key="admin").status_code == 200


def test_an_idempotency_key_gets_the_first_answer_again(api):
    headers = {"Idempotency-Key": "k1"}
    first = send(api, event("a"), headers=headers)
    again = send(api, event("a"), headers=headers)
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    assert again.json()["accepted"] == 1
    assert send(api, event("b"), headers=headers).status_code == 409
    assert len(stored(api)) == 1


def test_a_full_queue_is_said_to_be_busy_and_the_request_may_come_again(api, monkeypatch):
    def full(_intake, _events):
        raise TooBusy("events: too many are waiting to be stored; send them again in a second")

    monkeypatch.setattr("serving.events.intake.EventIntake.take", full)
    answer = send(api, event("a"))
    assert (answer.status_code, answer.json()["error"], answer.headers["retry-after"]) == (503, "busy", "1")


def test_records_that_cannot_be_written_are_said_and_nothing_is_stored(api, monkeypatch):
    def fail(*_args, **_options):
        raise OperationalError("insert", {}, Exception("disk is full"))

    with monkeypatch.context() as patched:
        patched.setattr("serving.events.intake.add_events", fail)
        answer = send(api, event("a"))
    assert (answer.status_code, answer.json()["error"]) == (503, "records_unavailable")
    assert stored(api) == []
    assert send(api, event("a")).json()["accepted"] == 1


def test_metrics_count_what_became_of_events(api):
    send(api, event("a"), event("a"), {"no": 1})
    text = api.send("GET", "/metrics", key=None).text
    for outcome in ("accepted", "duplicate", "rejected"):
        assert f'faces_events_total{{outcome="{outcome}"}} 1.0' in text


def test_the_documentation_shows_an_event_s_fields(api):
    schema = api.send("GET", "/openapi.json", key=None).json()["components"]["schemas"]["EventsRequest"]
    item = schema["properties"]["events"]["items"]
    assert {"message_id", "type", "occurred_at", "recommendation_id"} <= set(item["properties"])
    assert "Zone Dwelled" in item["properties"]["type"]["enum"]
    assert item["required"] == ["message_id", "type", "occurred_at"]


def test_an_event_in_the_future_by_the_service_s_clock_is_told_by_that_clock(api, now):
    ahead = (now + timedelta(minutes=9, seconds=59)).isoformat()
    assert send(api, event("a", occurred_at=ahead)).json()["accepted"] == 1
