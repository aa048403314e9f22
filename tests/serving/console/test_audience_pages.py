from __future__ import annotations

from datetime import timedelta

import pytest
from literal_audience import members_table, store_audience
from literal_people import person, write_people

from features.contracts.ids import AudienceId
from serving.new_ids import new_id
from serving.records.audience_members import replace_members
from serving.records.audience_reports import replace_report
from serving.records.audiences import add_audience, ask_to_cancel, mark_done, mark_failed, mark_running
from serving.records.audit import list_audit

PAGE = "/console/audiences"
RULE = {"target": {"category": "TEA"}}
INTERVAL = {"expected": 0.5, "low": 0.0, "high": 2.0}
SUMMARY = {
    "target": {"category": "TEA", "kind": "products", "products": 9},
    "as_of": "2017-12-31T05:00:00Z",
    "horizon_days": 28,
    "size": 3,
    "selected": 2,
    "held_out": 1,
    "funnel": {
        "members": 9,
        "scored": 9,
        "population": 8,
        "combined": 7,
        "suppressed": {"bought_lately": {"first": 2, "all": 3}},
        "eligible": 5,
        "reachable": None,
        "chosen": 3,
        "selected": 2,
        "held_out": 1,
    },
    "expected_buyers": 0.5,
    "expected_buyers_interval": INTERVAL,
    "expected_revenue": 424.1,
    "expected_revenue_interval": {"expected": 424.1, "low": 247.3, "high": 649.6},
    "mean_probability": 0.25,
    "lift": 4.0,
    "warnings": ["few"],
    "notes": [],
    "remarks": [{"kind": "warning", "code": "few", "en": "few are left", "zh": "人数很少"}],
}
REPORT = {
    "curve": [{"size": 3, "expected_buyers": INTERVAL}],
    "drivers": [
        {"code": "a", "odds_ratio": 2.9, "sentence": {"en": "weeks with tea: 3 here", "zh": "购买茶的周数：3"}},
        {"code": "b", "odds_ratio": 0.8, "sentence": {"en": "days since tea: 9 here", "zh": "距上次购买茶：9"}},
    ],
    "profile": [
        {
            "kind": "share",
            "name": "bought_category",
            "value": "COFFEE",
            "audience": 0.9,
            "population": 0.2,
            "is_significant": True,
            "sentence": {"en": "bought within 91 days: COFFEE - 90.0% in", "zh": "91天内购买：COFFEE：人群90.0%"},
        },
        {
            "kind": "mean",
            "name": "spend_91d",
            "value": None,
            "audience": 1057.76,
            "population": 463.5,
            "is_significant": True,
            "sentence": {"en": "spend of the last 91 days - 1,057.76 in", "zh": "近91天消费金额：人群1,057.76"},
        },
    ],
    "associated": {
        "basis": "orders",
        "products": [{"name": "Honey", "with": {"name": "Green tea"}, "orders": 12, "lift": 3.05}],
        "alike": [],
        "categories": [{"category": "COOKIES", "lift": 1.4}],
    },
    "manifest": {
        "as_of": "2017-12-31T05:00:00Z",
        "release": "r000007",
        "model": {"name": "main.purchase_propensity", "version": "3"},
        "tables_version": "000001-a",
        "feature_build": "000001-a-b",
        "target_products": {"count": 9, "sha256": "", "ids": []},
        "holdout_salt": "main/x",
        "seed": 7,
        "code_revision": "abc123",
        "members_sha256": "f00d",
    },
}


@pytest.fixture(autouse=True)
def _people(settings):
    write_people(
        settings,
        [
            person("m1", phone="+15550000001", says_yes=["sms"]),
            person("m2", email="m2@x.example", says_yes=["email"]),
            person("m3", phone="+15550000003", says_yes=["sms"]),
        ],
    )


def add(api, *, name="Tea in May", later=0):
    audience_id = AudienceId(new_id(api.state.now() + timedelta(seconds=later)))
    with api.state.records.writing() as transaction:
        add_audience(transaction, audience_id, name=name, rule=RULE, at=api.state.now())
    return audience_id


@pytest.fixture
def audience_id(api):
    made = add(api)
    with api.state.records.writing() as transaction:
        replace_members(transaction, made, members_table(["m1", "m2", "m3"], ["m3"]))
        replace_report(transaction, made, REPORT)
        mark_done(transaction, made, summary=SUMMARY, at=api.state.now())
    return made


def test_without_an_audience_the_list_says_what_to_do(signed_in):
    answer = signed_in("marketer").get(PAGE)
    assert answer.status_code == 200
    assert "Nobody has asked for an audience yet." in answer.text
    assert 'href="/console/audiences/new"' in answer.text


def test_the_list_tells_state_size_and_whether_it_was_exported(signed_in, audience_id):
    browser = signed_in("marketer")
    assert ">exported<" not in browser.get(PAGE).text
    browser.post(f"{PAGE}/{audience_id}/export", {"destination": "sms_csv"})
    text = browser.get(PAGE).text
    for words in ("Tea in May", "TEA", "ready", ">exported<", "<dd>2</dd>", "about 0.5", "expected to buy"):
        assert words in text


def test_the_list_is_paged(api, signed_in):
    for number in range(21):
        add(api, name=f"Audience {number}", later=number)
    browser = signed_in("analyst")
    first = browser.get(PAGE).text
    assert "Audience 20" in first
    assert ">Audience 0<" not in first
    address = first.split('<a class="button" href="/console/audiences?before=')[1].split('"')[0]
    assert ">Audience 0<" in browser.get(f"{PAGE}?before={address}").text


