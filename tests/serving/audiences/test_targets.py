"""From what a marketer named to what is scored."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from features.contracts.errors import BadRequest
from serving.audiences.product_table import ProductTable
from serving.audiences.shop_at import ShopAt
from serving.audiences.target_rule import TargetRule
from serving.audiences.targets import ResolvedTarget, resolve_target
from serving.audiences.world import ProductList
from training.propensity.target import EventTarget, EventType, LapseTarget, LaunchDescription, ProductsTarget


@dataclass
class Lists:
    """Lists of products that were uploaded."""

    known: dict[str, ProductList] = field(default_factory=dict)

    def product_list(self, list_id: str) -> ProductList | None:
        return self.known.get(list_id)


@pytest.fixture(scope="module")
def products(shop: ShopAt) -> ProductTable:
    return ProductTable(shop)


def resolved(products: ProductTable, rule: TargetRule, **lists: ProductList) -> ResolvedTarget:
    return resolve_target(rule, products, Lists(lists))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (TargetRule(product_ids=("p4", "p1", "p4")), ("p1", "p4")),
        (TargetRule(category="CHEESE"), ("p1", "p2", "p3", "p5")),
        (TargetRule(department="FOOD", brand="Alp"), ("p1", "p2", "p5")),
        (TargetRule(subcategory="HARD CHEESE", filter="price < 10"), ("p2",)),
        (TargetRule(filter='size == "200 G"'), ("p1", "p5")),
        (TargetRule(filter="days_on_sale <= 10"), ("p2", "p5")),
        (TargetRule(filter="is_private_label and price > 5"), ("p2", "p5")),
    ],
)
def test_a_set_holds_the_products_that_were_named(
    products: ProductTable, rule: TargetRule, expected: tuple[str, ...]
) -> None:
    found = resolved(products, rule)
    assert found.target == ProductsTarget(product_ids=expected)
    assert tuple(found.product_ids(products)) == expected


def test_products_without_a_sale_become_a_launch_described_by_their_own_rows(products: ProductTable) -> None:
    found = resolved(products, TargetRule(product_ids=("p5",)))
    assert found.target == LaunchDescription(
        category="CHEESE", subcategory="SOFT CHEESE", brand="Alp", price=6.5, is_private_label=True
    )
    assert found.product_ids(products).tolist() == ["p5"]
    assert "scored as a launch in CHEESE" in found.warnings[0].en


def test_unknown_ids_are_counted_beside_those_that_are_known(products: ProductTable) -> None:
    found = resolved(products, TargetRule(product_ids=("p1", "x1", "x2")))
    assert tuple(each.en for each in found.warnings) == (
        "target.product_ids: 2 of 3 ids are no product of the shop (first: x1, x2)",
    )


def test_a_list_is_its_products(products: ProductTable) -> None:
    listed = ProductList(list_id="l1", product_ids=np.array(["p2", "p1"]), unknown=7)
    found = resolved(products, TargetRule(list_id="l1"), l1=listed)
    assert found.target == ProductsTarget(product_ids=("p1", "p2"))
    assert tuple(each.en for each in found.warnings) == ("list l1: 7 of its ids are no product of the shop",)


def test_events_and_lapse_are_scored_as_they_are(products: ProductTable) -> None:
    assert resolved(products, TargetRule(event=EventType.VISIT)).target == EventTarget(type=EventType.VISIT)
    assert resolved(products, TargetRule(lapse=True)).target == LapseTarget()


def test_a_launch_may_have_a_brand_that_is_new_and_hears_of_names_like_it(products: ProductTable) -> None:
    launch = LaunchDescription(category="CHEESE", brand="Hillls", analogues=("p2", "x"))
    found = resolved(products, TargetRule(launch=launch))
    assert found.target == LaunchDescription(category="CHEESE", brand="Hillls", analogues=("p2",))
    assert tuple(each.en for each in found.warnings) == (
        "launch.brand: 'Hillls' is new to the shop, so nobody has bought it; near it: 'Hills'",
        "target.launch.analogues: 1 of 2 ids are no product of the shop (first: x)",
    )


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        (TargetRule(category="CHESE"), "target.category: there is no category 'CHESE' among 3; near it: 'CHEESE'"),
        (TargetRule(category="cheese"), "near it: 'CHEESE'"),
        (TargetRule(brand="Zzz"), "target.brand: there is no brand 'Zzz' among 3; see"),
        (
            TargetRule(launch=LaunchDescription(category="CHESE")),
            "target.launch.category: there is no category 'CHESE'",
        ),
        (TargetRule(category="WINE", brand="Alp"), "of 6 products none is left: category WINE has 1, brand Alp has 3"),
        (TargetRule(filter="price > 99"), "of 6 products none is left: filter price > 99 has 0"),
        (
            TargetRule(filter="prise > 99"),
            "filter: at character 1: there is no attribute 'prise'; near it: 'price'; there are: brand",
        ),
        (TargetRule(filter="price >"), "filter: at character 8"),
        (TargetRule(product_ids=("x1", "x2")), r"none of the 2 ids is a product of the shop \(first: x1, x2\)"),
        (TargetRule(list_id="l9"), "there is no list of products 'l9'; see GET /v1/lists"),
        (TargetRule(list_id="garbage"), "list garbage holds no product of the shop \\(3 unknown ids\\)"),
        (TargetRule(category="GAS"), "none of its 1 products counts as goods"),
        (TargetRule(launch=LaunchDescription(category="WINE", analogues=("x",))), "analogues: none of the 1 ids"),
        (TargetRule(launch=LaunchDescription(category="WINE", unlike=("x",))), "unlike: none of the 1 ids"),
    ],
)
def test_what_the_shop_does_not_know_is_refused_with_counts_and_names_like_it(
    products: ProductTable, rule: TargetRule, complaint: str
) -> None:
    garbage = ProductList(list_id="garbage", product_ids=np.empty(0, dtype=np.str_), unknown=3)
    with pytest.raises(BadRequest, match=complaint):
        resolved(products, rule, garbage=garbage)
