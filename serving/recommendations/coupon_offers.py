"""Scenario `coupon`: the running coupons that a member may redeem, by the chance that the member uses them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from features.contracts.clock import from_days_since_epoch
from serving.answers import Reason, RecommendedItem
from serving.recommendations.ask import Ask, Offered
from serving.recommendations.named_product import named_product
from serving.recommendations.reasons import reason
from training.protocol import Rows
from training.release.coupon_offers import CouponField
from training.release.coupons import Coupons

SOURCE = "coupon_redemption"
POPULAR = "popularity"
MOST_PRODUCTS = 5
"""Products of a coupon that an answer names."""
OFTEN = 3
"""Orders of a category within a year from which a member is said to buy it often."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class _Pool:
    """The coupons that a member may redeem, best first."""

    rows: Rows
    """int64 (coupons,): rows of the release's coupons."""
    values: npt.NDArray[np.float32]
    """float32 (coupons, len(CouponField)); all zero for somebody unknown."""
    source: str


def offer_coupons(ask: Ask) -> Offered:
    """The eligible coupons, likeliest to be used first; for somebody unknown the open ones, the most ordered first.

    Running at the moment of asking, given to the member, not redeemed when the release was made, and covering a
    product that may come.
    """
    coupons = ask.release.coupons
    if coupons is None or not len(coupons):
        return Offered(items=(), filtered={"no_more_coupons": ask.query.count})
    pool = _pool(ask, coupons)
    kept = np.ones(len(pool.rows), dtype=np.bool_)
    filtered: dict[str, int] = {}
    for code, passes in _rules(ask, coupons, pool.rows):
        if removed := int((kept & ~passes).sum()):
            filtered[code] = removed
        kept &= passes
    if ask.query.item_ids is not None:
        mine = {coupons.ids[row] for row in pool.rows}
        if unknown := len(set(ask.query.item_ids) - mine):
            filtered["unknown"] = unknown
    chosen = np.flatnonzero(kept)[: ask.query.count]
    if len(chosen) < ask.query.count:
        filtered["no_more_coupons"] = ask.query.count - len(chosen)
    return Offered(items=tuple(_item(ask, coupons, pool, int(place)) for place in chosen), filtered=filtered)


def _pool(ask: Ask, coupons: Coupons) -> _Pool:
    if ask.packed is not None:
        # A member's own coupons hold the open ones too, without those that were redeemed already.
        values = ask.packed.coupon_values.reshape(-1, len(CouponField))
        return _Pool(rows=values[:, CouponField.ROW].astype(np.int64), values=values, source=SOURCE)
    rows = coupons.open_rows
    values = np.zeros((len(rows), len(CouponField)), dtype=np.float32)
    values[:, CouponField.BOUGHT] = -1.0
    return _Pool(rows=rows, values=values, source=POPULAR)


def _rules(ask: Ask, coupons: Coupons, rows: Rows) -> list[tuple[str, Mask]]:
    """bool (pool,) by the code of the rule, in order: which coupons pass it."""
    now = ask.as_of_days
    rules: list[tuple[str, Mask]] = [
        ("not_running", (coupons.starts_days[rows] <= now) & (coupons.ends_days[rows] > now))
    ]
    ids = [coupons.ids[row] for row in rows]
    if ask.query.item_ids is not None:
        asked = frozenset(ask.query.item_ids)
        rules.append(("not_asked_for", np.array([each in asked for each in ids], dtype=np.bool_)))
    if ask.query.exclude:
        rules.append(("excluded", np.array([each not in ask.query.exclude for each in ids], dtype=np.bool_)))
    if ask.eligible is not None and len(coupons.product_rows):
        # Every coupon covers a product, so no piece is empty.
        covered = np.logical_or.reduceat(ask.eligible[coupons.product_rows], coupons.starts[:-1])
        rules.append(("no_eligible_product", covered[rows]))
    return rules


def _item(ask: Ask, coupons: Coupons, pool: _Pool, place: int) -> RecommendedItem:
    row, values = int(pool.rows[place]), pool.values[place]
    bought = int(values[CouponField.BOUGHT])
    covered = coupons.covered(row)
    if ask.eligible is not None:
        covered = covered[ask.eligible[covered]]
    may_name = bought >= 0 and (ask.eligible is None or bool(ask.eligible[bought]))
    first = [bought] if may_name else []
    named = [*first, *(each for each in covered[: MOST_PRODUCTS + 1].tolist() if each not in first)][:MOST_PRODUCTS]
    return RecommendedItem(
        id=coupons.ids[row],
        type="coupon",
        name=coupons.names[row],
        score=round(float(values[CouponField.EXPECTED]), 6),
        source=pool.source,
        reasons=(_reason(ask, coupons, row, values),),
        products=tuple(named_product(ask.release.products, each) for each in named),
        ends_on=_last_day(ask, coupons, row),
    )


def _last_day(ask: Ask, coupons: Coupons, row: int) -> date:
    # The first moment after a coupon is no part of it.
    last = from_days_since_epoch(float(coupons.ends_days[row])) - timedelta(seconds=1)
    return last.astimezone(ask.zone).date()


def _reason(ask: Ask, coupons: Coupons, row: int, values: npt.NDArray[np.float32]) -> Reason:
    bought = int(values[CouponField.BOUGHT])
    category = coupons.categories[row]
    if bought >= 0:
        return reason("coupon_for_bought", ask.query.locale, product=ask.release.products.names[bought])
    if category is not None and values[CouponField.CATEGORY_ORDERS] >= OFTEN:
        return reason("coupon_for_category", ask.query.locale, group=category)
    if coupons.is_popular(row):
        return reason("coupon_popular", ask.query.locale)
    return reason("coupon_running", ask.query.locale, day=_last_day(ask, coupons, row).isoformat())
