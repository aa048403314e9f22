"""Coupons as an answer: eligible, likeliest first, with a true reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from literal_asks import AS_OF, BREAD, BUTTER, CHEESE, WINE, ask, release

from features.contracts.clock import days_since_epoch
from features.contracts.ids import MemberId
from features.store.packed_member import PackedMember
from serving.answers import RecommendedItem
from serving.recommendations.ask import Ask
from serving.recommendations.coupon_offers import offer_coupons
from training.release.coupon_offers import CouponField
from training.release.coupons import Coupons

NOW = days_since_epoch(AS_OF)
TABLE = [
    # coupon, category, starts, ends, is_open, orders, covered rows
    ("bakery", "BAKERY", NOW - 9, NOW + 4, False, 40, [BREAD]),
    ("dairy", "DAIRY", NOW - 9, NOW + 4, True, 30, [BUTTER, CHEESE]),
    ("over", "DRINKS", NOW - 9, NOW, True, 20, [WINE]),
    ("drinks", "DRINKS", NOW - 9, NOW + 4, True, 10, [WINE]),
]
ROW = {row[0]: place for place, row in enumerate(TABLE)}
COUPONS = Coupons(
    table=pd.DataFrame(
        [row[:6] for row in TABLE],
        columns=["coupon_id", "category", "starts_days", "ends_days", "is_open", "orders_91d"],
    ).assign(campaign_id="c", name=[f"Coupon for {row[1]}" for row in TABLE]),
    product_rows=np.array([row for each in TABLE for row in each[6]], dtype=np.int64),
    starts=np.cumsum([0, *(len(each[6]) for each in TABLE)]).astype(np.int64),
)


def member(*coupons: tuple[str, float, int, int]) -> PackedMember:
    """A member with coupons: id, chance, shelf row of what was bought of it (-1: nothing), orders of its category."""
    values = np.zeros((len(coupons), len(CouponField)), dtype=np.float32)
    for place, (coupon, chance, bought, orders) in enumerate(coupons):
        values[place, [CouponField.ROW, CouponField.EXPECTED]] = ROW[coupon], chance
        values[place, [CouponField.BOUGHT, CouponField.CATEGORY_ORDERS]] = bought, orders
    return PackedMember(
        member_id=MemberId("anna"),
        as_of=datetime(2017, 12, 4, 5, tzinfo=UTC),
        vector=np.zeros(1, dtype=np.float32),
        candidate_ids=(),
        candidate_values=np.empty((0, 0), dtype=np.float32),
        recent_product_ids=(),
        recent_ordered_days=(),
        texts=(),
        coupon_ids=tuple(each[0] for each in coupons),
        coupon_values=values if coupons else np.empty((0, 0), dtype=np.float32),
    )


ANNA = member(("dairy", 0.5, CHEESE, 4), ("bakery", 0.25, -1, 3), ("over", 0.2, -1, 0), ("drinks", 0.125, -1, 0))


def asked(packed: PackedMember | None = ANNA, *, eligible: Sequence[int] | None = None, **query: object) -> Ask:
    made = replace(release(), coupons=COUPONS)
    return replace(
        ask(made, "coupon", eligible=eligible, count=int(str(query.pop("count", 10))), **query), packed=packed
    )


def items(request: Ask) -> dict[str, RecommendedItem]:
    return {item.id: item for item in offer_coupons(request).items}


def test_running_coupons_come_by_the_chance_of_being_used() -> None:
    offered = offer_coupons(asked(count=3))
    assert [item.id for item in offered.items] == ["dairy", "bakery", "drinks"]
    assert [item.score for item in offered.items] == [0.5, 0.25, 0.125]
    assert offered.filtered == {"not_running": 1}


def test_a_coupon_tells_its_name_its_last_day_and_what_it_covers_bought_things_first() -> None:
    dairy = items(asked())["dairy"]
    assert (dairy.type, dairy.name, dairy.source) == ("coupon", "Coupon for DAIRY", "coupon_redemption")
    assert [each.product_id for each in dairy.products] == ["cheese", "butter"]
    # five in the morning UTC is midnight in the shops: the seventh is its last day
    assert dairy.ends_on == date(2017, 12, 7)


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        (
            "en",
            {
                "dairy": ("coupon_for_bought", "It covers Cheese, which you bought."),
                "bakery": ("coupon_for_category", "It covers BAKERY, which you often buy."),
                "drinks": ("coupon_running", "It can be used until 2017-12-07."),
            },
        ),
        (
            "zh",
            {
                "dairy": ("coupon_for_bought", "适用于您买过的Cheese。"),
                "bakery": ("coupon_for_category", "适用于您常买的BAKERY。"),
                "drinks": ("coupon_running", "有效期至2017-12-07。"),
            },
        ),
    ],
)
def test_the_reason_is_true_of_the_member(locale: str, expected: dict[str, tuple[str, str]]) -> None:
    found = items(asked(locale=locale))
    assert {key: (item.reasons[0].code, item.reasons[0].sentence) for key, item in found.items()} == expected


def test_somebody_unknown_gets_the_open_coupons_most_ordered_first() -> None:
    offered = offer_coupons(asked(None))
    assert [(item.id, item.source) for item in offered.items] == [("dairy", "popularity"), ("drinks", "popularity")]
    assert [item.reasons[0].code for item in offered.items] == ["coupon_popular", "coupon_running"]


def test_a_member_without_coupons_gets_none_rather_than_what_was_redeemed_already() -> None:
    offered = offer_coupons(asked(member(), count=2))
    assert offered.items == ()
    assert offered.filtered == {"no_more_coupons": 2}


def test_excluded_coupons_do_not_come_and_are_counted() -> None:
    offered = offer_coupons(asked(exclude=frozenset({"dairy"}), count=2))
    assert [item.id for item in offered.items] == ["bakery", "drinks"]
    assert offered.filtered == {"not_running": 1, "excluded": 1}


def test_only_the_coupons_asked_for_come_and_strange_ones_are_counted() -> None:
    offered = offer_coupons(asked(item_ids=("drinks", "dairy", "nonsense"), count=2))
    assert [item.id for item in offered.items] == ["dairy", "drinks"]
    assert offered.filtered == {"not_running": 1, "not_asked_for": 1, "unknown": 1}


def test_a_coupon_needs_a_product_that_may_come_and_names_those_alone() -> None:
    offered = offer_coupons(asked(eligible=[BUTTER, WINE], count=3))
    assert {item.id: [each.product_id for each in item.products] for item in offered.items} == {
        "dairy": ["butter"],
        "drinks": ["wine"],
    }
    assert offered.filtered == {"not_running": 1, "no_eligible_product": 1, "no_more_coupons": 1}


def test_a_coupon_stops_at_its_last_moment_and_not_before() -> None:
    early = replace(asked(), as_of=AS_OF - timedelta(minutes=5))
    assert "over" in items(early)
    assert "over" not in items(asked())


def test_a_release_without_coupons_has_none_to_give() -> None:
    offered = offer_coupons(ask(release(), "coupon", count=4))
    assert (offered.items, offered.filtered) == ((), {"no_more_coupons": 4})
