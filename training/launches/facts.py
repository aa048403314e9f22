"""What is known of each product before a moment, told from the lines in memory."""

from __future__ import annotations

import numpy as np

from training.launches.lines import Lines
from training.launches.moment import Floats
from training.propensity.groupings import Groupings
from training.propensity.moment import ProductColumns

RECENT_DAYS = 91


def facts_before(lines: Lines, groupings: Groupings, *, at_days: float) -> ProductColumns:
    """Facts of the products as known at `at_days`; `price` is the list price, so there is no discount to take off."""
    products = lines.product_rows
    recent = (lines.days < at_days) & (lines.days >= at_days - RECENT_DAYS)
    count = len(lines.starts) - 1
    first = lines.first_sold_days
    return ProductColumns(
        price=_medians(products[recent], lines.list_price[recent], count),
        days_on_sale=np.where(first < at_days, at_days - first, np.nan),
        discount_depth=np.zeros(count),
        is_private_label=groupings.names["is_private_label"].fillna(False).to_numpy(dtype=np.float64),
        buyers_91d=lines.buyers(from_days=at_days - RECENT_DAYS, until_days=at_days),
    )


def _medians(products: np.ndarray, prices: Floats, count: int) -> Floats:
    """float64 (count,): the lower middle price of each product, NaN where there is none."""
    known = ~np.isnan(prices)
    products, prices = products[known], prices[known]
    order = np.lexsort((prices, products))
    starts = np.searchsorted(products[order], np.arange(count + 1))
    sold = np.diff(starts)
    medians = np.full(count, np.nan)
    has = np.flatnonzero(sold)
    medians[has] = prices[order][starts[has] + (sold[has] - 1) // 2]
    return medians
