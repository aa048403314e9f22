"""Products associated with a target: bought in the same orders, alike by content, or liked by the audience."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from serving.audiences.category_shares import CategoryShares
from training.protocol import Rows
from training.release.products import ProductShelf
from training.release.together import Together

MOST_PRODUCTS = 20
MOST_CATEGORIES = 15
FEWEST_SHARE = 0.01
"""A category that fewer of the population bought says little of an audience."""

Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A product outside of the target and the product of the target that it is bought with most."""

    row: int
    """Row of the shelf."""
    anchor: int
    orders: int
    support: float
    confidence: float
    lift: float


def bought_together(together: Together, rows: Rows) -> list[Pair]:
    """Companions of the target's `rows` of the shelf that are not of the target, those that say most first.

    What a companion says: the orders that it shares with the whole target beyond what chance would bring.
    """
    lengths = together.starts[rows + 1] - together.starts[rows]
    at = _stretches(together.starts[rows], lengths)
    anchors = np.repeat(rows, lengths)
    companions = together.rows[at].astype(np.int64)
    outside = ~np.isin(companions, rows)
    at, anchors, companions = at[outside], anchors[outside], companions[outside]
    beyond_chance = together.orders[at] * (1 - 1 / np.maximum(together.lift[at].astype(np.float64), 1.0))
    each, place = np.unique(companions, return_inverse=True)
    told = np.bincount(place, weights=beyond_chance, minlength=len(each))
    best_first = np.lexsort((anchors, -beyond_chance, companions))
    first_of = best_first[np.searchsorted(companions[best_first], each)]
    pairs = []
    for of in np.argsort(-told, kind="stable")[:MOST_PRODUCTS].tolist():
        pair, anchor = int(at[first_of[of]]), int(anchors[first_of[of]])
        orders = int(together.orders[pair])
        pairs.append(
            Pair(
                row=int(each[of]),
                anchor=anchor,
                orders=orders,
                support=orders / max(1, together.all_orders),
                confidence=orders / max(1, int(together.orders_of[anchor])),
                lift=float(together.lift[pair]),
            )
        )
    return pairs


def alike(products: ProductShelf, rows: Rows, *, price: float | None) -> list[int]:
    """Rows of the shelf like a launch: of the `rows` of its kind, sold lately, the nearest in price, popular first."""
    sold = rows[products.is_sold_lately[rows]]
    if price is None:
        return [int(row) for row in np.sort(sold)[:MOST_PRODUCTS]]
    prices = products.table["price"].to_numpy(dtype=np.float64, na_value=np.nan)[sold]
    apart = np.abs(np.log(np.maximum(prices, 0.01)) - np.log(max(price, 0.01)))
    return [int(row) for row in sold[np.lexsort((sold, apart.round(1)))][:MOST_PRODUCTS]]


def liked_categories(shares: CategoryShares, *, without: str | None) -> list[dict[str, Any]]:
    """Categories that the audience buys more than its population, the largest lift in shares first; `Any`: JSON."""
    common = (shares.population >= FEWEST_SHARE) & (shares.audience > shares.population)
    strength = np.where(common, np.arcsin(np.sqrt(shares.audience)) - np.arcsin(np.sqrt(shares.population)), -1.0)
    found: list[dict[str, Any]] = []
    for place in np.argsort(-strength, kind="stable").tolist():
        if strength[place] <= 0 or len(found) == MOST_CATEGORIES:
            break
        if shares.categories[place] != without:
            own, base = float(shares.audience[place]), float(shares.population[place])
            found.append(
                {
                    "category": shares.categories[place],
                    "audience": round(own, 4),
                    "population": round(base, 4),
                    "lift": round(own / base, 2),
                }
            )
    return found


def associated_json(
    products: ProductShelf,
    together: Together | None,
    shares: CategoryShares,
    *,
    rows: Rows,
    kind_rows: Rows,
    price: float | None,
    category: str | None,
) -> dict[str, Any]:
    """What goes with the target; `Any` because JSON is.

    `rows`: the target's products on the shelf; `kind_rows`: those that a product without sales is like. Both may be
    empty.
    """
    pairs = bought_together(together, rows) if together is not None and len(rows) else []
    near = [] if pairs or not len(kind_rows) else alike(products, kind_rows, price=price)
    if near and together is not None:
        pairs = bought_together(together, np.array(sorted(near), dtype=np.int64))
    return {
        "basis": "orders" if pairs and not near else "content" if near else "audience",
        "products": [_pair_json(products, pair) for pair in pairs],
        "alike": [_product_json(products, row) for row in near],
        "categories": liked_categories(shares, without=category),
    }


def _pair_json(products: ProductShelf, pair: Pair) -> dict[str, Any]:
    return {
        **_product_json(products, pair.row),
        "with": _product_json(products, pair.anchor),
        "orders": pair.orders,
        "lift": round(pair.lift, 2),
        "support": float(f"{pair.support:.3g}"),
        "confidence": round(pair.confidence, 4),
    }


def _product_json(products: ProductShelf, row: int) -> dict[str, Any]:
    return {"product_id": products.ids[row], "name": products.names[row]}


def _stretches(starts: Rows, lengths: Rows) -> Rows:
    """int64: the positions of stretches that begin at `starts`, one after the other."""
    if not len(starts):
        return np.empty(0, dtype=np.int64)
    ends = np.cumsum(lengths)
    return np.arange(int(ends[-1])) - np.repeat(ends - lengths, lengths) + np.repeat(starts, lengths)
