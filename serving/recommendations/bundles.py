"""Scenario `associate`: whole bundles for a member, with price, support, lift and a sentence to say."""

from __future__ import annotations

import numpy as np

from features.contracts.ids import ProductId
from serving.answers import Reason, RecommendedItem
from serving.recommendations.ask import Ask, Offered
from serving.recommendations.bundle_options import NO_PRODUCT, Options, bundle_options
from serving.recommendations.likings import Mask, likings_of, may_come
from serving.recommendations.named_product import named_product
from serving.recommendations.reasons import SENTENCES
from training.protocol import Rows
from training.release.together import Together

SOURCE = "together"
JOINER = "+"
"""Stands between the product ids in a bundle's id."""


def offer_bundles(ask: Ask) -> Offered:
    """The bundles that the member is likeliest to like, best first; no product stands in two of them.

    With `item_ids` only bundles of these ids, or around these products.
    """
    together = ask.release.together
    items: list[RecommendedItem] = []
    excluded = 0
    if together is not None:
        likings = likings_of(ask)
        options = bundle_options(together, likings, may_come(ask), ask.release.products.groups)
        bought = frozenset(likings.rows[likings.is_bought].tolist())
        open_ = _asked_for(ask, options)
        while len(items) < ask.query.count and open_.any():
            place = int(np.argmax(np.where(open_, options.scores, -1.0)))
            bundle_id = _id(ask, options.rows[place])
            open_[place] = False
            if bundle_id in ask.query.exclude:
                excluded += 1
            elif _is_asked_for(ask, bundle_id):
                items.append(_item(ask, options, place, bundle_id, together, bought, is_personal=likings.is_personal))
                open_ &= ~options.sharing(options.rows[place])
    filtered = {"excluded": excluded} if excluded else {}
    if len(items) < ask.query.count:
        filtered["no_more_bundles"] = ask.query.count - len(items)
    return Offered(items=tuple(items), filtered=filtered)


def _asked_for(ask: Ask, options: Options) -> Mask:
    """bool (options,): bundles around a product that `item_ids` names, by itself or as the first of a bundle."""
    if ask.query.item_ids is None:
        return np.ones(len(options), dtype=np.bool_)
    named = {
        JOINER.join(parts[:count])
        for each in ask.query.item_ids
        for parts in [each.split(JOINER)]
        for count in range(1, len(parts) + 1)
    }
    row_of = ask.release.products.row_of
    anchors = np.array([row_of[ProductId(each)] for each in sorted(named) if each in row_of], dtype=np.int64)
    return np.isin(options.rows[:, 0], anchors)


def _is_asked_for(ask: Ask, bundle_id: str) -> bool:
    asked = ask.query.item_ids
    return asked is None or bundle_id in asked or bundle_id.split(JOINER)[0] in asked


def _item(
    ask: Ask,
    options: Options,
    place: int,
    bundle_id: str,
    together: Together,
    bought: frozenset[int],
    *,
    is_personal: bool,
) -> RecommendedItem:
    products = tuple(
        named_product(ask.release.products, row) for row in options.rows[place].tolist() if row != NO_PRODUCT
    )
    prices = [product.price for product in products]
    known = [price for price in prices if price is not None]
    names = [product.name for product in products]
    code = "bundle_popular" if not is_personal else "bundle_taste"
    if int(options.rows[place, 0]) in bought:
        code = "bundle_bought"
    return RecommendedItem(
        id=bundle_id,
        type="bundle",
        name=" + ".join(names),
        score=float(options.scores[place]),
        source=SOURCE,
        reasons=(_reason(code, ask, anchor=names[0], companions=_JOINED[ask.query.locale].join(names[1:])),),
        products=products,
        total_price=round(sum(known), 2) if len(known) == len(prices) else None,
        support=float(options.orders[place]) / max(1, together.all_orders),
        lift=float(options.lift[place]),
    )


_JOINED = {"en": " and ", "zh": "和"}


def _id(ask: Ask, rows: Rows) -> str:
    return JOINER.join(ask.release.products.ids[row] for row in rows.tolist() if row != NO_PRODUCT)


def _reason(code: str, ask: Ask, **words: str) -> Reason:
    return Reason(code=code, sentence=SENTENCES[code][ask.query.locale].format(**words))
