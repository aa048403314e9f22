from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from serving.answers import BundledProduct, RecommendedItem
from serving.records.recommendations import count_recommendations
from serving.records.tables import RecommendationRow

ROUTE = "/v1/recommendations"
BODY = {"member": {"member_id": "m1"}, "count": 2}


def logged(api):
    api.state.log.stop(at=api.state.now())
    with api.state.records.reading() as transaction:
        return transaction.session.query(RecommendationRow).order_by(RecommendationRow.sequence).all()


def test_the_answer_has_exactly_the_promised_fields(api):
    answer = api.send("POST", ROUTE, json=BODY)
    assert answer.status_code == 200
    body = answer.json()
    assert len(body.pop("recommendation_id")) == 36
    assert body == {
        "as_of": "2017-12-31T05:00:00Z",
        "release": "r000001",
        "items": [
            {
                "id": "p1",
                "type": "product",
                "name": "Product p1",
                "score": 1.0,
                "source": "frequency",
                "reasons": [{"code": "bought_often", "sentence": "You buy this often."}],
            },
            {
                "id": "p2",
                "type": "product",
                "name": "Product p2",
                "score": 0.5,
                "source": "frequency",
                "reasons": [{"code": "bought_often", "sentence": "You buy this often."}],
            },
        ],
        "fallback": None,
        "filtered": {},
    }


def test_an_unknown_member_gets_an_answer_and_the_reason(api):
    assert api.send("POST", ROUTE, json={"member": {"anonymous_id": "a"}}).json()["fallback"] == "new_member"


def test_the_default_count_comes_from_the_settings(api, settings):
    body = api.send("POST", ROUTE, json={"member": {"member_id": "m1"}}).json()
    assert len(body["items"]) == settings.serving.default_count


def test_basket_excluded_and_looked_at_products_reach_the_engine(api):
    context = {"basket": ["p1"], "product_id": "p2", "store_id": "s", "channel": "app"}
    body = {**BODY, "context": context, "exclude": ["p3"], "locale": "zh"}
    answer = api.send("POST", ROUTE, json=body)
    assert [item["id"] for item in answer.json()["items"]] == ["p4", "p5"]
    query = api.engine.asked[-1]
    assert (query.basket, query.product_id, query.store_id) == (("p1",), "p2", "s")
    assert (query.exclude, query.locale) == ({"p3"}, "zh")


def test_filter_and_supplied_items_reach_the_engine_and_count_for_them(api):
    body = {"member": {"member_id": "m1"}, "filter": "price < 5", "item_ids": ["p9", "p8", "p7"], "scenario": "cart"}
    assert api.send("POST", ROUTE, json=body).status_code == 200
    query = api.engine.asked[-1]
    assert (query.scenario, query.filter, query.item_ids, query.count) == ("cart", "price < 5", ("p9", "p8", "p7"), 3)


def test_more_supplied_items_than_may_be_answered_are_ranked_and_cut(api, settings):
    ids = [f"p{number}" for number in range(1, settings.serving.max_count + 50)]
    api.send("POST", ROUTE, json={"member": {"member_id": "m1"}, "item_ids": ids})
    assert api.engine.asked[-1].count == settings.serving.max_count


def test_what_an_item_has_beyond_the_usual_is_shown_and_the_rest_left_out(start_api, make_engine):
    bundle = RecommendedItem(
        id="p1+p2",
        type="bundle",
        name="Tea and milk",
        score=0.5,
        source="together",
        reasons=(),
        products=(BundledProduct(product_id="p1", name="Tea", price=2.5), BundledProduct(product_id="p2", name="Milk")),
        support=0.01,
        lift=2.5,
        ends_on=date(2017, 12, 31),
        expected_on=date(2018, 1, 5),
        exploration_probability=0.123456789,
    )
    api = start_api(make_engine(items=(bundle,)))
    (item,) = api.send("POST", ROUTE, json=BODY).json()["items"]
    assert item == {
        "id": "p1+p2",
        "type": "bundle",
        "name": "Tea and milk",
        "score": 0.5,
        "source": "together",
        "reasons": [],
        "products": [{"id": "p1", "name": "Tea", "price": 2.5}, {"id": "p2", "name": "Milk", "price": None}],
        "support": 0.01,
        "lift": 2.5,
        "ends_on": "2017-12-31",
        "expected_on": "2018-01-05",
        "exploration_probability": 0.123457,
    }
    (row,) = logged(api)
    assert (row.items[0]["type"], row.items[0]["exploration_probability"]) == ("bundle", 0.123456789)


def test_the_scenarios_are_listed_in_words(api):
    answer = api.send("GET", "/v1/scenarios").json()
    assert answer["next_cursor"] is None
    kinds = {item["name"]: item["kind"] for item in answer["items"]}
    assert set(kinds) == {"home", "replenish", "discover", "cart", "product", "associate", "coupon", "content"}
    assert all(kinds[name] == name for name in kinds)
    assert all(item["sentence"] for item in answer["items"])


