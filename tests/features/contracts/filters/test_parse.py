"""The grammar of filters: what it understands, and where it says that it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.contracts.errors import BadRequest
from features.contracts.filters.parse import DEEPEST, parse_filter
from features.contracts.filters.tokens import MOST_CHARACTERS
from features.contracts.filters.tree import Both, Comparison, Either, Holding, Membership, Missing, Name, Not, Truth

PRICE = Comparison(Name("price", 1), "<", 5.0)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("price < 5", PRICE),
        ("price<5", PRICE),
        ("(price < 5)", Comparison(Name("price", 2), "<", 5.0)),
        ("price == -1.5e2", Comparison(Name("price", 1), "==", -150.0)),
        ("brand != 'Maker 2'", Comparison(Name("brand", 1), "!=", "Maker 2")),
        (r'brand == "a \"b\" \\ c"', Comparison(Name("brand", 1), "==", 'a "b" \\ c')),
        ("own == TRUE", Comparison(Name("own", 1), "==", True)),
        ("own", Truth(Name("own", 1))),
        ("not own", Not(Truth(Name("own", 5)))),
        ("brand in ['a', \"b\"]", Membership(Name("brand", 1), ("a", "b"), is_negated=False)),
        ("price not in [1]", Membership(Name("price", 1), (1.0,), is_negated=True)),
        ("price is null", Missing(Name("price", 1), is_negated=False)),
        ("price IS NOT NULL", Missing(Name("price", 1), is_negated=True)),
        ("品牌 == '甲'", Comparison(Name("品牌", 1), "==", "甲")),
        ("`pack size` >= 2", Comparison(Name("pack size", 1), ">=", 2.0)),
        ("facts.points > 1", Comparison(Name("facts.points", 1), ">", 1.0)),
        ("facts.皮肤.2024 is null", Missing(Name("facts.皮肤.2024", 1), is_negated=False)),
        ("tags has 'new'", Holding(Name("tags", 1), ("new",))),
        ("tags HAS [\"lover:茶\", 'new']", Holding(Name("tags", 1), ("lover:茶", "new"))),
        ("not tags has 'new'", Not(Holding(Name("tags", 5), ("new",)))),
        ("has has 'new'", Holding(Name("has", 1), ("new",))),
        ("has == 1", Comparison(Name("has", 1), "==", 1.0)),
        ("`and` == 1", Comparison(Name("and", 1), "==", 1.0)),
    ],
)
def test_a_filter_is_understood(text: str, tree: object) -> None:
    assert parse_filter(text) == tree


def test_and_binds_closer_than_or_and_not_closest() -> None:
    a, b, c = Truth(Name("a", 1)), Truth(Name("b", 10)), Truth(Name("c", 16))
    assert parse_filter("a or not b and c") == Either((a, Both((Not(b), c))))
    assert parse_filter("(a or b) and c") == Both(
        (Either((Truth(Name("a", 2)), Truth(Name("b", 7)))), Truth(Name("c", 14)))
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "at character 1: the end comes where the name of an attribute should"),
        ("price = 3", "at character 7: write == to compare"),
        ("price == ", "at character 10: the end comes where a text, a number"),
        ("price == five", "'five' comes where a text, a number, true or false should; texts stand in quotes"),
        ("brand == 'x", "at character 10: the ' has no other end"),
        ("(price < 5", "at character 11: the end comes where ')' should"),
        ("price < 5)", "at character 10: ')' comes where and, or or the end should"),
        ("price < 5 price", "'price' comes where and, or or the end should"),
        ("5 < price", "'5' comes where the name of an attribute should"),
        ("brand in []", "']' comes where a text"),
        ("brand in ['a'", "the end comes where ']' should"),
        ("brand not 'a'", "'a' comes where in should"),
        ("brand is 'a'", "'a' comes where null should"),
        ("facts. > 1", "at character 6: '.' means nothing here"),
        ("tags has new", "'new' comes where a text"),
        ("own && own", "write and, or, not in words"),
        ("price == 1x", "means nothing here"),
        ("price == 1e999", "'1e999' is too large"),
        ("price; own", "';' means nothing here"),
        ("__import__('os')", "'(' comes where and, or or the end should"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, sentence: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_filter(text)
    assert sentence in str(caught.value)


def test_length_and_depth_are_bounded() -> None:
    with pytest.raises(BadRequest, match=f"at most {MOST_CHARACTERS}"):
        parse_filter("a" * (MOST_CHARACTERS + 1))
    assert parse_filter("not " * (DEEPEST - 1) + "a")
    for text in ("not " * DEEPEST + "a", "(" * DEEPEST + "a" + ")" * DEEPEST):
        with pytest.raises(BadRequest, match=f"more than {DEEPEST}"):
            parse_filter(text)


@given(st.text(max_size=60) | st.text(alphabet="ab<>=!()[]'\"`,.0123456789 \\andornotinis", max_size=60))
def test_any_text_is_understood_or_refused_and_nothing_else(text: str) -> None:
    try:
        parse_filter(text)
    except BadRequest as error:
        assert str(error).startswith("filter: ")  # noqa: PT017 - both outcomes are right
