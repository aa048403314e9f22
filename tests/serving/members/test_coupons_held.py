from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from literal_view import AS_OF, BOOK
from online_members import ANNA

from features.contracts.clock import days_since_epoch
from features.store.packed_profile import GivenCampaign, MemberProfile, RedeemedCoupon
from training.release.coupon_offers import CouponField
from training.release.coupons import Coupons


def profile(*given: str, redeemed: tuple[tuple[str, str], ...] = ()) -> MemberProfile:
    return MemberProfile(
        given=tuple(GivenCampaign(campaign_id=each, given_at=AS_OF) for each in given),
        redeemed=tuple(RedeemedCoupon(campaign_id=campaign, coupon_id=coupon) for campaign, coupon in redeemed),
    )


def held(own: MemberProfile, *, claimed=(), used=(), as_of=AS_OF, book=BOOK, packed=None):
    return [
        (each.coupon_id, each.how) for each in book.held(own, packed, claimed=set(claimed), used=set(used), as_of=as_of)
    ]


def test_given_coupons_of_running_campaigns_are_held_and_others_are_not():
    assert held(profile("spring", "over")) == [("c1", "given"), ("c2", "given")]
    assert held(profile()) == []


def test_a_coupon_used_before_the_release_or_since_is_not_held():
    assert held(profile("spring", redeemed=(("spring", "c1"),))) == [("c2", "given")]
    assert held(profile("spring"), used=["c2"]) == [("c1", "given")]
    assert held(profile("spring"), claimed=["c2"], used=["c1", "c2"]) == []


def test_a_claimed_coupon_is_held_even_when_the_tables_do_not_know_it():
    assert held(profile(), claimed=["c3", "c4", "new"]) == [("c3", "claimed"), ("new", "claimed")]


def test_a_coupon_ends_with_its_campaign_whenever_that_is_asked():
    assert held(profile("short"), as_of=AS_OF + timedelta(hours=23)) == [("c3", "given")]
    assert held(profile("short"), as_of=AS_OF + timedelta(days=1)) == []


def test_coupons_that_end_first_come_first():
    assert held(profile("spring", "short")) == [("c3", "given"), ("c1", "given"), ("c2", "given")]


@pytest.fixture
def named() -> Coupons:
    table = pd.DataFrame(
        {
            "coupon_id": ["c2", "c1"],
            "campaign_id": ["spring", "spring"],
            "name": ["Coupon for TEA", "Coupon for MILK"],
            "category": [None, None],
            "starts_days": days_since_epoch(AS_OF),
            "ends_days": days_since_epoch(AS_OF) + 5,
            "is_open": False,
            "orders_91d": 1,
        }
    )
    return Coupons(table=table, product_rows=np.array([0, 0]), starts=np.array([0, 1, 2]))


def test_the_likeliest_coupon_comes_first_under_its_name(named):
    values = np.zeros((2, len(CouponField)), dtype=np.float32)
    values[:, CouponField.ROW], values[:, CouponField.EXPECTED] = [0, 1], [0.5, 0.1]
    packed = replace(ANNA, coupon_ids=("c2", "c1"), coupon_values=values)
    found = replace(BOOK, named=named).held(profile("spring", "short"), packed, claimed=(), used=(), as_of=AS_OF)
    assert [(each.coupon_id, each.name, each.chance) for each in found] == [
        ("c2", "Coupon for TEA", 0.5),
        ("c1", "Coupon for MILK", 0.1),
        ("c3", "c3", None),
    ]
    assert [each.ends_on for each in found] == [date(2018, 1, 4), date(2018, 1, 4), date(2017, 12, 31)]


def test_a_benefit_is_a_running_campaign_of_which_nothing_was_used():
    own = profile("spring", "short", "over", redeemed=(("spring", "c1"),))
    (benefit,) = BOOK.unused(own, as_of=AS_OF, locale="en")
    assert (benefit.campaign_id, benefit.coupons, benefit.ends_on) == ("short", 1, date(2017, 12, 31))
    assert benefit.sentence == "Was given 1 coupon(s) of short and has used none; they end on 2017-12-31."
    both = BOOK.unused(profile("spring", "short"), as_of=AS_OF, locale="zh")
    assert [each.sentence for each in both] == [
        "获得short的1张优惠券，尚未使用，2017-12-31到期。",
        "获得Spring的2张优惠券，尚未使用，2018-01-04到期。",
    ]
