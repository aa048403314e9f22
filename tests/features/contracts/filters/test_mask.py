"""What a filter lets through: two-valued logic in which a comparison with something missing is false."""

from __future__ import annotations

import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.contracts.errors import BadRequest
from features.contracts.filters.columns import Columns, number_column, text_column, texts_column, truth_column
from features.contracts.filters.mask import mask
from features.contracts.filters.parse import parse_filter

COLUMNS = Columns(
    size=4,
    by_name={
        "品牌": text_column(["乙", "甲", None, "乙"]),
        "brand": text_column(["b", "a", None, "c"]),
        "price": number_column([1, 2.5, None, float("inf")]),
        "tags": texts_column([["new", "lover:TEA"], [], ["active"], ["lover:TEA"]]),
        "own": truth_column([True, 0, None, 1.0]),
    },
)


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("brand == 'b'", [1, 0, 0, 0]),
        ("brand != 'b'", [0, 1, 0, 1]),
        ("brand == 'z'", [0, 0, 0, 0]),
        ("brand != 'z'", [1, 1, 0, 1]),
        ("brand < 'b'", [0, 1, 0, 0]),
        ("brand <= 'b'", [1, 1, 0, 0]),
        ("brand > 'a'", [1, 0, 0, 1]),
        ("brand >= 'aa'", [1, 0, 0, 1]),
        ("brand >= ''", [1, 1, 0, 1]),
        ("brand in ['a', 'c', 'z']", [0, 1, 0, 1]),
        ("brand not in ['a']", [1, 0, 0, 1]),
        ("品牌 == '乙'", [1, 0, 0, 1]),
        ("price < 2", [1, 0, 0, 0]),
        ("price != 1", [0, 1, 0, 0]),
        ("price in [1, 2.5]", [1, 1, 0, 0]),
        ("price not in [1]", [0, 1, 0, 0]),
        ("price is null", [0, 0, 1, 1]),
        ("brand is not null", [1, 1, 0, 1]),
        ("own is null", [0, 0, 1, 0]),
        ("tags has 'lover:TEA'", [1, 0, 0, 1]),
        ("tags has ['new', 'active']", [1, 0, 1, 0]),
        ("tags has 'lover:tea'", [0, 0, 0, 0]),
        ("tags has 'lover:'", [0, 0, 0, 0]),
        ("not tags has 'new'", [0, 1, 1, 1]),
        ("tags is null", [0, 1, 0, 0]),
        ("tags is not null and not tags has 'active'", [1, 0, 0, 1]),
        ("own", [1, 0, 0, 1]),
        ("not own", [0, 1, 1, 0]),
        ("own == false", [0, 1, 0, 0]),
        ("own != true", [0, 1, 0, 0]),
        ("own in [true, false]", [1, 1, 0, 1]),
        ("not (price < 2)", [0, 1, 1, 1]),
        ("brand == 'b' and own or brand == 'a'", [1, 1, 0, 0]),
        ("brand == 'b' and (own or brand == 'a')", [1, 0, 0, 0]),
    ],
)
def test_the_rows_that_pass(text: str, passes: list[int]) -> None:
    assert mask(parse_filter(text), COLUMNS).tolist() == [bool(each) for each in passes]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "own and colour == 'red'",
            "at character 9: there is no attribute 'colour'; there are: brand, own, price, tags, 品牌",
        ),
        ("pricy < 5", "at character 1: there is no attribute 'pricy'; near it: 'price'; there are: brand"),
        ("tags == 'new'", "'tags' is a list of texts, of which `has` asks, so `== 'new'` cannot be asked of it"),
        ("tags in ['new']", "'tags' is a list of texts, of which `has` asks, so `in 'new'`"),
        ("tags", "'tags' is a list of texts, of which `has` asks; compare it with a value"),
        ("tags has 5", "so `has 5.0` cannot be asked of it"),
        ("brand has 'a'", "'brand' is a text, one to a row; `has` asks of lists, as of tags"),
        ("price == 'a'", "'price' is a number, so `== 'a'` cannot be asked of it"),
        ("brand < 5", "'brand' is a text, so `< 5.0` cannot be asked of it"),
        ("brand in ['a', 5]", "'brand' is a text, so `in 5.0`"),
        ("price in [1, 'a']", "'price' is a number, so `== 'a'`"),
        ("own > true", "'own' is true or false, so `> true`"),
        ("own == 1", "'own' is true or false, so `== 1.0`"),
        ("price == true", "'price' is a number, so `== true`"),
        ("price", "'price' is a number; compare it with a value"),
    ],
)
def test_an_unknown_name_or_another_type_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(BadRequest) as caught:
        mask(parse_filter(text), COLUMNS)
    assert sentence in str(caught.value)


SIGNS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
words = st.text(alphabet="ab甲", max_size=2)


@given(st.lists(st.none() | words, min_size=1, max_size=8), st.sampled_from(sorted(SIGNS)), words)
def test_texts_compare_as_python_compares_them(values: list[str | None], sign: str, other: str) -> None:
    columns = Columns(size=len(values), by_name={"x": text_column(values)})
    expected = [value is not None and SIGNS[sign](value, other) for value in values]
    assert mask(parse_filter(f"x {sign} '{other}'"), columns).tolist() == expected


@given(st.lists(st.none() | st.integers(-3, 3), min_size=1, max_size=8), st.sampled_from(sorted(SIGNS)))
def test_numbers_compare_as_python_compares_them(values: list[int | None], sign: str) -> None:
    columns = Columns(size=len(values), by_name={"x": number_column(values)})
    expected = [value is not None and SIGNS[sign](value, 1) for value in values]
    assert mask(parse_filter(f"x {sign} 1"), columns).tolist() == expected


def test_the_columns_are_left_as_they_are() -> None:
    before = COLUMNS.by_name["price"]
    copy = number_column([1, 2.5, None, None])
    mask(parse_filter("price < 2 and own and brand == 'a'"), COLUMNS)
    assert np.array_equal(before.numbers, copy.numbers, equal_nan=True)  # type: ignore[union-attr]  # a number column
