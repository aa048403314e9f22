"""In what an audience differs from its population."""

from __future__ import annotations

import numpy as np
import pytest
from literal_audience_shop import MEMBERS

from serving.audiences.category_shares import CategoryShares, category_buyers, category_shares
from serving.audiences.member_columns import MemberColumns
from serving.audiences.profile import Difference, profile_of
from serving.audiences.shop_at import ShopAt

EVERYBODY = np.arange(6)


@pytest.fixture(scope="module")
def columns(shop: ShopAt) -> MemberColumns:
    return MemberColumns(shop, np.array(MEMBERS))


def found(differences: list[Difference]) -> dict[tuple[str, str | None], Difference]:
    return {(each.name, each.value): each for each in differences}


def test_means_and_shares_are_those_of_whom_they_are_known_of(shop: ShopAt) -> None:
    many = np.array(["m1", "m2", "m3", "m4"] * 2)
    profile = found(profile_of(MemberColumns(shop, many), chosen=np.array([0, 1, 4, 5]), population=np.arange(8)))
    spend = profile["spend_91d", None]
    # m4's spend is not known
    assert (spend.kind, spend.audience, spend.population) == ("mean", 45.0, 30.0)
    city = profile["city", "Bern"]
    assert (city.kind, city.audience, city.population) == ("share", 1.0, 0.75)


def test_a_value_that_hardly_anybody_has_is_no_trait(columns: MemberColumns) -> None:
    assert ("city", "Chur") not in found(profile_of(columns, chosen=np.array([3]), population=EVERYBODY))


def test_everybody_does_not_differ_from_everybody(columns: MemberColumns) -> None:
    profile = profile_of(columns, chosen=EVERYBODY, population=EVERYBODY)
    assert profile
    assert not any(each.is_significant or each.effect for each in profile)


def test_categories_are_compared_and_the_strongest_difference_comes_first(columns: MemberColumns) -> None:
    shares = CategoryShares(
        categories=("CHEESE", "WINE"),
        audience=np.array([0.9, 0.5]),
        population=np.array([0.5, 0.5]),
        audience_members=400,
        population_members=4_000,
    )
    profile = profile_of(columns, chosen=np.array([0, 1]), population=EVERYBODY, categories=shares)
    first = profile[0]
    assert (first.name, first.value, first.is_significant) == ("bought_category", "CHEESE", True)
    assert first.to_json()["sentence"] == {
        "en": "bought within 91 days: CHEESE - 90.0% in the audience, 50.0% among all members",
        "zh": "91天内购买：CHEESE：人群90.0%，全体会员50.0%",
    }
    assert first.to_json()["ratio"] == 1.8


def test_category_shares_count_buyers_of_the_last_91_days(shop: ShopAt) -> None:
    buyers = category_buyers(shop, np.array(MEMBERS))
    shares = category_shares(buyers, count=len(MEMBERS), chosen=np.array([0, 1]), population=EVERYBODY)
    assert shares.categories == ("CHEESE", "WINE")
    assert shares.audience.tolist() == [1.0, 0.5]
    # m6 bought wine longer ago
    assert shares.population.tolist() == [pytest.approx(2 / 6), pytest.approx(1 / 6)]
