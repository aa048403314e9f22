"""Coupons of a shop as tables: whose they are, when they run, and what was redeemed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from literal_coupons import SPRING_AT, literal_coupons


def test_a_campaign_runs_from_midnight_to_midnight_in_the_shops_zone(tmp_path: Path) -> None:
    with literal_coupons(tmp_path) as tables:
        spring = tables.rows("SELECT starts_at, ends_at FROM campaign WHERE campaign_id = 'spring'").iloc[0]
    assert spring.starts_at == pd.Timestamp(SPRING_AT)
    assert spring.ends_at == pd.Timestamp("2017-06-01T04:00Z")


def test_a_coupon_without_a_campaign_is_a_campaign_of_its_own(tmp_path: Path) -> None:
    with literal_coupons(tmp_path) as tables:
        alone = tables.rows("SELECT * FROM coupon JOIN campaign USING (campaign_id) WHERE coupon_id = 'alone'")
    assert alone["campaign_id"].tolist() == ["coupon alone"]
    assert alone["ends_at"].tolist() == [pd.Timestamp("2017-05-21T04:00Z")]


def test_a_redemption_without_a_campaign_is_of_the_one_that_ran_then(tmp_path: Path) -> None:
    with literal_coupons(tmp_path) as tables:
        redemption = tables.rows("SELECT campaign_id, coupon_id FROM redemption ORDER BY redeemed_at")
    assert redemption["campaign_id"].tolist() == ["winter", "spring", "spring"]


def test_who_was_held_out_was_not_reached(tmp_path: Path) -> None:
    with literal_coupons(tmp_path) as tables:
        reached = tables.rows("SELECT member_id FROM contact WHERE campaign_id = 'spring' ORDER BY member_id")
    assert reached["member_id"].tolist() == ["anna", "ben"]


def test_a_shop_that_handed_over_no_coupons_has_empty_tables(tmp_path: Path) -> None:
    names = ("campaigns", "contacts", "coupons", "coupon_products", "coupon_redemptions")
    with literal_coupons(tmp_path, without=names) as tables:
        assert not tables.has_coupons
        assert tables.rows("SELECT * FROM redemption").empty


def test_a_shop_with_coupons_has_some(tmp_path: Path) -> None:
    with literal_coupons(tmp_path) as tables:
        assert tables.has_coupons
