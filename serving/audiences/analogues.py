"""The products that a launch is taken to be like, and why: what a marketer checks before the audience."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from serving.audiences.product_table import DAYS_ON_SALE, ProductTable
from training.launches.analogues import YOUNG_DAYS
from training.launches.scoring import Analogue
from training.propensity.target import LaunchDescription

NEAR_PRICE = 0.2
"""Prices that lie this share apart, or less, are told as alike."""
WORDS = {
    "chosen": ("chosen by you", "由您选择"),
    "same_type": ("the same product type", "小类相同"),
    "same_brand": ("the same brand", "品牌相同"),
    "near_price": ("a price like it", "价格相近"),
    "young": ("new on the shelves itself", "本身也是新品"),
    "same_category": ("the same category", "品类相同"),
}
"""Each reason in English and Chinese."""


def analogues_json(
    products: ProductTable, launch: LaunchDescription, analogues: Sequence[Analogue]
) -> list[dict[str, Any]]:
    """The analogues as answers show them, most similar first; `Any` because JSON is."""
    rows = products.rows_of(np.array([each.product_id for each in analogues], dtype=np.str_))
    return [
        _shown(products, launch, analogue, row)
        for analogue, row in zip(analogues, rows.tolist(), strict=True)
        if row >= 0
    ]


def _shown(products: ProductTable, launch: LaunchDescription, analogue: Analogue, row: int) -> dict[str, Any]:
    price = float(products.prices[row])
    reasons = list(_reasons(products, launch, row))
    return {
        "product_id": analogue.product_id,
        "name": products.text("name", row) or analogue.product_id,
        "brand": products.text("brand", row),
        "category": products.text("category", row),
        "subcategory": products.text("subcategory", row),
        "price": None if np.isnan(price) else round(price, 2),
        "similarity": analogue.similarity,
        "is_chosen": analogue.product_id in launch.analogues,
        "reasons": reasons,
        "sentence": {
            "en": ", ".join(WORDS[each][0] for each in reasons),
            "zh": "，".join(WORDS[each][1] for each in reasons),
        },
    }


def _reasons(products: ProductTable, launch: LaunchDescription, row: int) -> Iterator[str]:
    if products.text("product_id", row) in launch.analogues:
        yield "chosen"
    in_category = products.text("category", row) == launch.category
    if in_category and launch.subcategory is not None and products.text("subcategory", row) == launch.subcategory:
        yield "same_type"
    elif in_category:
        yield "same_category"
    if in_category and launch.brand is not None and products.text("brand", row) == launch.brand:
        yield "same_brand"
    price = float(products.prices[row])
    if launch.price is not None and abs(price - launch.price) <= NEAR_PRICE * launch.price:
        yield "near_price"
    days = products[DAYS_ON_SALE]
    if days.numbers[row] <= YOUNG_DAYS:  # type: ignore[union-attr]  # this column counts days
        yield "young"
