"""The best running coupon of each member."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.contracts.ids import MemberId
from serving.audiences.best_coupons import best_of, usable_coupons
from training.protocol import Rows
from training.release.coupon_offers import CouponField
from training.release.coupons import Coupons

COUPONS = Coupons(
    table=pd.DataFrame(
        {
            "coupon_id": ["c0", "c1", "c2", "c3"],
            "starts_days": [0.0, 0.0, 5.0, 20.0],
            "ends_days": [30.0, 10.0, 30.0, 30.0],
        }
    ),
    product_rows=np.array([0, 1, 2, 3, 1]),
    starts=np.array([0, 2, 3, 4, 5]),
)


def rows(*places: int) -> Rows:
    return np.array(places, dtype=np.int64)


def offer(*coupon_rows: int) -> np.ndarray:
    values = np.zeros((len(coupon_rows), len(CouponField)), dtype=np.float32)
    values[:, CouponField.ROW] = coupon_rows
    return values


def test_running_coupons_for_the_target_leave_out_the_others() -> None:
    usable, is_for_target = usable_coupons(COUPONS, rows(1, 9), now_days=15)
    assert is_for_target
    # c1 has ended, c2 is for other products, c3 covers product 1 and has not begun
    assert usable.tolist() == [True, False, False, False]


def test_without_one_for_the_target_every_running_coupon_may_come() -> None:
    usable, is_for_target = usable_coupons(COUPONS, rows(9), now_days=15)
    assert not is_for_target
    assert usable.tolist() == [True, False, True, False]


def test_a_member_gets_the_likeliest_that_is_usable_or_none() -> None:
    offers = {
        MemberId("m1"): (("c2", "c0"), offer(2, 0)),
        MemberId("m2"): (("c2",), offer(2)),
    }
    usable = np.array([True, False, False, False])
    assert best_of(["m2", "m1", "m3"], offers, usable) == [None, "c0", None]
