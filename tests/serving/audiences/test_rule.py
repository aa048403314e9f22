"""What an audience may ask for."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from features.contracts.errors import BadRequest
from serving.audiences.combine import read_combination
from serving.audiences.rule import AudienceRule, BoughtCategory, ExcludeRule, HoldoutRule, PopulationRule
from serving.audiences.target_rule import TargetRule
from training.propensity.target import EventType, LaunchDescription

CHEESE = TargetRule(category="CHEESE")

WHOLE = AudienceRule(
    target=TargetRule(department="GROCERY", category="奶酪", filter="price < 5"),
    horizon_days=14,
    population=PopulationRule(
        bought_within_days=60,
        bought_category_within=BoughtCategory(category="WINE", days=7),
        filter='tier == "gold"',
        store_ids=("s1",),
        channels=("web",),
    ),
    expected_buyers=12.5,
    exclude=ExcludeRule(bought_within_days=3, contacted_within_days=4, audience_ids=("a1", "a2")),
    channel="wechat",
    combine=read_combination({"and": [{"list": "l1"}, {"not": {"or": [{"audience": "a3"}, {"list": "l2"}]}}]}),
    holdout=HoldoutRule(share=0.1, salt="autumn"),
    with_coupons=True,
    as_of=datetime(2017, 9, 16, tzinfo=UTC),
    name="autumn",
)


@pytest.mark.parametrize(
    "rule",
    [
        WHOLE,
        AudienceRule(target=CHEESE, size=1),
        AudienceRule(target=CHEESE, min_probability=0.0),
        AudienceRule(target=TargetRule(product_ids=("p1", "p2"))),
        AudienceRule(target=TargetRule(list_id="l1")),
        AudienceRule(target=TargetRule(event=EventType.COUPON_REDEEMED)),
        AudienceRule(target=TargetRule(lapse=True)),
        AudienceRule(
            target=TargetRule(
                launch=LaunchDescription(category="C", brand="B", price=2.5, is_private_label=False, analogues=("p1",))
            )
        ),
    ],
)
def test_a_rule_survives_being_stored(rule: AudienceRule) -> None:
    assert AudienceRule.from_json(json.loads(json.dumps(rule.to_json()))) == rule


def test_what_was_not_asked_for_is_not_stored() -> None:
    assert AudienceRule(target=CHEESE, size=5).to_json() == {"target": {"category": "CHEESE"}, "size": 5}


def test_a_rule_from_before_there_were_targets_is_read() -> None:
    old = {"category": "CHEESE", "size": 5, "min_probability": None}
    assert AudienceRule.from_json(old) == AudienceRule(target=CHEESE, size=5)


def test_a_moment_without_a_zone_is_utc() -> None:
    rule = AudienceRule.from_json({"target": {"lapse": True}, "as_of": "2017-09-16"})
    assert rule.as_of == datetime(2017, 9, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"size": 5, "min_probability": 0.5}, "give one of size, .* not size and min_probability"),
        ({"size": 5, "expected_buyers": 3}, "not size and expected_buyers"),
        ({"size": 0}, "size is 0; it must be at least 1"),
        ({"min_probability": -0.01}, r"min_probability is -0\.01; it must lie between 0 and 1"),
        ({"min_probability": float("nan")}, "min_probability is nan"),
        ({"expected_buyers": 0}, "expected_buyers is 0.* it must be above 0"),
        ({"expected_buyers": float("inf")}, "expected_buyers is inf"),
        ({"horizon_days": 0}, "horizon_days is 0"),
        ({"holdout": {"share": 0.6}}, r"holdout.share: 0\.6; it must lie between 0 and 0\.5"),
        ({"population": {"bought_within_days": 366}}, "population.bought_within_days: 366; .* 1 and 365 days"),
        ({"population": {"bought_category_within": {"category": "C", "days": 0}}}, "bought_category_within.days: 0"),
        ({"exclude": {"contacted_within_days": 0}}, "exclude.contacted_within_days: 0"),
        ({"channel": "fax"}, "channel: Input should be 'sms', 'email' or 'wechat'"),
        ({"colour": "red"}, "colour: Unexpected keyword argument"),
        ({"combine": {"xor": []}}, "combine: there is no 'xor'; there are and, or, not, audience, list"),
        ({"target": {"category": "C", "lapse": True}}, "in exactly one way of .*; found category and lapse"),
        ({"target": {}}, "in exactly one way of .*; found nothing"),
        ({"target": {"category": ""}}, "target.category: is empty"),
        ({"target": {"product_ids": ["p1", ""]}}, "target.product_ids: holds an empty id"),
        (
            {"target": {"launch": {"category": "C", "analogues": ["p"], "unlike": ["p"]}}},
            "target.launch: p is among both analogues and unlike",
        ),
        ({"target": {"launch": {"category": "C", "price": -1}}}, r"target.launch.price: -1\.0; it must be above 0"),
        ({"target": {"launch": {"category": "C", "colour": "red"}}}, "target.launch.colour: Unexpected"),
        ({"target": {"event": "party"}}, "target.event: Input should be 'visit', 'join' or 'coupon_redeemed'"),
    ],
)
def test_what_makes_no_sense_is_refused(asked: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadRequest, match=complaint):
        AudienceRule.from_json({"target": {"category": "CHEESE"}, **asked})


def test_attributes_of_a_target_go_together() -> None:
    target = TargetRule(category="CHEESE", brand="Maker 1", filter="price < 5")
    assert target.attributes == {"category": "CHEESE", "brand": "Maker 1", "filter": "price < 5"}
