from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from literal_audience import members_table

from features.contracts.ids import AudienceId
from serving.api.audience_bodies import EXAMPLES
from serving.records.audience_members import replace_members
from serving.records.audience_reports import replace_report
from serving.records.audiences import (
    AudienceState,
    audiences_in,
    find_audience,
    mark_done,
    mark_failed,
    mark_running,
)

ROUTE = "/v1/audiences"
BODY = {"target": {"category": "SOFT DRINKS"}, "size": 3, "name": "Drinkers"}
REPORT = {
    "curve": [{"size": 1}],
    "drivers": [{"code": "set.recency"}],
    "profile": {"shares": []},
    "associated": [],
    "manifest": {"rule": {}},
}


def finished(api, members, *, drivers=None):
    """A finished audience: `members` is ids, or ids to whether they are held out."""
    audience_id = AudienceId(api.send("POST", ROUTE, json=BODY).json()["id"])
    held_out = [name for name, is_held_out in members.items() if is_held_out] if isinstance(members, dict) else []
    table = members_table(list(members), held_out, drivers=drivers)
    with api.state.records.writing() as transaction:
        replace_members(transaction, audience_id, table)
        replace_report(transaction, audience_id, REPORT)
        mark_done(transaction, audience_id, summary={"size": len(members)}, at=api.state.now())
    return audience_id


def test_asking_for_an_audience_answers_202_with_its_place_and_enqueues_it(api):
    answer = api.send("POST", ROUTE, json=BODY)
    body = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/audiences/{body['id']}"
    assert api.queue.enqueued == [body["id"]]
    assert api.send("GET", answer.headers["location"]).json() == body
    del body["id"]
    assert body == {
        "type": "audience",
        "name": "Drinkers",
        "state": "queued",
        "dry_run": False,
        "rule": {"target": {"category": "SOFT DRINKS"}, "size": 3},
        "progress": {"done": 0, "all": 0, "what": "waiting"},
        "cancel_requested": False,
        "error": None,
        "summary": None,
        "created_at": "2026-11-22T12:00:00Z",
        "finished_at": None,
    }


def test_an_audience_that_cannot_be_enqueued_is_accepted_all_the_same(api):
    api.queue.error = OSError("jobs.db is locked")
    answer = api.send("POST", ROUTE, json=BODY)
    assert answer.status_code == 202
    with api.state.records.reading() as transaction:
        assert find_audience(transaction, answer.json()["id"]).state is AudienceState.QUEUED


def test_the_same_idempotency_key_asks_for_one_audience_only(api):
    headers = {"Idempotency-Key": "k"}
    first = api.send("POST", ROUTE, json=BODY, headers=headers)
    second = api.send("POST", ROUTE, json=BODY, headers=headers)
    other = api.send("POST", ROUTE, json={**BODY, "size": 4}, headers=headers)
    assert (second.status_code, second.content) == (202, first.content)
    assert second.headers["location"] == first.headers["location"]
    assert other.status_code == 409
    assert len(api.queue.enqueued) == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"target": {}}, "exactly one way"),
        ({"target": {"category": "A", "lapse": True}}, "found category and lapse"),
        ({"target": {"colour": "B"}}, "body.target.colour: this field does not exist"),
        ({"target": {"event": "birth"}}, "body.target.event"),
        ({"target": {"launch": {"category": "A", "price": -1}}}, "body.target.launch.price"),
        ({"size": 0}, "body.size"),
        ({"size": 10_000_001}, "more than the 10000000"),
        ({"min_probability": 0.1}, "give one of size, min_probability and expected_buyers"),
        ({"size": None, "min_probability": 1.5}, "body.min_probability"),
        ({"holdout": {"share": 0.6}}, "body.holdout.share"),
        ({"exclude": {"bought_within_days": 366}}, "body.exclude.bought_within_days"),
        ({"combine": {"xor": []}}, "combine: there is no 'xor'"),
        ({"combine": {"and": [{"list": 7}]}}, "combine.and[0].list: give the id of one as a text"),
        ({"population": {"tags": ["vip"]}}, "population.tags: there is no tag 'vip'; there are: active, "),
        ({"channel": "pigeon"}, "body.channel"),
        ({"as_of": "yesterday"}, "body.as_of"),
    ],
)
def test_a_wrong_rule_is_refused_with_field_and_reason(api, change, sentence):
    answer = api.send("POST", ROUTE, json={**BODY, **change})
    assert answer.status_code == 422
    assert sentence in answer.json()["detail"]
    assert api.queue.enqueued == []