def test_reasons_are_left_out_when_not_asked_for(api):
    items = api.send("POST", ROUTE, json={**BODY, "explain": False}).json()["items"]
    assert [item["reasons"] for item in items] == [[], []]


def test_a_phone_hash_reaches_the_engine_in_lower_case(api):
    assert api.send("POST", ROUTE, json={"member": {"phone_hash": "A" * 64}}).status_code == 200
    assert api.engine.asked[-1].member.phone_hash == "a" * 64


def test_each_answer_is_logged_with_its_items(api):
    answer = api.send("POST", ROUTE, json=BODY).json()
    (row,) = logged(api)
    assert row.recommendation_id == answer["recommendation_id"]
    assert (row.member_id, row.scenario, row.variant, row.release_id) == ("m1", "home", "default", "r000001")
    assert row.items[1] == {
        "position": 2,
        "id": "p2",
        "type": "product",
        "score": 0.5,
        "source": "frequency",
        "exploration_probability": 0.0,
    }
    assert row.sequence == 1


def test_a_dry_run_is_not_logged(api):
    api.send("POST", ROUTE, json={**BODY, "dry_run": True})
    api.send("POST", ROUTE, json=BODY)
    assert len(logged(api)) == 1


def test_the_same_key_and_body_get_the_same_answer_and_one_log_row(api):
    headers = {"Idempotency-Key": "k1"}
    first = api.send("POST", ROUTE, json=BODY, headers=headers)
    second = api.send("POST", ROUTE, json=BODY, headers=headers)
    assert second.content == first.content
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert len(logged(api)) == 1


def test_repetitions_that_race_get_one_answer_and_one_log_row(api):
    headers = {"Idempotency-Key": "k1"}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: api.send("POST", ROUTE, json=BODY, headers=headers), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(logged(api)) == 1


def test_the_same_key_with_another_body_is_a_conflict(api):
    headers = {"Idempotency-Key": "k1"}
    api.send("POST", ROUTE, json=BODY, headers=headers)
    answer = api.send("POST", ROUTE, json={**BODY, "count": 3}, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")


def test_another_holder_may_use_the_same_idempotency_key(api):
    headers = {"Idempotency-Key": "k1"}
    first = api.send("POST", ROUTE, json=BODY, headers=headers)
    other = api.send("POST", ROUTE, key="recommend", json=BODY, headers=headers)
    assert other.json()["recommendation_id"] != first.json()["recommendation_id"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "body.member: this field is required"),
        ({"member": {}}, "exactly one way"),
        ({"member": {"member_id": "m1", "anonymous_id": "a"}}, "exactly one way"),
        ({"member": {"source": "app"}}, "source and source_id go together"),
        ({"member": {"phone_hash": "+15550001111"}}, "body.member.phone_hash: String should match"),
        ({"member": {"member_id": 7}}, "body.member.member_id: Input should be a valid string"),
        ({"member": {"member_id": "m1"}, "scenario": "attic"}, "there are: associate, cart, content, coupon"),
        ({"member": {"member_id": "m1"}, "scenario": "product"}, "needs the product being looked at"),
        ({"member": {"member_id": "m1"}, "filter": ""}, "body.filter: String should have at least 1 character"),
        ({"member": {"member_id": "m1"}, "filter": "x" * 2001}, "body.filter: String should have at most 2000"),
        ({"member": {"member_id": "m1"}, "item_ids": []}, "body.item_ids: List should have at least 1 item"),
        ({"member": {"member_id": "m1"}, "count": 0}, "body.count"),
        ({"member": {"member_id": "m1"}, "count": 201}, "more than the 200"),
        ({"member": {"member_id": "m1"}, "locale": "fr"}, "body.locale"),
        ({"member": {"member_id": "m1"}, "colour": 1}, "body.colour: this field does not exist"),
        ({"member": {"member_id": "m1"}, "context": {"place": 1}}, "body.context.place: this field does not exist"),
        ({"member": {"member_id": "\ud800"}}, "body.member.member_id"),
        ([], "body"),
    ],
)
def test_a_wrong_body_is_refused_with_field_and_reason(api, body, sentence):
    answer = api.send("POST", ROUTE, content=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_request")
    assert sentence in answer.json()["detail"]


def test_contact_data_is_not_echoed(api):
    body = {"member": {"phone_hash": "+15550001111"}, "+15550002222": 1}
    detail = api.send("POST", ROUTE, json=body).text
    assert "1555000" not in detail


def test_a_full_queue_drops_the_row_and_counts_it_but_answers(api):
    api.state.log._queue_size = 0
    assert api.send("POST", ROUTE, json=BODY).status_code == 200
    assert b"faces_recommendations_unlogged_total 1.0" in api.state.metrics.text()
    with api.state.records.reading() as transaction:
        assert count_recommendations(transaction, api.state.log.process_id) == 0
