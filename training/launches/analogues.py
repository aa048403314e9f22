"""Analogues: products on sale that are like what a launch describes, told from content alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.launches.moment import LaunchMoment
from training.propensity.groupings import Groupings, ProductRows
from training.propensity.target import LaunchDescription

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]

SAME_TYPE = 1.0
SAME_BRAND = 0.7
SAME_PRICE = 0.7
"""For the same price; less by e for each PRICE_SCALE that the logarithms of the prices lie apart."""
PRICE_SCALE = 0.3
IS_YOUNG = 0.3
"""For a product that itself came to the shelves within YOUNG_DAYS."""
YOUNG_DAYS = 182
CHOSEN = 3.0
"""For a product that the marketer chose: above all others."""
ANALOGUES = 12
"""Products whose buyers are looked at together."""
TIER_WIDTH = 0.45
TIERS = 6
"""Steps of falling similarity in which a category's products are counted, each with its weight."""
SHARPNESS = 3.0
"""How fast the weight of a product falls with its distance from the most similar one."""


@dataclass(frozen=True, kw_only=True)
class LaunchPlace:
    """Where a launch stands among the products of a moment."""

    price: float
    """List price, NaN where it was not said."""
    is_private_label: float
    """1 or 0, NaN where it was not said."""
    category: ProductRows
    """Rows of the category's products; the same for type and brand within the category."""
    type: ProductRows
    brand: ProductRows
    analogues: ProductRows
    """Most similar first."""
    similarity: Floats
    """float64 (analogues,)."""
    tiers: tuple[ProductRows, ...]
    """Products of the category by falling similarity; every product stands in one tier at most."""


def place_launch(
    moment: LaunchMoment, description: LaunchDescription, *, hidden: ProductRows, watched_days: float
) -> LaunchPlace:
    """The launch among the products on sale; `hidden` ones are not looked at.

    `watched_days` is how long the shop had been known: what is as old as that may be older still.
    """
    groupings = moment.groupings
    seen = np.ones(len(groupings.product_ids), dtype=np.bool_)
    seen[hidden] = False
    category = seen & moment.names.category.has(description.category)
    kind = category & moment.names.subcategory.has(description.subcategory)
    brand = category & moment.names.brand.has(description.brand)
    chosen = _known(groupings, description.analogues)
    on_sale = np.flatnonzero(category & (np.nan_to_num(moment.products.buyers_91d) > 0))
    products = np.union1d(on_sale, chosen[seen[chosen]])
    products = np.setdiff1d(products, _known(groupings, description.unlike))
    similarity = (
        SAME_TYPE * kind[products]
        + SAME_BRAND * brand[products]
        + SAME_PRICE * _price_likeness(moment.list_prices[products], description.price)
        + IS_YOUNG * _is_young(moment.products.days_on_sale[products], watched_days)
        + CHOSEN * np.isin(products, chosen)
    )
    order = np.lexsort((products, -np.nan_to_num(moment.products.buyers_91d[products]), -similarity))
    products, similarity = products[order], similarity[order]
    return LaunchPlace(
        price=np.nan if description.price is None else description.price,
        is_private_label=np.nan if description.is_private_label is None else float(description.is_private_label),
        category=np.flatnonzero(category),
        type=np.flatnonzero(kind),
        brand=np.flatnonzero(brand),
        analogues=products[:ANALOGUES],
        similarity=similarity[:ANALOGUES],
        tiers=_tiers(products, similarity),
    )


def tier_weights() -> Floats:
    """float64 (TIERS,): weight of an order of each tier, beside one of the most similar product."""
    return np.asarray(np.exp(-SHARPNESS * TIER_WIDTH * (np.arange(TIERS) + 0.5)))


def _known(groupings: Groupings, product_ids: tuple[str, ...]) -> ProductRows:
    rows = groupings.rows_of(np.array(product_ids, dtype=np.str_))
    return rows[rows >= 0]


def _tiers(products: ProductRows, similarity: Floats) -> tuple[ProductRows, ...]:
    distance = similarity.max(initial=0.0) - similarity
    tier = np.floor(distance / TIER_WIDTH).astype(np.int64)
    return tuple(np.sort(products[tier == each]) for each in range(TIERS))


def _price_likeness(prices: Floats, price: float | None) -> Floats:
    if price is None or price <= 0:
        return np.zeros(len(prices))
    apart = np.abs(np.log(np.maximum(prices, 0.01)) - np.log(price))
    return np.asarray(np.exp(-np.nan_to_num(apart, nan=np.inf) / PRICE_SCALE))


def _is_young(days_on_sale: Floats, watched_days: float) -> Truths:
    return days_on_sale <= min(YOUNG_DAYS, watched_days)
