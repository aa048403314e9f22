"""What is known of a member, a coupon and a campaign: known answers, and nothing from later."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from literal_coupons import SPRING_AT, literal_coupons

from training.coupons.asks import asks_of_campaigns, offers_of
from training.coupons.campaigns import campaign_rows
from training.coupons.offers import OFFER_FEATURES, offer_matrix, offer_rows

LATER = SPRING_AT + timedelta(days=60)


def rows_of(folder: Path, *, until: datetime | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Offer rows and campaign rows of `spring`."""
    with literal_coupons(folder, until=until) as tables:
        asks = asks_of_campaigns(tables, ["spring"], seen_until=LATER)
        offers = offers_of(tables, asks, seen_until=LATER).drop(columns="is_used")
        return offer_rows(tables, asks, offers), campaign_rows(tables, asks)


def test_the_members_purchases_of_what_a_coupon_covers_are_counted(tmp_path: Path) -> None:
    rows, _ = rows_of(tmp_path)
    milk = rows[(rows["ask"] == 0) & (rows["coupon_id"] == "s-milk")].iloc[0]
    assert (milk.orders_365d, milk.spend_365d, milk.products_bought) == (2, 6.0, 1)
    assert milk.days_since_order == pytest.approx(29 + 16 / 24)
    assert (milk.category_orders, milk.best_category_orders, milk.largest_category_orders) == (2, 2, 2)
    # of all sales within 91 days: two orders of anna's, one of nobody's; one line of three with a coupon
    assert (milk.products, milk.orders_of_all_91d) == (1, 3)
    assert milk.coupon_share == pytest.approx(1 / 3)
    assert milk.price == 2.0
    assert (milk.spend_share, milk.spend_place) == (pytest.approx(6 / 9), 2)


def test_the_largest_category_is_the_first_one_where_two_are_as_large(tmp_path: Path) -> None:
    rows, _ = rows_of(tmp_path)
    everything = rows[(rows["ask"] == 0) & (rows["coupon_id"] == "s-all")].iloc[0]
    assert everything.largest_category_orders == 1  # BAKERY, DAIRY and DRINKS: a third each
    assert everything.category_orders == pytest.approx((2 + 1) / 3)


def test_what_never_happened_has_no_age_and_counts_nothing(tmp_path: Path) -> None:
    rows, _ = rows_of(tmp_path)
    bread = rows[(rows["ask"] == 1) & (rows["coupon_id"] == "s-bread")].iloc[0]
    assert np.isnan(bread.days_since_order)
    assert (bread.orders_365d, bread.spend_365d, bread.category_orders) == (0, 0, 0)
    assert offer_matrix(rows).shape == (6, len(OFFER_FEATURES))


def test_a_campaign_is_known_by_what_the_member_bought_and_redeemed_of_its_kind(tmp_path: Path) -> None:
    _, campaigns = rows_of(tmp_path)
    anna, ben = campaigns.iloc[0], campaigns.iloc[1]
    assert (anna.campaign_coupons, anna.campaign_products, anna.campaign_days, anna.campaign_reach) == (3, 3, 31, 2)
    assert (anna.coupons_bought, anna.coupons_bought_often, anna.most_orders) == (3, 0, 2)
    assert (anna.orders_covered, anna.spend_covered) == (5, 18.0)
    # the winter coupon covers milk: all of one spring coupon, a third of another
    assert anna.similar_redemptions == pytest.approx(1 + 1 / 3)
    assert (ben.coupons_bought, ben.spend_covered, ben.similar_redemptions) == (1, 9.0, 0.0)


def test_dropping_every_row_from_the_start_on_changes_nothing(tmp_path: Path) -> None:
    whole, cut = rows_of(tmp_path), rows_of(tmp_path, until=SPRING_AT)
    for one, other in zip(whole, cut, strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_rows_before_the_start_do_change_what_is_known(tmp_path: Path) -> None:
    whole, cut = rows_of(tmp_path), rows_of(tmp_path, until=SPRING_AT - timedelta(days=45))
    for one, other in zip(whole, cut, strict=True):
        assert not one.equals(other)
