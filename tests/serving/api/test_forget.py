from __future__ import annotations

import json

import pytest

from features.contracts.errors import Refused
from features.contracts.settings import load_settings
from serving.forgetting.watch import open_watch
from serving.records.audit import list_audit
from serving.records.forgotten import pending_forgettings
from serving.records.opening import open_records


def event(message_id: str, **who: str) -> dict[str, str]:
    return {"message_id": message_id, "type": "Cart Viewed", "occurred_at": "2026-11-22T11:00:00Z", **who}


def test_a_forgotten_member_is_excluded_at_once(api):
    assert api.send("GET", "/v1/members/m1").status_code == 200
    answer = api.send("DELETE", "/v1/members/m1", key="privacy")
    told = answer.json()
    assert (answer.status_code, told["state"], told["removed_at"]) == (202, "excluded", None)
    assert api.send("GET", "/v1/members/m1").status_code == 404


@pytest.mark.parametrize(
    "path",
    ["1?source=pos", "%E5%AE%89%E5%A8%9C%2001?source=shop/web", "o-1?by=openid", "8800%201?by=card_no", "old/1"],
)
def test_every_way_of_naming_a_member_forgets_the_member(api, path):
    assert api.send("DELETE", f"/v1/members/{path}").status_code == 202
    assert api.send("GET", "/v1/members/m1").status_code == 404


def test_the_same_again_answers_the_same(api):
    first = api.send("DELETE", "/v1/members/m1").json()
    assert api.send("DELETE", "/v1/members/m1").json() == first


def test_somebody_unknown_cannot_be_forgotten_by_a_member_id(api):
    answer = api.send("DELETE", "/v1/members/nobody")
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


def test_a_person_whom_only_events_know_can_be_forgotten(api):
    sent = {"events": [event("e1", source="app", source_id="A9")]}
    assert api.send("POST", "/v1/events", json=sent).json()["accepted"] == 1
    assert api.send("DELETE", "/v1/members/A9?source=app").status_code == 202


def test_events_of_a_forgotten_person_are_not_taken(api):
    api.send("DELETE", "/v1/members/1?source=pos")
    events = [event("e1", source="pos", source_id="1"), event("e2", source="pos", source_id="2")]
    answer = api.send("POST", "/v1/events", json={"events": events}).json()
    assert answer["accepted"] == 1
    assert [(each["index"], each["reason"].split(":")[0]) for each in answer["rejected"]] == [(0, "forgotten")]


def test_forgetting_goes_on_while_the_online_store_is_away(api):
    object.__setattr__(api.engine, "is_store_down", True)
    assert api.send("DELETE", "/v1/members/1?source=pos").status_code == 202


def test_another_process_knows_it_when_it_looks(api, settings):
    other = open_records(settings)
    watch = open_watch(settings, other)
    api.send("DELETE", "/v1/members/m1")
    assert not watch.is_member("m1")
    watch.look()
    assert watch.is_member("m1")
    other.close()


def test_the_audit_names_the_forgetting_and_not_the_member(api):
    told = api.send("DELETE", "/v1/members/m1").json()
    with api.state.records.reading() as transaction:
        (entry, *_) = [each for each in list_audit(transaction, limit=20) if each.what == "forgetting_asked"]
        (pending,) = pending_forgettings(transaction)
    assert entry.details == {"forgetting_id": told["forgetting_id"]}
    assert "m1" not in json.dumps(entry.details)
    assert pending.names.member_ids == {"m1"}


def test_a_service_refuses_marks_made_with_another_key(api, settings):
    api.send("DELETE", "/v1/members/m1")
    other = load_settings(home=settings.home, secrets={"contact_key": "another key, long enough to be one"})
    with pytest.raises(Refused, match="another contact key"):
        open_watch(other, api.state.records)
