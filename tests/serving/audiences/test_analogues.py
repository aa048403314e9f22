from __future__ import annotations

import pytest

from serving.audiences.analogues import analogues_json
from serving.audiences.product_table import ProductTable
from serving.audiences.shop_at import ShopAt
from training.launches.scoring import Analogue
from training.propensity.target import LaunchDescription


@pytest.fixture
def products(shop: ShopAt) -> ProductTable:
    return ProductTable(shop)


def test_each_analogue_is_told_with_what_is_like_it(products: ProductTable) -> None:
    kind = products.text("subcategory", int(products.ids.tolist().index("p1")))
    launch = LaunchDescription(category="CHEESE", subcategory=kind, brand="Alp", analogues=("p4",))
    found = analogues_json(
        products, launch, [Analogue(product_id="p4", similarity=3.0), Analogue(product_id="p1", similarity=1.7)]
    )
    assert [(each["product_id"], each["is_chosen"], each["similarity"]) for each in found] == [
        ("p4", True, 3.0),
        ("p1", False, 1.7),
    ]
    assert found[0]["reasons"][0] == "chosen"
    assert found[1]["reasons"][:2] == ["same_type", "same_brand"]
    assert found[1]["sentence"]["en"].startswith("the same product type, the same brand")
    assert found[1]["sentence"]["zh"].startswith("小类相同，品牌相同")


def test_prices_count_as_alike_within_a_fifth(products: ProductTable) -> None:
    price = float(products.prices[products.ids.tolist().index("p1")])

    def reasons(of: float) -> list[str]:
        launch = LaunchDescription(category="CHEESE", price=of)
        return analogues_json(products, launch, [Analogue(product_id="p1", similarity=1.0)])[0]["reasons"]

    assert "near_price" in reasons(price * 1.2)
    assert "near_price" not in reasons(price * 1.5)


def test_an_analogue_that_the_shop_has_not_any_more_is_left_out(products: ProductTable) -> None:
    launch = LaunchDescription(category="CHEESE")
    assert analogues_json(products, launch, [Analogue(product_id="gone", similarity=1.0)]) == []
