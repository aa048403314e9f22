"""An audience from request to answer, over a literal shop and a model that knows six probabilities."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from literal_audience_desk import LiteralScorer, literal_desk
from literal_audience_shop import AT

from features.contracts.clock import moment_text
from features.contracts.errors import BadRequest
from serving.audiences.build import BuiltAudience, build_at
from serving.audiences.desk import Desk
from serving.audiences.manifest import members_checksum
from serving.audiences.rule import AudienceRule
from serving.audiences.shop_at import ShopAt
from serving.audiences.world import EarlierAudience, NoWorld
from serving.records.audience_members import SCHEMA
from training.propensity.target import LapseTarget, LaunchDescription, ProductsTarget
from training.protocol import Ids

CHEESE = {"target": {"category": "CHEESE"}}


class Records(NoWorld):
    """One finished audience: m2 was told, m4 held out."""

    def audience(self, audience_id: str) -> EarlierAudience | None:
        if audience_id != "a1":
            return None
        return EarlierAudience(
            audience_id="a1", state="done", member_ids=np.array(["m2"]), held_out_ids=np.array(["m4"])
        )

    def exported_since(self, moment: datetime) -> Ids:
        return np.array(["m5"]) if moment <= AT - timedelta(days=1) else np.empty(0, dtype=np.str_)


@pytest.fixture
def desk(shop: ShopAt, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return literal_desk(shop, tmp_path_factory.mktemp("release"))


def build(desk: Desk, asked: dict[str, Any], *, is_dry_run: bool = False) -> BuiltAudience:
    rule = AudienceRule.from_json({**CHEESE, **asked})
    return build_at(desk, rule, Records(), is_dry_run=is_dry_run, progress=lambda *_: None)


def members(audience: BuiltAudience) -> list[str]:
    return audience.members.column("member_id").to_pylist()


def test_active_members_come_likeliest_first(desk: Desk) -> None:
    audience = build(desk, {})
    assert audience.members.schema == SCHEMA
    assert members(audience) == ["m2", "m1", "m4", "m5", "m6"]
    assert audience.members.column("rank").to_pylist() == [1, 2, 3, 4, 5]
    assert audience.members.column("probability").to_pylist() == [0.75, 0.5, 0.5, 0.125, 0.0625]
    assert audience.members.column("expected_revenue").to_pylist() == [6.0, 2.0, 2.0, 2.0, 0.25]


def test_what_was_named_is_what_is_scored(desk: Desk) -> None:
    for target in ({"category": "CHEESE"}, {"product_ids": ["p5"]}, {"lapse": True}):
        build(desk, {"target": target}, is_dry_run=True)
    assert isinstance(desk.scorer, LiteralScorer)
    cheese, launch, lapse = desk.scorer.asked
    assert cheese == ProductsTarget(product_ids=("p1", "p2", "p3", "p5"))
    assert isinstance(launch, LaunchDescription)
    assert launch.category == "CHEESE"
    assert lapse == LapseTarget()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"size": 2}, ["m2", "m1"]),
        ({"min_probability": 0.5}, ["m2", "m1", "m4"]),
        ({"population": {"bought_within_days": 365}}, ["m2", "m1", "m4", "m3", "m5", "m6"]),
        ({"population": {"filter": 'tier == "gold"'}}, ["m2", "m1"]),
        ({"exclude": {"bought_within_days": 3}}, ["m2", "m4", "m5", "m6"]),
        ({"exclude": {"contacted_within_days": 7}}, ["m2", "m4", "m6"]),
        ({"exclude": {"audience_ids": ["a1"]}}, ["m1", "m5", "m6"]),
        ({"combine": {"audience": "a1"}}, ["m2", "m4"]),
        ({"combine": {"not": {"audience": "a1"}}}, ["m1", "m5", "m6"]),
        ({"channel": "sms"}, ["m2", "m4"]),
        ({"channel": "sms", "exclude": {"audience_ids": ["a1"]}}, []),
    ],
)
def test_only_those_that_the_rule_asks_for_are_in_it(desk: Desk, asked: dict[str, Any], expected: list[str]) -> None:
    assert members(build(desk, asked)) == expected


def test_the_summary_is_json_and_says_what_was_done(desk: Desk) -> None:
    audience = build(desk, {"size": 9, "channel": "sms", "holdout": {"share": 0.1, "salt": "s"}, "name": "autumn"})
    told = json.loads(json.dumps(audience.summary))
    assert told == audience.summary
    assert told["target"] == {"category": "CHEESE", "kind": "products", "products": 4}
    assert (told["as_of"], told["release"], told["horizon_days"]) == (moment_text(AT), "r000001", 28)
    assert told["model"] == "main.purchase_propensity version 3"
    assert told["funnel"]["members"] == 6
    assert (told["population"], told["size"]) == (5, 2)
    assert told["selected"] + told["held_out"] == 2
    assert told["mean_probability"] == 0.625
    assert told["lift"] == round(0.625 / 0.3875, 2)
    assert told["warnings"] == ["size 9 is more than the 2 members left to choose from: all are chosen"]
    assert [(each["kind"], each["code"]) for each in told["remarks"]] == [
        ("warning", "size_above_all"),
        ("note", "of_selected"),
        ("note", "consent_now"),
    ]
    assert told["remarks"][2]["zh"].startswith("短信授权")
    assert told["notes"][1] == "consent for sms is read as it stands now, and again by every export"


def test_of_those_held_out_nothing_is_expected(desk: Desk) -> None:
    audience = build(desk, {"holdout": {"share": 0.5, "salt": "t"}})
    rows = audience.members.to_pylist()
    held = [row["member_id"] for row in rows if row["is_held_out"]]
    assert 0 < len(held) < len(rows)
    told = [row["probability"] for row in rows if not row["is_held_out"]]
    assert audience.summary["held_out"] == len(held)
    assert audience.summary["expected_buyers"] == round(
        float(desk.scorer.forecast.buyers(np.array(told), horizon_days=28, kind="products").expected), 1
    )
    assert not {each["member_id"] for each in audience.summary["top_members"]} & set(held)


def test_the_same_target_holds_out_the_same_persons_and_another_target_others(desk: Desk) -> None:
    def held(asked: dict[str, Any]) -> list[bool]:
        rows = sorted(build(desk, asked).members.to_pylist(), key=lambda row: str(row["member_id"]))
        return [row["is_held_out"] for row in rows]

    half = {"holdout": {"share": 0.5}}
    assert held(half) == held({**half, "horizon_days": 14, "name": "again"})
    salts = {
        build(desk, {**half, **each}).report["manifest"]["holdout_salt"] for each in ({}, {"target": {"lapse": True}})
    }
    assert len(salts) == 2


def test_the_report_explains_the_audience(desk: Desk) -> None:
    audience = build(desk, {"size": 2})
    report = json.loads(json.dumps(audience.report))
    assert report == audience.report
    assert set(report) == {"curve", "drivers", "profile", "associated", "manifest"}
    assert [each["size"] for each in report["curve"]] == [1, 2, 3, 4, 5]
    # (5 + 8) / 2 days against (5 + 8 + 80 + 90 + 20) / 5, a tenth of it
    assert report["drivers"][0]["code"] == "set.recency"
    assert report["drivers"][0]["contribution"] == pytest.approx(-3.41)
    assert json.loads(audience.members.column("drivers").to_pylist()[0])[0] == ["set.recency", -3.26]
    assert report["associated"]["categories"][0] == {
        "category": "WINE",
        "audience": 0.5,
        "population": 0.2,
        "lift": 2.5,
    }


def test_a_launch_is_shown_with_what_it_is_like(desk: Desk) -> None:
    launch = {"launch": {"category": "CHEESE", "brand": "Alp", "price": 7.5}}
    associated = build(desk, {"target": launch}).report["associated"]
    assert associated["basis"] == "content"
    assert [each["product_id"] for each in associated["alike"]] == ["p2", "p1"]
    assert associated["analogues"] == []
    assert "analogues" not in build(desk, {}).report["associated"]


def test_a_manifest_builds_the_same_audience_again(desk: Desk) -> None:
    asked = {
        "target": {"brand": "Alp"},
        "size": 3,
        "population": {"filter": "orders_91d > 0"},
        "exclude": {"audience_ids": ["a1"]},
        "combine": {"not": {"audience": "a1"}},
        "holdout": {"share": 0.4},
    }
    audience = build(desk, asked)
    manifest = json.loads(json.dumps(audience.report["manifest"]))
    assert manifest["target_products"]["ids"] == ["p1", "p2", "p5"]
    assert manifest["rule"]["population"]["bought_within_days"] == 91
    assert (manifest["rule"]["horizon_days"], manifest["feature_build"]) == (28, "b1")
    rule = AudienceRule.from_json(manifest["rule"])
    again = build_at(desk, rule, Records(), is_dry_run=False, progress=lambda *_: None)
    assert again.members.equals(audience.members)
    assert members_checksum(again.members) == manifest["members_sha256"]
    assert again.report["manifest"] == audience.report["manifest"]
    fewer = build(desk, {**asked, "size": 2})
    assert fewer.report["manifest"]["members_sha256"] != manifest["members_sha256"]


def test_a_dry_run_tells_the_figures_and_reasons_of_the_real_one_and_nobody_s_name(desk: Desk) -> None:
    asked = {"size": 2, "holdout": {"share": 0.3}}
    dry, real = build(desk, asked, is_dry_run=True), build(desk, asked)
    assert dry.summary == real.summary
    assert dry.report == {part: told for part, told in real.report.items() if part != "manifest"}
    assert dry.members.schema == SCHEMA
    assert dry.members.num_rows == 0


def test_coupons_are_named_only_when_asked_for_and_there_are_any(desk: Desk) -> None:
    assert "coupons" not in build(desk, {}).summary
    asked = build(desk, {"with_coupons": True})
    assert asked.summary["coupons"] == {"members": 0, "is_for_target": False}
    assert asked.members.column("coupon_id").null_count == 5
    assert "the release knows of no running coupon" in asked.summary["notes"]


def test_every_step_is_told_and_the_last_one_is_done(desk: Desk) -> None:
    told: list[tuple[int, int, str]] = []
    rule = AudienceRule.from_json(CHEESE)
    build_at(desk, rule, Records(), is_dry_run=False, progress=lambda *step: told.append(step))
    assert [what for _, _, what in told] == ["scoring", "population", "who is chosen", "drivers", "profile", "done"]
    assert told[-1][0] == told[-1][1]


def test_a_moment_between_two_snapshots_sees_the_earlier_one(desk: Desk) -> None:
    later = replace(desk, shop=replace(desk.shop, moment=AT + timedelta(days=2)))
    told = build(later, {"population": {"bought_within_days": 10, "filter": "days_since_order == 7"}})
    assert members(told) == ["m1"]


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"target": {"category": "CHESE"}}, "near it: 'CHEESE'"),
        ({"population": {"filter": "orders_91d > 99"}}, "population: nobody is left of 6 members"),
        ({"exclude": {"audience_ids": ["a9"]}}, "audience a9: there is none of that id"),
        ({"combine": {"or": [{"list": "l1"}, {"audience": "a1"}]}}, "list l1: there is no list of members of that id"),
    ],
)
def test_what_cannot_be_answered_is_refused(desk: Desk, asked: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadRequest, match=complaint):
        build(desk, asked)


def test_a_target_of_many_products_is_summed_up(desk: Desk) -> None:
    many = [f"x{number}" for number in range(500)]
    told = build(desk, {"target": {"product_ids": ["p1", "p2", *many]}}, is_dry_run=True).summary
    assert told["target"]["products"] == 2
    assert len(told["target"]["product_ids"]) == 20
    assert len(json.dumps(told)) < 4_000
