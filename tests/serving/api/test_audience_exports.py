from __future__ import annotations

import pytest
from literal_audience import members_table
from literal_people import person, write_people

from features.contracts.ids import AudienceId
from serving.records.audience_members import replace_members
from serving.records.audiences import mark_done
from serving.records.audit import list_audit

ROUTE = "/v1/audiences"
PEOPLE = [
    person("m1", phone="+15550000001", says_yes=["sms"]),
    person("m2", phone="+15550000001", says_yes=["sms"]),  # the same number as a likelier member
    person("m3", phone="+15550000003", says_yes=["sms"]),  # held out
    person("m4", phone="+15550000003", says_yes=["sms"]),  # the same number as somebody held out
    person("m5", email="m5@x.example", says_yes=["email"]),
    person("m6", phone="+15550000006", says_yes=["sms"], is_phone_hashed_only=True),
]


@pytest.fixture
def audience_id(api, settings):
    write_people(settings, PEOPLE)
    made = AudienceId(api.send("POST", ROUTE, json={"target": {"category": "A"}}).json()["id"])
    with api.state.records.writing() as transaction:
        replace_members(transaction, made, members_table([f"m{number}" for number in range(1, 7)], ["m3"]))
        mark_done(transaction, made, summary={"size": 6}, at=api.state.now())
    return made


def counts_of(api, audience_id, query=""):
    told = api.send("GET", f"{ROUTE}/{audience_id}/exports/counts{query}", key="export").json()
    return {reason: number for reason, number in told["counts"].items() if number}


def test_who_would_leave_is_counted_by_the_first_reason_that_applies(api, audience_id):
    assert counts_of(api, audience_id, "?destination=sms_csv") == {
        "audience": 6, "held_out": 1, "without_consent": 1, "shared_with_held_out": 1, "duplicates": 1,
        "without_contact": 1, "leaving": 1,
    }  # fmt: skip
    assert counts_of(api, audience_id) == {"audience": 6, "held_out": 1, "leaving": 5}
    assert counts_of(api, audience_id, "?channel=email&columns=email")["leaving"] == 1


def test_counting_hands_nobody_over_and_tells_what_the_export_will_tell(api, audience_id):
    counted = api.send("GET", f"{ROUTE}/{audience_id}/exports/counts?destination=sms_csv").json()["counts"]
    with api.state.records.reading() as transaction:
        assert "audience_exported" not in {entry.what for entry in list_audit(transaction, limit=100)}
    assert api.send("GET", f"{ROUTE}/{audience_id}/exports").json() == {"id": audience_id, "items": []}
    exported = api.send("GET", f"{ROUTE}/{audience_id}/members?destination=sms_csv").headers["faces-counts"]
    assert exported == ", ".join(f"{reason}={number}" for reason, number in counted.items())


def test_a_wrong_export_cannot_be_counted(api, audience_id):
    for query in ("?destination=x", "?columns=phone", "?channel=fax"):
        assert api.send("GET", f"{ROUTE}/{audience_id}/exports/counts{query}").status_code == 422


def test_exports_are_listed_newest_first_with_who_and_how_many(api, audience_id):
    api.send("GET", f"{ROUTE}/{audience_id}/members?destination=sms_csv", key="export")
    api.send("GET", f"{ROUTE}/{audience_id}/members?format=jsonl&columns=member_id")
    items = api.send("GET", f"{ROUTE}/{audience_id}/exports", key="audiences").json()["items"]
    found = {(each["format"], each["channel"], each["destination"], each["leaving"], each["rows"]) for each in items}
    assert found == {("jsonl", None, None, 5, 5), ("csv", "sms", "sms_csv", 1, 1)}
    by = {each["format"]: each["who"] for each in items}
    assert by["csv"] == api.keys["export"].split("_")[1]
    other = api.send("POST", ROUTE, json={"target": {"category": "A"}}).json()["id"]
    assert api.send("GET", f"{ROUTE}/{other}/exports").json()["items"] == []
