"""Finding what products are grouped by, and counting what groups have in common."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from serving.answers import GroupKind
from serving.recommendations.product_groups import ProductGroups
from training.release.products import ProductShelf

PRODUCTS = [
    # id, department, category, subcategory, brand; in order of popularity
    ("1", "FRESH", "DAIRY", "MILK", "House"),
    ("2", "FRESH", "DAIRY", "MILK", "Farm"),
    ("3", "FRESH", "DAIRY", "MILK DRINKS", "Farm"),
    ("4", "GROCERY", "DRINKS/MIXES", "TEA", "House"),
    ("5", "GROCERY", "CANDY", "MILK CHOCOLATE", None),
    ("6", None, None, None, None),
]


def shelf(rows: list[tuple[str | None, ...]]) -> ProductShelf:
    table = pd.DataFrame(rows, columns=["product_id", "department", "category", "subcategory", "brand"])
    table["name"] = table["product_id"]
    return ProductShelf(table=table, matrix=np.zeros((len(table), 1), dtype=np.float32))


@pytest.fixture(scope="module")
def groups() -> ProductGroups:
    return ProductGroups(shelf(PRODUCTS))


def found(groups: ProductGroups, text: str, **within: str) -> list[tuple[str, str, int]]:
    kinds: dict[GroupKind, str] = dict(within)  # type: ignore[arg-type]  # keywords are the kinds
    return [(each.kind, each.name, each.products) for each in groups.found(text, within=kinds, limit=9).items]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("milk", [("subcategory", "MILK", 2), ("subcategory", "MILK CHOCOLATE", 1), ("subcategory", "MILK DRINKS", 1)]),
        ("dri mi", [("category", "DRINKS/MIXES", 1), ("subcategory", "MILK DRINKS", 1)]),
        ("mix", [("category", "DRINKS/MIXES", 1)]),
        # a word may stand inside of another, behind those that begin so
        ("ouse", [("brand", "House", 2)]),
        ("nothing", []),
    ],
)
def test_groups_are_found_by_words_of_their_names(groups, text, expected):
    assert found(groups, text) == expected


def test_names_with_words_that_begin_so_come_before_others_however_large_those_are():
    groups = ProductGroups(
        shelf([("1", "OVERT", "A", "B", "C"), ("2", "OVERT", "A", "B", "C"), ("3", "D", "VERT", "B", "C")])
    )
    assert [name for _, name, _ in found(groups, "vert")] == ["VERT", "OVERT"]


def test_only_what_the_groups_asked_for_have_in_common_is_counted(groups):
    page = groups.found("", within={"brand": "Farm", "category": "DAIRY"}, limit=9)
    assert page.products == 2
    assert [(each.kind, each.name, each.products) for each in page.items] == [
        ("department", "FRESH", 2),
        ("subcategory", "MILK", 1),
        ("subcategory", "MILK DRINKS", 1),
    ]


def test_a_name_that_nobody_knows_has_no_products(groups):
    page = groups.found("", within={"brand": "farm"}, limit=9)
    assert (page.products, page.items) == (0, ())


def test_a_group_is_told_with_what_it_is_part_of(groups):
    parents = {each.name: each.parent for each in groups.found("", within={}, limit=99).items}
    assert (parents["MILK"], parents["DAIRY"], parents["FRESH"], parents["Farm"]) == ("DAIRY", "FRESH", None, None)


def test_no_more_than_asked_for_are_told(groups):
    assert len(groups.found("", within={}, limit=2).items) == 2


@pytest.mark.slow
def test_a_hundred_thousand_products_are_searched_within_20_ms():
    rows = [(str(n), f"D{n % 20}", f"C{n % 300}", f"S{n % 2_000}", f"Brand {n % 5_000}") for n in range(100_000)]
    groups = ProductGroups(shelf(rows))
    groups.found("", within={}, limit=1)
    best = min(_timed(lambda: groups.found("b", within={}, limit=8)) for _ in range(5))
    assert best < 0.020


def _timed(act) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
