"""How the report names what the booster read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from literal_audience_desk import LiteralScorer

from serving.audiences.report import told_names
from training.propensity.target import EventTarget, EventType, LapseTarget, ProductsTarget, Target

NAMES = ("set__orders_91d", "brand__orders_91d", "category__orders_91d", "member_value__spend_91d", "log_horizon")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (ProductsTarget(product_ids=("p1",)), NAMES),
        (
            EventTarget(type=EventType.COUPON_REDEEMED),
            ("set__orders_91d", "set__orders_91d", "visits__orders_91d", *NAMES[3:]),
        ),
        (EventTarget(type=EventType.VISIT), (*("visits__orders_91d",) * 3, *NAMES[3:])),
        (LapseTarget(), (*("visits__orders_91d",) * 3, *NAMES[3:])),
    ],
)
def test_an_event_has_no_brand_and_a_visit_is_of_anything(target: Target, expected: tuple[str, ...]) -> None:
    scored = LiteralScorer().score(target, horizon_days=28, progress=lambda *_: None)
    scored = replace(scored, feature_names=NAMES, matrix=np.zeros((6, 5), dtype=np.float32))
    assert tuple(told_names(scored)) == expected
