"""Finding products by words, page by page, and others of the same group."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from features.contracts.errors import BadRequest
from features.contracts.ids import ProductId
from serving.recommendations.product_search import ProductSearch
from training.release.products import ProductShelf

PRODUCTS = [
    # id, name, brand, category, subcategory, price; in order of popularity
    ("17", "Whole Milk 1L", "House", "DAIRY", "MILK", 1.299),
    ("4", "Green Tea", "Leaf", "DRINKS", "TEA", 3.5),
    ("99", None, None, None, None, None),
    ("8", "Black Tea", "Leaf", "DRINKS", "TEA", None),
    ("23", "Skimmed Milk", "Farm", "DAIRY", "MILK", 1.0),
    ("3", "绿茶", "茶叶", "DRINKS", "TEA", 5.0),
    ("5", "Butter", "House", "DAIRY", "SPREADS", 2.0),
    ("6", "ÉCLAIR", "House", "BAKERY", None, 2.0),
    ("7", "Yoghurt", "Farm", "DAIRY", None, 2.0),
]
IDS = [product[0] for product in PRODUCTS]


@pytest.fixture(scope="module")
def search() -> ProductSearch:
    table = pd.DataFrame(PRODUCTS, columns=["product_id", "name", "brand", "category", "subcategory", "price"])
    return ProductSearch(ProductShelf(table=table, matrix=np.zeros((len(table), 1), dtype=np.float32)))


def ids(search: ProductSearch, text: str, *, limit: int = 100) -> list[str]:
    return [card.product_id for card in search.page(text, limit=limit, cursor=None).items]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("milk", ["17", "23"]),
        ("MiLk", ["17", "23"]),
        ("tea leaf", ["4", "8"]),
        ("leaf tea", ["4", "8"]),
        ("black leaf drinks", ["8"]),
        ("house", ["17", "5", "6"]),
        ("dairy", ["17", "23", "5", "7"]),
        ("spreads", ["5"]),
        ("99", ["99"]),
        ("绿茶", ["3"]),
        ("绿", ["3"]),
        ("éclair", ["6"]),
        ("milk tea", []),
        ("  ", IDS),
        ("", IDS),
        ("none", []),
        ("nan", []),
        (".*", []),
    ],
)
def test_every_word_must_stand_in_name_brand_groups_or_id(search: ProductSearch, text: str, found: list[str]) -> None:
    assert ids(search, text) == found


def test_a_card_shows_the_product(search: ProductSearch) -> None:
    card = search.page("whole", limit=1, cursor=None).items[0]
    assert (card.product_id, card.name, card.brand, card.category, card.price, card.score) == (
        ("17", "Whole Milk 1L", "House", "DAIRY", 1.3, None)
    )


def test_what_is_not_known_of_a_product_is_none(search: ProductSearch) -> None:
    card = search.page("99", limit=1, cursor=None).items[0]
    assert (card.name, card.brand, card.category, card.price) == ("99", None, None, None)
    unknown = search.card(ProductId("404"), score=0.5)
    assert (unknown.product_id, unknown.name, unknown.brand, unknown.price, unknown.score) == (
        ("404", "404", None, None, 0.5)
    )


@hypothesis_settings(max_examples=60, deadline=None, derandomize=True)
@given(text=st.sampled_from(["", "milk", "dairy", "tea", "e", "404"]), limit=st.integers(1, 12))
def test_pages_cover_everything_once_in_order(search: ProductSearch, text: str, limit: int) -> None:
    whole = ids(search, text, limit=1000)
    seen: list[str] = []
    cursor: str | None = None
    for turned in range(len(IDS) + 2):
        page = search.page(text, limit=limit, cursor=cursor)
        assert len(page.items) <= limit
        seen += [card.product_id for card in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
        assert len(page.items) == limit, turned
    assert cursor is None
    assert seen == whole


def test_a_last_page_that_is_just_full_has_no_next_one(search: ProductSearch) -> None:
    page = search.page("milk", limit=2, cursor=None)
    assert len(page.items) == 2
    assert page.next_cursor is None


@pytest.mark.parametrize("cursor", ["-1", "x", "1.5", "1e3", "", " 1"])
def test_a_cursor_that_was_never_given_out_is_refused(search: ProductSearch, cursor: str) -> None:
    with pytest.raises(BadRequest, match=r"cursor: .* leave it out for the first page"):
        search.page("", limit=1, cursor=cursor)


def test_a_cursor_beyond_the_end_finds_nothing(search: ProductSearch) -> None:
    page = search.page("", limit=5, cursor="9" * 400)
    assert page.items == ()
    assert page.next_cursor is None


def test_others_of_the_subcategory_come_before_others_of_the_category(search: ProductSearch) -> None:
    found = search.of_same_group(ProductId("23"), leave_out={ProductId("23")}, count=10)
    assert [card.product_id for card in found] == ["17", "5", "7"]


def test_no_more_than_asked_for_and_nothing_that_is_left_out(search: ProductSearch) -> None:
    left_out = {ProductId("23"), ProductId("17")}
    assert [card.product_id for card in search.of_same_group(ProductId("23"), leave_out=left_out, count=1)] == ["5"]
    assert search.of_same_group(ProductId("23"), leave_out=left_out, count=0) == []
    assert left_out == {"23", "17"}


def test_a_product_without_groups_has_no_others(search: ProductSearch) -> None:
    assert search.of_same_group(ProductId("99"), leave_out={ProductId("99")}, count=5) == []
    assert search.of_same_group(ProductId("6"), leave_out={ProductId("6")}, count=5) == []
    found = search.of_same_group(ProductId("7"), leave_out={ProductId("7")}, count=5)
    assert [card.product_id for card in found] == ["17", "23", "5"]