def test_a_finished_audience_is_told_in_words(signed_in, audience_id):
    text = signed_in("marketer").get(f"{PAGE}/{audience_id}").text
    for words in (
        "Tea in May",
        "and 1 held out to compare with",
        "between 0 and 2, 9 times out of 10",
        "about 25",
        "between $247 and $650, 9 times out of 10",
        "4 times as many as among members taken by lot",
        "Few are left",
        "bought anything within the last 91 days",
        "Weeks with tea: 3 here",
        "speaks strongly for them",
        "speaks against them",
        "bought COFFEE",
        "Spend of the last 91 days",
        "$1,058",
        "Honey",
        "COOKIES",
        "r000007",
        "f00d",
        "Too early to tell",
        "YOUR_KEY",
        f"/console/audiences/new?cross={audience_id}",
        f"/console/audiences/new?from={audience_id}",
        "/console/members/m1",
    ):
        assert words in text, words


def test_the_chinese_page_has_the_same_in_chinese(signed_in, audience_id):
    browser = signed_in("marketer")
    browser.language = "zh-CN"
    text = browser.get(f"{PAGE}/{audience_id}").text
    for words in (
        "十次中有九次在0到2之间",
        "人数很少",
        "购买茶的周数：3",
        "买过COFFEE",
        "近91天消费金额",
        "尚未到评估时间",
    ):
        assert words in text, words


def test_a_launch_that_cannot_be_built_says_what_to_do(api, signed_in):
    failed = add(api, name=None)
    with api.state.records.writing() as transaction:
        mark_failed(transaction, failed, error="target.category: there is no category 'X'", at=api.state.now())
    text = signed_in("marketer").get(f"{PAGE}/{failed}").text
    assert "Choose it again from the search." in text
    assert "there is no category" in text
    assert f"/console/audiences/new?from={failed}" in text


def test_a_build_shows_its_step_and_can_be_stopped(api, signed_in):
    building = add(api)
    with api.state.records.writing() as transaction:
        mark_running(transaction, building)
    text = signed_in("marketer").get(f"{PAGE}/{building}").text
    assert "Waiting for the builds before it" in text
    assert "Stop building" in text
    with api.state.records.writing() as transaction:
        ask_to_cancel(transaction, building, at=api.state.now())
    assert 'id="cancel" disabled' in signed_in("marketer").get(f"{PAGE}/{building}").text


def test_an_export_is_the_file_of_the_api_and_noted_with_the_name(api, signed_in, audience_id):
    browser = signed_in("marketer")
    answer = browser.post(f"{PAGE}/{audience_id}/export", {"destination": "sms_csv"})
    assert answer.text == "phone,member_id,coupon_id\r\n+15550000001,m1,\r\n"
    assert answer.headers["content-disposition"].startswith("attachment")
    with api.state.records.reading() as transaction:
        begun = next(entry for entry in list_audit(transaction, limit=100) if entry.what == "audience_exported")
    assert (begun.who, begun.details["leaving"]) == ("user:marketer", 1)
    text = browser.get(f"{PAGE}/{audience_id}").text
    assert "<td>marketer</td><td>Phone numbers, for a sender of text messages</td><td>text message</td>" in text


def test_a_table_for_oneself_has_the_columns_chosen(signed_in, audience_id):
    browser = signed_in("marketer")
    for form, text in (
        ({"file": "csv", "columns": ["member_id"]}, "member_id\r\nm1\r\nm2\r\n"),
        ({"file": "excel", "channel": "sms", "columns": ["rank", "phone"]}, "\ufeffrank,phone\r\n1,+15550000001\r\n"),
        ({"file": "jsonl", "channel": "email", "columns": ["member_id"]}, '{"member_id": "m2"}\n'),
    ):
        answer = browser.post(f"{PAGE}/{audience_id}/export", form)
        assert (answer.status_code, answer.content.decode()) == (200, text)


def test_a_wrong_export_and_one_without_the_token_are_refused_as_pages(signed_in, audience_id):
    browser = signed_in("marketer")
    wrong = browser.post(f"{PAGE}/{audience_id}/export", {"columns": ["phone"]})
    assert (wrong.status_code, wrong.headers["content-type"]) == (422, "text/html; charset=utf-8")
    forged = browser.post(f"{PAGE}/{audience_id}/export", {"destination": "sms_csv"}, token=None)
    assert forged.status_code == 403


def test_who_may_not_export_is_told_so_and_cannot(signed_in, audience_id):
    browser = signed_in("analyst")
    text = browser.get(f"{PAGE}/{audience_id}").text
    assert "Your account may not export members." in text
    assert "Download the file" not in text
    assert browser.post(f"{PAGE}/{audience_id}/export", {"destination": "sms_csv"}).status_code == 403


def test_audiences_are_not_an_associates(signed_in, audience_id):
    browser = signed_in("associate")
    for path in (PAGE, f"{PAGE}/{audience_id}", f"{PAGE}/{audience_id}/results"):
        assert browser.get(path).status_code == 403


def test_an_unknown_audience_and_a_preview_are_nowhere(api, signed_in):
    preview = AudienceId(new_id(api.state.now()))
    with api.state.records.writing() as transaction:
        add_audience(transaction, preview, name=None, rule=RULE, at=api.state.now(), is_dry_run=True)
    browser = signed_in("marketer")
    for audience_id in (preview, new_id(api.state.now())):
        assert browser.get(f"{PAGE}/{audience_id}").status_code == 404


def test_an_audience_of_an_earlier_version_still_has_a_page(api, signed_in):
    old = store_audience(api.state, {"category": "TEA"}, ["m1"])
    answer = signed_in("marketer").get(f"{PAGE}/{old}")
    assert answer.status_code == 200
    assert "came-of-it" in answer.text
