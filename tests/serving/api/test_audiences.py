from __future__ import annotations

import pyarrow as pa
import pytest

from features.contracts.ids import AudienceId
from serving.records.audience_members import replace_members
from serving.records.audiences import AudienceState, find_audience, mark_done, mark_running
from serving.records.audit import list_audit

ROUTE = "/v1/audiences"
BODY = {"target": {"category": "SOFT DRINKS"}, "size": 3, "name": "Drinkers"}


def finished(api, members):
    audience_id = AudienceId(api.send("POST", ROUTE, json=BODY).json()["id"])
    table = pa.table(
        {
            "rank": pa.array(range(1, len(members) + 1), pa.int64()),
            "member_id": pa.array(members, pa.string()),
            "probability": pa.array([0.5] * len(members), pa.float64()),
        }
    )
    with api.state.records.writing() as transaction:
        replace_members(transaction, audience_id, table)
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
        "rule": {"target": {"category": "SOFT DRINKS"}, "size": 3, "min_probability": None},
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
        ({"target": {}}, "body.target.category: this field is required"),
        ({"target": {"category": "A", "brand": "B"}}, "body.target.brand: this field does not exist"),
        ({"size": 0}, "body.size"),
        ({"size": 10_000_001}, "more than the 10000000"),
        ({"min_probability": 0.1}, "size or min_probability, not both"),
        ({"size": None, "min_probability": 1.5}, "body.min_probability"),
        ({"dry_run": True}, "body.dry_run: this field does not exist"),
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


def test_members_are_exported_in_rank_order_and_the_export_is_audited(api):
    audience_id = finished(api, ["m2", "m1"])
    answer = api.send("GET", f"{ROUTE}/{audience_id}/members", key="export")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.text == "rank,member_id,probability\r\n1,m2,0.5\r\n2,m1,0.5\r\n"
    with api.state.records.reading() as transaction:
        (entry,) = [entry for entry in list_audit(transaction, limit=100) if entry.what == "audience_exported"]
    assert entry.who == api.keys["export"].split("_")[1]
    assert entry.details == {"audience_id": audience_id, "size": 2}


def test_an_export_passes_the_chunks_without_losing_a_row(api):
    audience_id = finished(api, [f"m{n}" for n in range(45_000)])
    lines = api.send("GET", f"{ROUTE}/{audience_id}/members").text.splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == [str(n) for n in range(1, 45_001)]


@pytest.mark.parametrize("member_id", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_an_export_holds_no_spreadsheet_formulas(api, member_id):
    audience_id = finished(api, [member_id])
    text = api.send("GET", f"{ROUTE}/{audience_id}/members").text
    assert f"'{member_id}" in text


def test_members_of_an_unfinished_audience_cannot_be_exported(api):
    place = api.send("POST", ROUTE, json=BODY).headers["location"]
    answer = api.send("GET", f"{place}/members")
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
