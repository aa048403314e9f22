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
    person("m2", email="m2@x.example", says_yes=["email"]),
    person("m3", phone="+15550000003", says_no=["sms"]),
]


@pytest.fixture
def audience_id(api, settings):
    write_people(settings, PEOPLE)
    return make(api)


PHONES = "\ufeffphone,member_id,coupon_id\r\n+15550000001,m1,\r\n"


def make(api, **body):
    audience_id = AudienceId(api.send("POST", ROUTE, json={"target": {"category": "A"}, **body}).json()["id"])
    with api.state.records.writing() as transaction:
        replace_members(transaction, audience_id, members_table(["m1", "m2", "m3", "m4"], ["m4"]))
        mark_done(transaction, audience_id, summary={"size": 4}, at=api.state.now())
    return audience_id


def test_members_who_may_be_told_are_exported_in_rank_order_and_audited(api, audience_id):
    answer = api.send("GET", f"{ROUTE}/{audience_id}/members", key="export")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-disposition"] == f'attachment; filename="audience-{audience_id}.csv"'
    assert "held_out=1, without_consent=1," in answer.headers["faces-counts"]
    assert "faces-notice" not in answer.headers
    assert answer.text == "rank,member_id,probability\r\n1,m1,0.5\r\n2,m2,0.5\r\n"
    with api.state.records.reading() as transaction:
        entries = {entry.what: entry for entry in list_audit(transaction, limit=100)}
    entry = entries["audience_exported"]
    assert entry.who == api.keys["export"].split("_")[1]
    assert (entry.details["audience_id"], entry.details["leaving"]) == (audience_id, 2)
    assert entries["audience_export_finished"].details["rows"] == 2


@pytest.mark.parametrize(
    ("query", "kind", "text"),
    [
        ("channel=sms&columns=member_id,phone", "text/csv; charset=utf-8", "member_id,phone\r\nm1,+15550000001\r\n"),
        ("format=jsonl&columns=member_id", "application/x-ndjson", '{"member_id": "m1"}\n{"member_id": "m2"}\n'),
        ("destination=sms_csv&bom=true", "text/csv; charset=utf-8", PHONES),
    ],
)
def test_format_columns_and_destination_are_asked_for(api, audience_id, query, kind, text):
    answer = api.send("GET", f"{ROUTE}/{audience_id}/members?{query}")
    assert (answer.headers["content-type"], answer.content.decode()) == (kind, text)


def test_the_channel_of_the_audience_is_the_one_that_is_asked(api, audience_id):
    of_channel = make(api, channel="email")
    assert api.send("GET", f"{ROUTE}/{audience_id}/members").text.count("\n") == 3
    assert api.send("GET", f"{ROUTE}/{of_channel}/members").text.splitlines()[1:] == ["2,m2,0.5"]


@pytest.mark.parametrize("query", ["columns=phone", "columns=", "destination=x", "format=xlsx", "channel=fax", "bom=2"])
def test_a_wrong_export_is_refused_and_not_audited(api, audience_id, query):
    answer = api.send("GET", f"{ROUTE}/{audience_id}/members?{query}")
    if query == "columns=":
        assert answer.status_code == 200  # nothing was named: the default
        return
    assert answer.status_code == 422
    with api.state.records.reading() as transaction:
        assert "audience_exported" not in {entry.what for entry in list_audit(transaction, limit=100)}


def test_synthetic_contacts_are_told_in_the_header(api, settings):
    write_people(settings, [person("m1", phone="+15550000001", says_yes=["sms"], is_synthetic=True)])
    answer = api.send("GET", f"{ROUTE}/{make(api)}/members")
    assert "synthetic" in answer.headers["faces-notice"]
    assert answer.headers["content-disposition"].endswith('-synthetic.csv"')
    assert answer.text == "rank,member_id,probability,contacts\r\n1,m1,0.5,synthetic\r\n"


def test_members_of_an_unfinished_audience_cannot_be_exported(api):
    place = api.send("POST", ROUTE, json={"target": {"category": "A"}}).headers["location"]
    answer = api.send("GET", f"{place}/members")
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")


def test_destinations_are_listed_with_what_they_take(api):
    items = {item["name"]: item for item in api.send("GET", "/v1/destinations").json()["items"]}
    assert set(items) == {"sms_csv", "wechat_openid_csv", "phone_sha256", "email_sha256"}
    assert items["phone_sha256"] == {
        "name": "phone_sha256", "channel": "sms", "columns": ["phone_sha256"], "form": "e164", "hashed": "sha256",
    }  # fmt: skip
