"""A product as an item names it that is made of several."""

from __future__ import annotations

from serving.answers import BundledProduct
from training.release.products import ProductShelf


def named_product(shelf: ProductShelf, row: int) -> BundledProduct:
    """The product in a row of the shelf: id, name and price."""
    return BundledProduct(product_id=shelf.ids[row], name=shelf.names[row], price=shelf.prices[row])
