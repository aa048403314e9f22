"""Who is asked about which campaign, and what became of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
from literal_coupons import SPRING_AT, at, literal_coupons

from training.coupons.asks import asks_of_campaigns, offers_of, running_asks

LATER = SPRING_AT + timedelta(days=60)


def test_every_reached_member_is_asked_as_of_the_start(tmp_path: Path) -> None:
    with literal_coupons(tmp_path) as tables:
        asks = asks_of_campaigns(tables, ["spring"], seen_until=LATER)
    assert asks["member_id"].tolist() == ["anna", "ben"]
    assert asks["is_redeemed"].tolist() == [True, False]
    assert (asks["event_timestamp"] == pd.Timestamp(SPRING_AT)).all()
    assert asks["ask"].tolist() == [0, 1]


def test_a_redemption_that_is_not_seen_yet_is_no_label(tmp_path: Path) -> None:
    with literal_coupons(tmp_path) as tables:
        asks = asks_of_campaigns(tables, ["spring"], seen_until=at("2017-05-09T04:00"))
    assert asks["is_redeemed"].tolist() == [False, False]


def test_a_campaign_without_contacts_is_for_everybody_who_bought_lately(tmp_path: Path) -> None:
    with literal_coupons(tmp_path) as tables:
        asks = asks_of_campaigns(tables, ["open"], seen_until=LATER)
    assert asks["member_id"].tolist() == ["anna", "ben"]


def test_the_coupons_of_an_ask_are_all_of_its_campaign_with_those_used(tmp_path: Path) -> None:
    with literal_coupons(tmp_path) as tables:
        asks = asks_of_campaigns(tables, ["spring"], seen_until=LATER)
        offers = offers_of(tables, asks, seen_until=LATER)
    anna = offers[offers["ask"] == 0]
    assert anna["coupon_id"].tolist() == ["s-all", "s-bread", "s-milk"]
    assert anna["is_used"].tolist() == [True, False, True]
    assert not offers[offers["ask"] == 1]["is_used"].any()


def test_running_campaigns_are_those_of_the_moment_and_of_the_member(tmp_path: Path) -> None:
    with literal_coupons(tmp_path) as tables:
        asks = running_asks(tables, ["anna", "dora"], as_of=at("2017-05-16T12:00"))
        before = running_asks(tables, ["anna"], as_of=SPRING_AT - timedelta(seconds=1))
        after = running_asks(tables, ["anna"], as_of=at("2017-06-12T12:00"))
    found = sorted(zip(asks["member_id"], asks["campaign_id"], strict=True))
    assert found == [
        ("anna", "coupon alone"),
        ("anna", "open"),
        ("anna", "spring"),
        ("dora", "coupon alone"),
        ("dora", "open"),
    ]
    assert before.empty
    assert after.empty