def test_audiences_are_listed_newest_first_without_gaps(api):
    made = [api.send("POST", ROUTE, json=BODY).json()["id"] for _ in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        page = api.send("GET", f"{ROUTE}?limit=2{cursor and '&cursor=' + cursor}").json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == sorted(made, reverse=True)


def test_a_queued_audience_is_cancelled_at_once(api):
    place = api.send("POST", ROUTE, json=BODY).headers["location"]
    assert api.send("POST", f"{place}/cancel").json()["state"] == "cancelled"
    assert api.send("POST", f"{place}/cancel").status_code == 409


def test_a_running_audience_is_asked_to_stop(api):
    answer = api.send("POST", ROUTE, json=BODY)
    with api.state.records.writing() as transaction:
        mark_running(transaction, answer.json()["id"])
    body = api.send("POST", f"{answer.headers['location']}/cancel").json()
    assert (body["state"], body["cancel_requested"]) == ("running", True)


def test_a_repeated_cancel_with_its_key_gets_the_first_answer(api):
    place = api.send("POST", ROUTE, json=BODY).headers["location"]
    first = api.send("POST", f"{place}/cancel", headers={"Idempotency-Key": "c"})
    second = api.send("POST", f"{place}/cancel", headers={"Idempotency-Key": "c"})
    assert (second.status_code, second.content) == (200, first.content)


@pytest.mark.parametrize(
    "body",
    [
        {"target": {"product_ids": ["p1", "p2"]}},
        {"target": {"department": "GROCERY", "brand": "Brand", "filter": "price < 3"}},
        {"target": {"launch": {"category": "EGGS", "price": 2.5, "analogues": ["p1"]}}},
        {"target": {"event": "coupon_redeemed"}},
        {"target": {"lapse": True}},
        {
            "target": {"list_id": "l1"},
            "horizon_days": 14,
            "population": {"bought_category_within": {"category": "EGGS", "days": 30}, "filter": "tier == 'gold'"},
            "expected_buyers": 12.5,
            "exclude": {"bought_within_days": 7, "contacted_within_days": 14, "audience_ids": ["a1"]},
            "channel": "sms",
            "combine": {"and": [{"list": "l2"}, {"not": {"or": [{"audience": "a1"}, {"list": "l3"}]}}]},
            "holdout": {"share": 0.1, "salt": "s"},
            "with_coupons": True,
            "as_of": "2017-09-16T00:00:00Z",
        },
    ],
)
def test_what_is_asked_for_is_what_is_stored_and_shown(api, body):
    assert api.send("POST", ROUTE, json=body).json()["rule"] == body


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_examples_of_the_documentation_are_accepted(api, example):
    assert api.send("POST", ROUTE, json=example).status_code == 202


def test_a_rule_of_an_earlier_version_is_shown_in_todays_shape(api):
    audience_id = api.send("POST", ROUTE, json=BODY).json()["id"]
    with api.state.records.writing() as transaction:
        from serving.records.tables import AudienceRow

        row = transaction.session.get(AudienceRow, (transaction.shop, audience_id))
        row.rule = {"category": "EGGS", "size": None, "min_probability": 0.2}
    shown = api.send("GET", f"{ROUTE}/{audience_id}").json()["rule"]
    assert shown == {"target": {"category": "EGGS"}, "min_probability": 0.2}


def dry_run(api, end, **headers):
    """The answer to a dry run, that a worker ends by `end(transaction, audience_id)` once it was asked for."""

    async def ask():
        async with httpx.AsyncClient(transport=api.transport, base_url="http://faces") as client:
            sent = {"Authorization": f"Bearer {api.keys['audiences']}", **headers}
            asked = asyncio.create_task(client.post(ROUTE, json={**BODY, "dry_run": True}, headers=sent))
            while not api.queue.enqueued:
                await asyncio.sleep(0.01)
            with api.state.records.writing() as transaction:
                for audience in audiences_in(transaction, AudienceState.QUEUED):
                    end(transaction, audience.audience_id)
            return await asked

    return asyncio.run(ask())


def test_a_dry_run_answers_with_its_figures(api):
    answer = dry_run(api, lambda t, each: mark_done(t, each, summary={"size": 7}, at=api.state.now()))
    assert (answer.status_code, answer.json()["summary"], answer.json()["dry_run"]) == (200, {"size": 7}, True)
    assert api.send("GET", ROUTE).json()["items"] == []
    refused = api.send("GET", f"{ROUTE}/{answer.json()['id']}/members")
    assert (refused.status_code, "dry run" in refused.json()["detail"]) == (409, True)


def test_a_dry_run_keeps_every_part_that_needs_no_members(api):
    def end(transaction, audience_id):
        replace_report(transaction, audience_id, {part: told for part, told in REPORT.items() if part != "manifest"})
        mark_done(transaction, audience_id, summary={"size": 7}, at=api.state.now())

    place = f"{ROUTE}/{dry_run(api, end).json()['id']}"
    for part in ("curve", "drivers", "profile", "associated"):
        assert api.send("GET", f"{place}/{part}").json()[part] == REPORT[part]
    assert api.send("GET", f"{place}/manifest").status_code == 409


def test_a_dry_run_that_would_rather_not_wait_answers_with_its_place_at_once(api):
    answer = api.send("POST", ROUTE, json={**BODY, "dry_run": True}, headers={"Prefer": "wait=5, respond-async"})
    assert (answer.status_code, answer.json()["state"], answer.elapsed.total_seconds() < 1) == (202, "queued", True)


def test_a_dry_run_of_what_the_shop_does_not_know_is_refused_with_the_reason(api):
    answer = dry_run(api, lambda t, each: mark_failed(t, each, error="target: no such category", at=api.state.now()))
    assert (answer.status_code, answer.json()["detail"]) == (422, "target: no such category")


def test_a_dry_run_that_takes_long_is_answered_with_its_place(api):
    answer = api.send("POST", ROUTE, json={**BODY, "dry_run": True})
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert answer.headers["location"] == f"{ROUTE}/{answer.json()['id']}"


def test_a_repeated_dry_run_waits_for_the_first_one(api):
    headers = {"Idempotency-Key": "d"}
    first = dry_run(api, lambda t, each: mark_done(t, each, summary={"size": 7}, at=api.state.now()), **headers)
    again = api.send("POST", ROUTE, key="audiences", json={**BODY, "dry_run": True}, headers=headers)
    assert (again.status_code, again.json()) == (200, first.json())
    assert len(api.queue.enqueued) == 1


@pytest.mark.parametrize("part", sorted(REPORT))
def test_each_part_of_a_report_has_its_place(api, part):
    audience_id = finished(api, ["m1"])
    assert api.send("GET", f"{ROUTE}/{audience_id}/{part}").json() == {"id": audience_id, part: REPORT[part]}
    unfinished = api.send("POST", ROUTE, json=BODY).headers["location"]
    assert api.send("GET", f"{unfinished}/{part}").status_code == 409
    assert api.send("GET", f"{ROUTE}/unknown/{part}").status_code == 404


def test_one_member_is_shown_with_what_speaks_for_them(api):
    audience_id = finished(api, {"m1": False, "m2": True}, drivers=json.dumps([["set.recency", 0.7], ["x", -0.2]]))
    shown = api.send("GET", f"{ROUTE}/{audience_id}/members/m2").json()
    assert (shown["rank"], shown["is_held_out"], shown["expected_revenue"]) == (2, True, 2.0)
    assert [(each["code"], each["odds_ratio"]) for each in shown["drivers"]] == [("set.recency", 2.014), ("x", 0.819)]
    assert api.send("GET", f"{ROUTE}/{audience_id}/members/nobody").status_code == 404


def test_results_are_refused_with_the_day_that_they_can_be_known(api):
    audience_id = finished(api, ["m1"])
    assert api.send("GET", f"{ROUTE}/{audience_id}/results").json()["error"] == "nothing_loaded"
