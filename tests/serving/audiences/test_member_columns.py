"""What can be asked of members."""

from __future__ import annotations

import numpy as np
import pytest
from literal_audience_shop import MEMBERS

from features.contracts.errors import BadRequest
from features.contracts.filters.columns import Columns, NumberColumn
from features.contracts.filters.mask import mask
from features.contracts.filters.parse import parse_filter
from serving.audiences.member_columns import MemberColumns
from serving.audiences.shop_at import ShopAt


@pytest.fixture(scope="module")
def columns(shop: ShopAt) -> MemberColumns:
    return MemberColumns(shop, np.array(MEMBERS))


def passing(columns: MemberColumns, text: str) -> list[str]:
    found = mask(parse_filter(text), Columns(size=len(MEMBERS), by_name=columns))
    return [member for member, passes in zip(MEMBERS, found, strict=True) if passes]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('tier == "gold"', ["m1", "m2"]),
        ('tier != "gold"', ["m3", "m4"]),
        ("tier is null", ["m5", "m6"]),
        ("birth_year >= 1980", ["m1", "m2", "m5"]),
        ("is_paid_member", ["m2", "m3", "m5"]),
        ("is_paid_member == false", ["m1"]),
        ('age == "35-44"', ["m2", "m3"]),
        ("kids < 2", ["m3"]),
        ("is_new", ["m1"]),
        ("orders_91d >= 3", ["m1", "m2", "m6"]),
        ("spend_91d is null", ["m4"]),
        ("days_since_order <= 8", ["m1", "m2"]),
        ("facts.points > 100", ["m1"]),
        ("facts.points is null", ["m3", "m4", "m5", "m6"]),
        ('`facts.skin type` == "dry"', ["m2"]),
        ("members_in_chain >= 1", ["m5"]),
        ("days_since_brought < 10", ["m5"]),
        ('tags has "at_risk"', []),
        ('tags has "won_back"', ["m2"]),
        ('tags has ["won_back", "advocate"]', ["m2", "m5"]),
        ('tags has "lover:WINE" and tier == "gold"', ["m2"]),
        ('tags has "slowing" or tags has "lover:CHEESE"', ["m1", "m4", "m5"]),
        ('days_since_order > 80 and gender == "f"', ["m3", "m5"]),
    ],
)
def test_members_are_chosen_by_what_is_known_of_them(columns: MemberColumns, text: str, expected: list[str]) -> None:
    assert passing(columns, text) == expected


def test_a_name_that_is_not_there_is_refused_with_those_that_are(columns: MemberColumns) -> None:
    with pytest.raises(BadRequest, match="there is no attribute 'colour'; there are: age, birth_year, "):
        passing(columns, 'colour == "red"')


def test_a_member_without_a_row_has_nothing_known(shop: ShopAt) -> None:
    columns = MemberColumns(shop, np.array(["m1", "nobody"]))
    spend = columns["spend_91d"]
    assert isinstance(spend, NumberColumn)
    assert spend.numbers[0] == 30.0
    assert np.isnan(spend.numbers[1])
