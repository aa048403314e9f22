from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from training.launches.analogues import TIERS, LaunchPlace, place_launch, tier_weights
from training.launches.lines import NOTHING
from training.launches.moment import LaunchMoment
from training.launches.product_names import product_names
from training.propensity.activity import SetActivity
from training.propensity.groupings import groupings_of
from training.propensity.likings import Taste
from training.propensity.moment import ProductColumns
from training.propensity.target import LaunchDescription

PRODUCTS = pd.DataFrame(
    [
        ("a-far-price", "SNACKS", "CRISPS", "Other", 9.0, 900.0, 50.0),
        ("b-same-all", "SNACKS", "CRISPS", "Maker", 2.0, 900.0, 5.0),
        ("c-same-type", "SNACKS", "CRISPS", "Other", 2.0, 900.0, 5.0),
        ("d-same-brand", "SNACKS", "NUTS", "Maker", 2.0, 900.0, 5.0),
        ("e-young", "SNACKS", "CRISPS", "Other", 2.0, 30.0, 5.0),
        ("f-other-category", "SOAPS", "CRISPS", "Maker", 2.0, 900.0, 5.0),
        ("g-not-sold", "SNACKS", "CRISPS", "Maker", 2.0, 900.0, 0.0),
    ],
    columns=["product_id", "category", "subcategory", "brand", "price", "days_on_sale", "buyers_91d"],
).assign(department="ALL", is_private_label=False)
DESCRIPTION = LaunchDescription(category="SNACKS", subcategory="CRISPS", brand="Maker", price=2.0)


def nothing(members: int = 1) -> SetActivity:
    empty = np.zeros(members)
    sums = ("orders_28d", "orders_91d", "orders_365d", "spend_365d", "fast_orders", "decayed_orders", "slow_orders")
    return SetActivity(
        first_days=empty * np.nan,
        last_days=empty * np.nan,
        week_bits=np.zeros(members, dtype=np.int64),
        **dict.fromkeys(sums, empty),
    )


class NoCells:
    def unions(self, sets: object) -> list[SetActivity]:
        return [nothing() for _ in sets]  # type: ignore[attr-defined]  # a sequence of sets


@pytest.fixture
def moment() -> LaunchMoment:
    groupings = groupings_of(PRODUCTS)
    columns = {name: PRODUCTS[name].to_numpy(dtype=float) for name in ("price", "days_on_sale", "buyers_91d")}
    none = np.zeros(len(PRODUCTS))
    return LaunchMoment(
        as_of_days=1000.0,
        groupings=groupings,
        names=product_names(groupings),
        cells=NoCells(),
        visits=nothing(),
        taste=Taste(np.zeros((1, 2), dtype=np.float32)),
        products=ProductColumns(**columns, discount_depth=none, is_private_label=none),
    )


def placed(moment: LaunchMoment, description: LaunchDescription, *, watched_days: float = 500.0) -> LaunchPlace:
    return place_launch(moment, description, hidden=NOTHING, watched_days=watched_days)


def ids(place: LaunchPlace) -> list[str]:
    return PRODUCTS["product_id"].iloc[place.analogues].tolist()


def test_analogues_are_those_of_the_category_on_sale_most_similar_first(moment: LaunchMoment) -> None:
    place = placed(moment, DESCRIPTION)
    assert ids(place) == ["b-same-all", "e-young", "c-same-type", "d-same-brand", "a-far-price"]
    assert place.similarity[0] == pytest.approx(2.4)


def test_the_marketers_own_analogues_lead(moment: LaunchMoment) -> None:
    description = LaunchDescription(
        category="SNACKS", subcategory="CRISPS", brand="Maker", price=2.0, analogues=("f-other-category",)
    )
    assert ids(placed(moment, description))[0] == "f-other-category"


def test_what_the_marketer_takes_away_is_no_analogue_and_still_of_the_category(moment: LaunchMoment) -> None:
    place = placed(moment, replace(DESCRIPTION, unlike=("b-same-all", "unknown")))
    assert ids(place) == ["e-young", "c-same-type", "d-same-brand", "a-far-price"]
    assert 1 not in np.concatenate(place.tiers)
    assert 1 in place.category


def test_what_is_as_old_as_the_watch_is_not_taken_for_young(moment: LaunchMoment) -> None:
    assert ids(placed(moment, DESCRIPTION, watched_days=10.0))[1] == "c-same-type"


def test_a_hidden_product_stands_nowhere(moment: LaunchMoment) -> None:
    place = place_launch(moment, DESCRIPTION, hidden=np.array([1]), watched_days=500.0)
    everywhere = np.concatenate([place.category, place.type, place.brand, place.analogues, *place.tiers])
    assert 1 not in everywhere


def test_what_was_left_unsaid_says_nothing(moment: LaunchMoment) -> None:
    place = placed(moment, LaunchDescription(category="SNACKS"))
    assert place.type.tolist() == place.brand.tolist() == []
    assert np.isnan(place.price)
    assert np.isnan(place.is_private_label)


def test_each_product_on_sale_stands_in_one_tier(moment: LaunchMoment) -> None:
    place = placed(moment, DESCRIPTION)
    assert len(place.tiers) == TIERS == len(tier_weights())
    assert sorted(np.concatenate(place.tiers).tolist()) == [0, 1, 2, 3, 4]
    assert (np.diff(tier_weights()) < 0).all()
