"""What a client of the running service gets, over HTTP and from a real release."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re

import duckdb
import pytest
from sqlalchemy import select

from features.contracts.secrecy import contact_cipher
from features.tables.storage import current_tables
from serving.auth import Scope
from serving.records.opening import open_records
from serving.records.tables import RecommendationRow

CATEGORY = "SOFT DRINKS"


@pytest.fixture(scope="module")
def service(small_shop, tmp_path_factory, serve):
    with serve(small_shop.copy_to(tmp_path_factory.mktemp("answers") / "home")) as started:
        yield started


def of_tables(shop, sql):
    folder = current_tables(shop.settings.paths).folder
    with duckdb.connect() as con:
        return con.execute(sql.replace("{tables}", str(folder))).fetchall()


def ids(answer):
    return [item["id"] for item in answer["items"]]


def audience(service, **body):
    answer = service.send("POST", "/v1/audiences", {"target": {"category": CATEGORY}, **body})
    assert answer.status_code == 202, answer.text
    return service.built_audience(answer.headers["location"])


def exported(service, audience_id):
    answer = service.send("GET", f"/v1/audiences/{audience_id}/members")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_a_member_gets_products_with_names_and_reasons_whichever_way_they_are_named(service):
    cipher = contact_cipher(service.shop.settings)
    ((member_id, source, source_id, phone),) = of_tables(
        service.shop,
        "SELECT member_id, source, source_id, phone_encrypted FROM '{tables}/member_records.parquet' "
        "JOIN '{tables}/member_ids.parquet' USING (source, source_id) WHERE phone_encrypted IS NOT NULL "
        "ORDER BY source_id LIMIT 1",
    )
    by_id = service.recommend({"member_id": member_id})
    assert len(by_id["items"]) == len(set(ids(by_id))) == 10
    assert by_id["fallback"] is None
    assert by_id["filtered"] == {}
    for item in by_id["items"]:
        assert item["type"] == "product"
        assert item["name"] != item["id"]
        assert item["reasons"][0]["sentence"].endswith(".")
    phone_hash = hashlib.sha256(cipher.decrypt(phone).encode()).hexdigest()
    for other in ({"source": source, "source_id": source_id}, {"phone_hash": phone_hash}):
        same = service.recommend(other)
        assert (same["items"], same["fallback"]) == (by_id["items"], None)


def test_an_unknown_and_an_anonymous_member_get_what_is_popular(service):
    unknown = service.recommend({"member_id": "nobody"})
    assert unknown["fallback"] == "new_member"
    assert len(unknown["items"]) == 10
    for other in ({"anonymous_id": "a-1"}, {"source": "app", "source_id": "1"}, {"phone_hash": "0" * 64}):
        answer = service.recommend(other)
        assert (answer["fallback"], ids(answer)) == ("new_member", ids(unknown))


def test_nothing_excluded_or_in_the_basket_is_recommended(service):
    first, second, *_ = ids(service.recommend({"member_id": "1"}))
    answer = service.recommend(
        {"member_id": "1"}, count=200, exclude=[first], context={"basket": [second]}, locale="zh", explain=False
    )
    assert len(answer["items"]) == 200
    assert not {first, second} & set(ids(answer))
    assert answer["filtered"] == {"excluded": 1, "in_basket": 1}
    assert all(item["reasons"] == [] for item in answer["items"])


def test_an_answer_holds_as_many_products_as_asked_for_or_says_how_many_are_missing(service):
    everything = service.recommend({"anonymous_id": "a"}, count=200)
    more = service.recommend({"anonymous_id": "a"}, count=200, exclude=ids(everything))
    assert not set(ids(more)) & set(ids(everything))
    assert len(more["items"]) + more["filtered"].get("no_more_products", 0) == 200


ASK = ("POST", "/v1/recommendations", {"member": {"member_id": "1"}})
FAILURES = [
    pytest.param(*ASK, "", 401, "unauthorized", id="no key"),
    pytest.param(*ASK, "tf_0123456789ab_wrong", 401, "unauthorized", id="wrong key"),
    pytest.param(*ASK, "export", 403, "forbidden", id="another scope"),
    pytest.param("GET", "/v1/members/nobody", None, "admin", 404, "not_found", id="unknown member"),
    pytest.param("GET", "/v1/products/nothing/similar", None, "admin", 404, "not_found", id="unknown product"),
    pytest.param("GET", "/v1/audiences/nothing", None, "admin", 404, "not_found", id="unknown audience"),
    pytest.param("GET", "/v1/nothing", None, "admin", 404, "not_found", id="unknown route"),
    pytest.param("GET", "/nothing", None, "admin", 404, "not_found", id="unknown page"),
    pytest.param("GET", "/v1/recommendations", None, "admin", 405, "method_not_allowed", id="wrong method"),
    pytest.param(*ASK[:2], {"member": {"member_id": "1" * 1_000_001}}, "admin", 413, "too_large", id="large"),
    pytest.param(*ASK[:2], {"member": {}}, "admin", 422, "invalid_request", id="nobody named"),
    pytest.param(*ASK[:2], {**ASK[2], "colour": "red"}, "admin", 422, "invalid_request", id="unknown field"),
    pytest.param(*ASK[:2], {**ASK[2], "scenario": "moon"}, "admin", 422, "invalid_request", id="unknown scenario"),
    pytest.param(*ASK[:2], {**ASK[2], "count": 201}, "admin", 422, "invalid_request", id="too many"),
    pytest.param("GET", "/v1/products?limit=0", None, "admin", 422, "invalid_request", id="no limit"),
    pytest.param("GET", "/v1/products?cursor=%00", None, "admin", 422, "invalid_request", id="wrong cursor"),
]


@pytest.mark.parametrize(("method", "path", "body", "key", "status", "code"), FAILURES)
def test_every_failure_has_one_shape(service, method, path, body, key, status, code):
    keys = {"admin": service.key, "export": service.key_for(Scope.EXPORT)} if key in ("admin", "export") else {}
    answer = service.send(method, path, body, **{"X-API-Key": keys.get(key, key)})
    assert answer.status_code == status, answer.text
    told = answer.json()
    assert set(told) == {"error", "detail", "status"}
    assert (told["error"], told["status"]) == (code, status)
    assert told["detail"]
    assert "Traceback" not in told["detail"]


def test_products_are_found_by_their_words_page_by_page(service):
    first = service.send("GET", "/v1/products?q=milk&limit=3").json()
    assert len(first["items"]) == 3
    second = service.send("GET", f"/v1/products?q=milk&limit=3&cursor={first['next_cursor']}").json()
    assert not {item["id"] for item in first["items"]} & {item["id"] for item in second["items"]}
    for item in (*first["items"], *second["items"]):
        assert "milk" in " ".join(str(item[field]) for field in ("name", "brand", "category")).lower()
    assert service.send("GET", "/v1/products?q=zeppelin").json() == {"items": [], "next_cursor": None}


def test_similar_products_leave_out_the_product_itself(service):
    product_id = service.send("GET", "/v1/products?limit=1").json()["items"][0]["id"]
    similar = service.send("GET", f"/v1/products/{product_id}/similar?count=20").json()["items"]
    assert len(similar) == len({item["id"] for item in similar}) == 20
    assert product_id not in {item["id"] for item in similar}


def test_a_member_page_tells_what_the_tables_hold(service):
    page = service.send("GET", "/v1/members/1")
    assert "no-store" in page.headers["cache-control"]
    told = page.json()
    ((product_id,),) = of_tables(
        service.shop,
        "SELECT product_id FROM '{tables}/order_lines.parquet' WHERE member_id = '1' "
        "ORDER BY ordered_at DESC, amount DESC, product_id LIMIT 1",
    )
    assert told["recent_purchases"][0]["id"] == product_id
    assert all(purchase["ordered_at"] < told["as_of"] for purchase in told["recent_purchases"])
    assert all(fact["sentence"] and fact["unit"] for fact in told["facts"])


def test_an_audience_is_built_exported_and_adds_up(service):
    told = audience(service, size=40, name="Thirsty", holdout={"share": 0.25})
    assert told["state"] == "done", told
    summary, members = told["summary"], exported(service, told["id"])
    funnel = summary["funnel"]
    assert funnel["selected"] + funnel["held_out"] == summary["size"] == 40 <= summary["population"]
    assert 0 < funnel["held_out"] < 25
    # nobody held out or without any consent leaves
    assert 0 < len(members) < funnel["selected"]
    ranks = [int(row["rank"]) for row in members]
    assert ranks == sorted(set(ranks))
    assert ranks[-1] <= 40
    probabilities = [float(row["probability"]) for row in members]
    assert probabilities == sorted(probabilities, reverse=True)
    assert all(0 <= probability <= 1 for probability in probabilities)
    assert {row["contacts"] for row in members} == {"synthetic"}
    interval = summary["expected_buyers_interval"]
    assert 0 <= interval["low"] <= summary["expected_buyers"] <= interval["high"] <= 40
    listed = service.send("GET", "/v1/audiences?limit=1").json()["items"]
    assert (listed[0]["id"], listed[0]["name"]) == (told["id"], "Thirsty")


def test_an_audience_from_a_probability_on_is_the_head_of_everybody(service):
    everybody = exported(service, audience(service)["id"])
    bound = float(everybody[len(everybody) // 4]["probability"])
    likely = exported(service, audience(service, min_probability=bound)["id"])
    assert 0 < len(likely) < len(everybody)
    assert likely == everybody[: len(likely)]
    assert float(everybody[len(likely)]["probability"]) < bound <= float(likely[-1]["probability"])


def test_an_audience_for_goods_that_nobody_sells_fails_with_the_reason(service):
    answer = service.send("POST", "/v1/audiences", {"target": {"category": "ZEPPELINS"}})
    told = service.built_audience(answer.headers["location"])
    assert (told["state"], told["summary"]) == ("failed", None)
    assert "ZEPPELINS" in told["error"]
    answer = service.send("GET", f"/v1/audiences/{told['id']}/members")
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")


def test_a_dry_run_answers_counts_at_once_or_says_why_not(service):
    asked = service.send("POST", "/v1/audiences", {"target": {"category": CATEGORY}, "size": 9, "dry_run": True})
    assert (asked.status_code, asked.json()["summary"]["size"]) == (200, 9)
    refused = service.send("POST", "/v1/audiences", {"target": {"category": "ZEPPELINS"}, "dry_run": True})
    assert (refused.status_code, "ZEPPELINS" in refused.json()["detail"]) == (422, True)


def test_an_audience_explains_itself_part_by_part(service):
    told = audience(service, size=20)
    parts = {
        part: service.send("GET", f"/v1/audiences/{told['id']}/{part}").json()[part]
        for part in ("curve", "drivers", "profile", "associated", "manifest")
    }
    assert [point["size"] for point in parts["curve"]] == sorted({point["size"] for point in parts["curve"]})
    assert all(driver["sentence"]["en"] and driver["sentence"]["zh"] for driver in parts["drivers"])
    assert parts["manifest"]["release"] == told["summary"]["release"]
    first = told["summary"]["top_members"][0]["member_id"]
    member = service.send("GET", f"/v1/audiences/{told['id']}/members/{first}").json()
    assert (member["rank"], member["is_held_out"]) == (1, False)
    assert all(driver["sentence"]["en"] for driver in member["drivers"])


def test_contacts_leave_for_their_destination_only_and_count_as_contacted(service):
    told = audience(service, size=60, channel="sms", holdout={"share": 0.2})
    place = f"/v1/audiences/{told['id']}/members"
    answer = service.send("GET", f"{place}?destination=sms_csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["content-disposition"].endswith('-sms_csv-synthetic.csv"')
    assert "synthetic" in answer.headers["faces-notice"]
    assert len(rows) == told["summary"]["funnel"]["selected"]
    assert all(row["phone"].startswith("+1555") for row in rows)
    assert service.send("GET", f"{place}?columns=phone&channel=email").status_code == 422
    again = audience(service, size=60, channel="sms", exclude={"contacted_within_days": 1})
    left_out = {row["member_id"] for row in exported(service, again["id"])}
    assert not left_out & {row["member_id"] for row in rows}


def test_a_list_narrows_an_audience_and_another_one_leaves_members_out(service):
    everybody = [row["member_id"] for row in exported(service, audience(service)["id"])]
    listed = service.send("POST", "/v1/lists", {"name": "some", "kind": "member_id", "ids": [*everybody[:10], "x"]})
    assert listed.json()["counts"]["unknown"] == 1
    within = audience(service, combine={"list": listed.json()["id"]})
    beside = audience(service, combine={"not": {"audience": within["id"]}})
    assert [row["member_id"] for row in exported(service, within["id"])] == everybody[:10]
    assert [row["member_id"] for row in exported(service, beside["id"])] == everybody[10:]


def test_results_cannot_be_known_before_the_horizon_has_passed(service):
    told = audience(service, size=20)
    answer = service.send("GET", f"/v1/audiences/{told['id']}/results")
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
    assert "ask once data up to then are loaded" in answer.json()["detail"]


def test_a_cancelled_audience_has_no_members_and_cannot_be_cancelled_twice(service):
    places = [
        service.send("POST", "/v1/audiences", {"target": {"category": CATEGORY}}).headers["location"] for _ in range(4)
    ]
    # the last of four waits for the others
    assert service.send("POST", f"{places[-1]}/cancel").status_code == 200
    assert service.built_audience(places[-1])["state"] == "cancelled"
    again = service.send("POST", f"{places[-1]}/cancel")
    assert (again.status_code, again.json()["error"]) == (409, "conflict")
    assert service.send("GET", f"{places[-1]}/members").status_code == 409
    assert [service.built_audience(place)["state"] for place in places[:-1]] == ["done"] * 3


def test_the_same_idempotency_key_gives_the_same_answer_and_another_body_is_refused(service):
    named = {"Idempotency-Key": "campaign-7"}
    body = {"target": {"category": CATEGORY}, "size": 3}
    first, again = (service.send("POST", "/v1/audiences", body, **named) for _ in range(2))
    assert (
        (first.status_code, first.json()["id"]) == (again.status_code, again.json()["id"]) == (202, again.json()["id"])
    )
    other = service.send("POST", "/v1/audiences", {**body, "size": 4}, **named)
    assert (other.status_code, other.json()["error"]) == (409, "conflict")
    asked = [service.send("POST", "/v1/recommendations", ASK[2], **{"Idempotency-Key": "r-1"}) for _ in range(2)]
    assert asked[0].json() == asked[1].json()


def test_every_recommendation_is_logged_under_its_id_and_a_dry_run_is_not(service, until):
    answers = {
        answer["recommendation_id"]: answer for answer in (service.recommend({"member_id": "1"}) for _ in range(9))
    }
    dry = service.recommend({"member_id": "1"}, dry_run=True)["recommendation_id"]
    records = open_records(service.shop.settings)

    def logged():
        with records.reading() as transaction:
            rows = transaction.session.scalars(select(RecommendationRow))
            return {row.recommendation_id: (row.member_id, row.release_id, row.items) for row in rows}

    try:
        until(lambda: set(answers) <= set(logged()))
        rows = logged()
    finally:
        records.close()
    assert dry not in rows
    for recommendation_id, answer in answers.items():
        member_id, release_id, items = rows[recommendation_id]
        assert (member_id, release_id) == ("1", answer["release"])
        assert [(item["position"], item["id"]) for item in items] == list(enumerate(ids(answer), start=1))


def test_the_pages_without_a_key_answer_and_ask_no_other_host(service):
    nobody = {"X-API-Key": ""}
    for path in ("/readyz", "/livez", "/metrics", "/openapi.json"):
        assert service.send("GET", path, **nobody).status_code == 200
    assert "faces_recommendations_total" in service.send("GET", "/metrics").text
    assert service.send("GET", "/", **nobody).headers["location"] == "/console"
    page = service.send("GET", "/docs", **nobody).text
    loaded = re.findall(r"""(?:src|href|url)\s*[=:]\s*["']([^"']+)""", page)
    assert len(loaded) >= 3
    assert all(address.startswith("/") and not address.startswith("//") for address in loaded)
    assert not re.findall(r"https?://", page)
    for address in loaded:
        assert service.send("GET", address, **nobody).status_code == 200
    assert not re.findall(r"https?://(?!127\.0\.0\.1)", json.dumps(service.send("GET", "/openapi.json").json()))
