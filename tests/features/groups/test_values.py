"""Known answers of every group on the literal shop, computed by head."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest
from literal_shop import AS_OF, literal_shop

from features.groups.catalogue import GROUPS
from features.groups.declaration import HALF_LIFE_DAYS


def row(group: str, *keys: str) -> pd.Series:
    rows = GROUPS[group].expression(literal_shop(), AS_OF).to_pandas()
    return rows.set_index(list(GROUPS[group].keys)).loc[keys if len(keys) > 1 else keys[0]]


def test_member_value_counts_orders_and_spend_by_window() -> None:
    anna = row("member_value", "anna")
    assert (anna.orders_28d, anna.orders_91d, anna.orders_365d) == (2, 3, 3)
    assert (anna.spend_28d, anna.spend_91d) == (8.0, 16.0)
    assert anna.last_ordered_at == datetime(2017, 5, 31, 23, 59, tzinfo=UTC)
    assert anna.spend_trend == pytest.approx((8 + 1) / (16 * 28 / 91 + 1), abs=1e-6)


def test_a_purchase_at_the_moment_of_asking_is_not_seen() -> None:
    ben = row("member_value", "ben")
    assert (ben.orders_28d, ben.orders_365d) == (0, 1)
    assert ben.last_ordered_at == datetime(2017, 1, 10, 9, tzinfo=UTC)


def test_a_member_known_only_later_has_no_row() -> None:
    rows = GROUPS["member_value"].expression(literal_shop(), AS_OF).to_pandas()
    assert set(rows.member_id) == {"anna", "ben", "dora"}


def test_member_rhythm_takes_the_median_gap_and_adds_it_to_the_latest_visit() -> None:
    anna = row("member_rhythm", "anna")
    gaps = (10 + 8 / 24, 20 + 359 / 1440)
    assert anna.gap_days == pytest.approx(sum(gaps) / 2, abs=1e-6)
    expected = anna.last_visited_at + pd.Timedelta(days=sum(gaps) / 2)
    assert abs(anna.next_expected_at - expected) < pd.Timedelta(seconds=1)


def test_a_member_with_one_visit_has_no_gap() -> None:
    ben = row("member_rhythm", "ben")
    assert ben.visit_count == 1
    assert pd.isna(ben.gap_days)
    assert pd.isna(ben.next_expected_at)


def test_member_mix_shares() -> None:
    anna = row("member_mix", "anna")
    assert (anna.top_category, anna.top_category_share) == ("DAIRY", 0.625)
    assert (anna.private_label_share, anna.discount_share, anna.coupon_share) == (0.75, 0.25, 0.25)
    assert (anna.top_store_id, anna.top_store_share) == ("north", 0.625)
    assert (anna.morning_share, anna.evening_share) == (pytest.approx(1 / 3, abs=1e-6), pytest.approx(2 / 3, abs=1e-6))
    assert (anna.product_count, anna.store_count) == (2, 2)


def test_member_product_decays_each_order_to_the_latest_one() -> None:
    milk = row("member_product", "anna", "milk")
    assert (milk.orders_28d, milk.orders_91d, milk.orders_365d) == (2, 3, 3)
    ages = (30 + 839 / 1440, 20 + 359 / 1440, 0)
    assert milk.decayed_orders == pytest.approx(sum(0.5 ** (age / HALF_LIFE_DAYS) for age in ages), abs=1e-5)


def test_week_bits_are_the_weeks_of_seven_days_before_the_moment_in_which_the_product_was_bought() -> None:
    # Bought 30.6, 20.2 and 0.0 days before: in the fifth, the third and the first week.
    assert row("member_product", "anna", "milk").week_bits == 0b10101
    assert row("member_product", "anna", "bread").week_bits == 0b10000
    # 141.6 days before: in the 21st week, of two products of one order.
    assert row("member_product", "ben", "tea").week_bits == row("member_product", "ben", "bread").week_bits == 1 << 20


def test_member_category_shares_add_up_to_one() -> None:
    rows = GROUPS["member_category"].expression(literal_shop(), AS_OF).to_pandas()
    assert rows.groupby("member_id").spend_share.sum().tolist() == pytest.approx([1.0, 1.0], abs=1e-5)


def test_product_facts_know_price_and_age_from_sales_before_the_moment() -> None:
    milk = row("product_facts", "milk")
    assert (milk.price, milk.list_price, milk.first_sold_at) == (2.0, 2.0, datetime(2017, 5, 1, 10, tzinfo=UTC))
    bread = row("product_facts", "bread")
    assert (bread.price, bread.list_price, bread.discount_depth) == (3.0, 4.0, 0.25)
    tea = row("product_facts", "tea")
    assert pd.isna(tea.price)
    assert pd.isna(tea.price_band)


def test_product_demand_counts_anonymous_sales_but_no_anonymous_buyers() -> None:
    milk = row("product_demand", "milk")
    assert (milk.sales_7d, milk.sales_28d, milk.sales_91d) == (2, 3, 4)
    assert (milk.buyers_7d, milk.buyers_28d, milk.buyers_365d) == (1, 1, 1)
    assert milk.repeat_rate == 1.0


def test_category_demand_counts_members() -> None:
    bakery = row("category_demand", "BAKERY")
    assert (bakery.sales_91d, bakery.buyers_91d, bakery.buyers_365d, bakery.repeat_rate) == (1, 1, 2, 0.0)


def test_member_coupons_count_lines_redemptions_and_campaigns_before_the_moment() -> None:
    anna = row("member_coupons", "anna")
    assert (anna.coupon_lines_28d, anna.coupon_lines_365d, anna.coupon_orders) == (1, 1, 1)
    assert anna.coupon_spend_share == 0.375
    assert (anna.redemptions_91d, anna.redemptions_365d, anna.redemption_days, anna.campaigns_redeemed) == (2, 2, 1, 1)
    assert (anna.campaigns_received, anna.last_contacted_at) == (2, datetime(2017, 5, 2, 4, tzinfo=UTC))


def test_a_redemption_of_more_than_a_year_back_is_not_counted() -> None:
    ben = row("member_coupons", "ben")
    assert (ben.redemptions_365d, ben.campaigns_redeemed, ben.campaigns_received) == (0, 0, 1)
    assert pd.isna(ben.last_redeemed_at)


def test_member_standing_ranks_spend_and_discounts_and_tells_the_gap_that_ended() -> None:
    anna, ben = row("member_standing", "anna"), row("member_standing", "ben")
    # anna spent 16 within the year and ben 12, who bought one of two lines at a discount
    assert (anna.spend_rank_365d, ben.spend_rank_365d) == (0.0, 1.0)
    assert (anna.discount_rank, ben.discount_rank) == (1.0, 0.0)
    assert anna.gap_ended_28d == pytest.approx(20 + 359 / 1440, abs=1e-6)
    assert pd.isna(ben.gap_ended_28d)


def test_what_is_new_is_new_for_four_weeks_after_its_first_sale_and_not_at_the_start_of_the_data() -> None:
    anna, ben = row("member_standing", "anna"), row("member_standing", "ben")
    # milk came on the 1st of May: anna's three lines of it lie 0, 10 and 30 days later; bread and tea are old
    assert (anna.new_products_91d, anna.new_product_share_91d) == (1, 0.5)
    # bought nothing within 91 days
    assert ben.new_products_91d == 0
    assert pd.isna(ben.new_product_share_91d)


def test_member_taste_places_categories_by_spend_and_compares_with_the_shop() -> None:
    dairy, drinks = row("member_taste", "anna", "DAIRY"), row("member_taste", "ben", "DRINKS")
    assert (dairy.spend_place, row("member_taste", "anna", "BAKERY").spend_place) == (1, 2)
    # 10 of anna's 16 against 10 of the shop's 28
    assert dairy.share_lift == pytest.approx((10 / 16) / (10 / 28), abs=1e-6)
    assert drinks.share_lift == pytest.approx((9 / 12) / (9 / 28), abs=1e-6)
    # anna and ben ordered bread once each
    assert row("member_taste", "anna", "BAKERY").order_rank == row("member_taste", "ben", "BAKERY").order_rank == 0.0


def test_member_advocacy_counts_chains_once_and_nobody_as_their_own() -> None:
    anna, ben, cleo = (row("member_advocacy", name) for name in ("anna", "ben", "cleo"))
    # anna brought ben and dora, ben cleo, cleo anna: a circle of three with dora beside it
    assert (anna.members_brought, anna.members_in_chain) == (2, 3)
    assert (ben.members_brought, ben.members_in_chain) == (1, 3)
    assert (cleo.members_brought, cleo.members_in_chain) == (1, 3)
    assert anna.last_brought_at == datetime(2017, 2, 5, 10, tzinfo=UTC)
    assert (ben.shares_91d, ben.shares_365d) == (1, 2)
    fay = row("member_advocacy", "fay")
    assert (fay.members_brought, fay.members_in_chain, fay.shares_91d) == (0, 0, 1)
    assert pd.isna(fay.last_brought_at)


def test_member_facts_hold_the_latest_value_as_a_text_and_as_a_number() -> None:
    points, skin, words = (
        row("member_facts", *key) for key in (("anna", "points"), ("anna", "skin"), ("ben", "points"))
    )
    assert (points.value, points.number, points.observations) == (" 80.5 ", 80.5, 2)
    assert points.observed_at == datetime(2017, 5, 1, 10, tzinfo=UTC)
    assert skin.value == "dry"
    assert pd.isna(skin.number)
    assert pd.isna(words.number)
