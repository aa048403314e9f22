from __future__ import annotations

import json
from datetime import timedelta

import pytest

from features.contracts.ids import AudienceId
from serving.new_ids import new_id
from serving.records.audience_reports import replace_report
from serving.records.audiences import add_audience, mark_done
from serving.records.id_lists import ListKind, add_list

PAGE = "/console/audiences/new"
INTERVAL = {"expected": 48.5, "low": 29.0, "high": 71.0}
RULE = {
    "target": {"product_ids": ["p1", "p2"]},
    "size": 40,
    "as_of": "2017-12-31T05:00:00Z",
    "holdout": {"share": 0.1, "salt": "pepper"},
}
SUMMARY = {
    "target": {"product_ids": ["p1", "p2"], "kind": "products", "products": 2},
    "size": 40,
    "selected": 36,
    "held_out": 4,
    "funnel": {
        "members": 90,
        "scored": 80,
        "population": 70,
        "combined": 70,
        "suppressed": {},
        "eligible": 70,
        "reachable": None,
        "chosen": 40,
        "selected": 36,
        "held_out": 4,
    },
    "expected_buyers": 48.5,
    "expected_buyers_interval": INTERVAL,
    "warnings": ["few are left"],
    "notes": [],
    "remarks": [{"kind": "warning", "code": "few", "en": "few are left", "zh": "剩下的人数很少"}],
}
REPORT = {
    "curve": [{"size": 40, "expected_buyers": INTERVAL}],
    "drivers": [
        {
            "code": "a",
            "odds_ratio": 2.9,
            "audience": 3.0,
            "population": 1.0,
            "unit": "weeks",
            "label": {"en": "weeks with tea", "zh": "购买茶的周数"},
            "sentence": {"en": "weeks with tea: 3 here", "zh": "购买茶的周数：3"},
        }
    ],
    "profile": [],
    "associated": {"basis": "orders", "products": [], "alike": [], "categories": []},
}


def added(api, *, is_dry_run=False, name=None, later=0):
    made = AudienceId(new_id(api.state.now() + timedelta(seconds=later)))
    with api.state.records.writing() as transaction:
        add_audience(transaction, made, name=name, rule=RULE, at=api.state.now(), is_dry_run=is_dry_run)
        replace_report(transaction, made, REPORT)
        mark_done(transaction, made, summary=SUMMARY, at=api.state.now())
    return made


def brought(page, name):
    return json.loads(page.text.split(f'<script type="application/json" id="{name}">')[1].split("</script>")[0])


def test_the_form_is_empty_at_first_and_offers_what_there_is(api, signed_in):
    audience = added(api, name="Tea in May")
    added(api, is_dry_run=True, name="a preview", later=1)
    with api.state.records.writing() as transaction:
        add_list(transaction, "l1", name="Guests", kind=ListKind.MEMBER_ID, at=api.state.now())
        add_list(transaction, "l2", name="Spring teas", kind=ListKind.PRODUCT_ID, at=api.state.now())
    page = signed_in("marketer").get(PAGE)
    assert page.status_code == 200
    assert brought(page, "start") is None
    assert brought(page, "offered") == [
        {"source": "audience", "id": audience, "name": "Tea in May"},
        {"source": "list", "id": "l1", "name": "Guests"},
    ]
    assert '<option value="l2">Spring teas</option>' in page.text


@pytest.mark.parametrize(("role", "status"), [("marketer", 200), ("analyst", 200), ("admin", 200), ("associate", 403)])
def test_only_who_may_build_audiences_sees_the_form(signed_in, role, status):
    assert signed_in(role).get(PAGE).status_code == status


def test_an_audience_can_be_begun_from_another_but_for_its_moment_and_lot(api, signed_in):
    made = added(api, name="Tea in May")
    start = brought(signed_in("marketer").get(f"{PAGE}?from={made}"), "start")
    assert start["rule"] == {"target": {"product_ids": ["p1", "p2"]}, "size": 40, "holdout": {"share": 0.1}}
    assert start["name"] == "Tea in May"
    assert set(start["products"]) == {"p1", "p2"}


def test_crossing_an_audience_keeps_its_target_and_chooses_from_its_members(api, signed_in):
    made = added(api)
    start = brought(signed_in("marketer").get(f"{PAGE}?cross={made}"), "start")
    assert start["rule"] == {"target": {"product_ids": ["p1", "p2"]}, "combine": {"and": [{"audience": made}]}}


def test_a_list_begins_an_audience_of_its_members_or_for_its_products(api, signed_in):
    marketer, list_id = signed_in("marketer"), new_id(api.state.now())
    assert brought(marketer.get(f"{PAGE}?list={list_id}"), "start")["rule"] == {"combine": {"and": [{"list": list_id}]}}
    assert brought(marketer.get(f"{PAGE}?products={list_id}"), "start")["rule"] == {"target": {"list_id": list_id}}


def test_an_audience_that_is_gone_begins_nothing(api, signed_in):
    assert signed_in("marketer").get(f"{PAGE}?from={new_id(api.state.now())}").status_code == 404


def test_a_preview_is_told_in_the_readers_language(api, signed_in):
    marketer, made = signed_in("marketer"), added(api, is_dry_run=True)
    english = marketer.get(f"{PAGE}/preview/{made}")
    assert "Few are left" in english.text
    assert "2 products count" in english.text
    chinese = marketer.get(f"{PAGE}/preview/{made}", **{"Accept-Language": "zh-CN"})
    assert "剩下的人数很少" in chinese.text
    assert "共计入 2 件商品" in chinese.text
    assert "Few are left" not in chinese.text


def test_a_preview_is_not_for_everybody(api, signed_in):
    assert signed_in("associate").get(f"{PAGE}/preview/{added(api, is_dry_run=True)}").status_code == 403
