"""Finds products by words, and others of the same group."""

from __future__ import annotations

import math
from functools import cached_property

from features.contracts.errors import BadRequest
from features.contracts.ids import ProductId
from serving.answers import ProductCard, ProductPage
from training.release.products import ProductShelf


class ProductSearch:
    """Reads a release's shelf, whose rows stand in order of popularity."""

    def __init__(self, products: ProductShelf) -> None:
        self._products = products

    def page(self, text: str, *, limit: int, cursor: str | None) -> ProductPage:
        """Products whose name, brand, category or id holds every word of the text; `cursor` is where a page ended."""
        start = _start_of(cursor)
        words = text.casefold().split()
        found: list[ProductCard] = []
        for row in range(start, len(self._texts)):
            if all(word in self._texts[row] for word in words):
                if len(found) == limit:
                    return ProductPage(items=tuple(found), next_cursor=str(row))
                found.append(self._card_at(row))
        return ProductPage(items=tuple(found), next_cursor=None)

    def card(self, product_id: ProductId, *, score: float | None = None) -> ProductCard:
        """Card of a product; one that the release does not know has its id for a name."""
        row = self._products.row_of.get(product_id)
        if row is None:
            return ProductCard(
                product_id=product_id, name=product_id, brand=None, category=None, price=None, score=score
            )
        return self._card_at(row, score=score)

    def of_same_group(self, product_id: ProductId, *, leave_out: set[ProductId], count: int) -> list[ProductCard]:
        """The most popular products of the product's subcategory, then of its category."""
        row = self._products.row_of[product_id]
        found: list[ProductCard] = []
        taken = set(leave_out)
        for column in ("subcategory", "category"):
            group = self._columns[column][row]
            if group is None:
                continue
            for other, value in enumerate(self._columns[column]):
                if len(found) == count:
                    return found
                if value == group and self._columns["product_id"][other] not in taken:
                    card = self._card_at(other)
                    taken.add(card.product_id)
                    found.append(card)
        return found

    @cached_property
    def _columns(self) -> dict[str, list[str | None]]:
        table = self._products.table
        named = ("product_id", "brand", "category", "subcategory")
        return {name: [value if isinstance(value, str) else None for value in table[name]] for name in named}

    @cached_property
    def _texts(self) -> list[str]:
        columns = self._columns
        parts = zip(
            self._products.names,
            columns["brand"],
            columns["category"],
            columns["subcategory"],
            columns["product_id"],
            strict=True,
        )
        return [" ".join(part for part in each if part).casefold() for each in parts]

    @cached_property
    def _prices(self) -> list[float | None]:
        return [None if math.isnan(price) else round(price, 2) for price in self._products.table["price"].astype(float)]

    def _card_at(self, row: int, *, score: float | None = None) -> ProductCard:
        columns = self._columns
        return ProductCard(
            product_id=ProductId(str(columns["product_id"][row])),
            name=self._products.names[row],
            brand=columns["brand"][row],
            category=columns["category"][row],
            price=self._prices[row],
            score=None if score is None else round(score, 6),
        )


def _start_of(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal():
        raise BadRequest(f"cursor: '{cursor[:40]}' is none that this service gave out; leave it out for the first page")
    return int(cursor)
