"""Moments of literal shops: who bought what and when, and what is known of the products, the baskets and the stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from features.contracts.settings import Settings, load_settings
from training.affinity.moment import Baskets, CatalogueFacts, Codes, Column, ShopMoment, Stores
from training.affinity.pairs import PAIR_FEATURES, Pairs, pairs_of
from training.affinity.promotions import Promotions
from training.protocol import Catalogue

AS_OF = datetime(2017, 12, 18, 5, 0, tzinfo=UTC)

Bought = tuple[str, str, float, float]
"""Member, product, orders, days since the latest."""


def small_settings() -> Settings:
    """The settings of the checkout, for a shop of a few members."""
    loaded = load_settings(threads=1)
    small = {"min_buyers": 2, "factors": 8, "iterations": 5, "neighbours": 5, "candidates": 20}
    return loaded.model_copy(update={"affinity": loaded.affinity.model_copy(update=small)})


def literal_pairs(
    rows: Sequence[Bought], buyers: Mapping[str, int], *, gaps: Mapping[tuple[str, str], float] | None = None
) -> Pairs:
    """Pairs of the rows; every decayed count is that of the orders, and a gap is unknown unless it is given."""
    products = sorted(buyers, key=lambda product: (-buyers[product], product))
    catalogue = Catalogue(product_ids=np.array(products), buyers=np.array([buyers[each] for each in products]))
    frame = pd.DataFrame(rows, columns=["member_id", "product_id", "orders", "days"])
    own: dict[str, object] = dict.fromkeys(PAIR_FEATURES, frame["orders"])
    own["last_ordered_at"] = pd.to_datetime([AS_OF - timedelta(days=days) for days in frame["days"]], utc=True)
    own["gap_days"] = [(gaps or {}).get((row[0], row[1]), np.nan) for row in rows]
    own["gap_deviation_days"] = np.nan
    own["visits_since_last"] = 0.0
    features = frame[["member_id", "product_id"]].astype(object)
    return pairs_of(
        features.assign(**{f"member_product__{name}": values for name, values in own.items()}), catalogue, as_of=AS_OF
    )


def literal_moment(
    pairs: Pairs,
    *,
    kinds: Mapping[str, str] | None = None,
    categories: Mapping[str, str] | None = None,
    brands: Mapping[str, str] | None = None,
    facts: Mapping[str, Mapping[str, float]] | None = None,
    baskets: Sequence[Sequence[str]] = (),
    latest: Mapping[str, Mapping[str, float]] | None = None,
    visits: Mapping[str, Mapping[str, float]] | None = None,
    sales: Mapping[str, Mapping[str, float]] | None = None,
    promotions: Promotions | None = None,
) -> ShopMoment:
    """A moment of the pairs.

    `kinds`, `categories` and `brands` group products; `facts` are values of products by the fact's name, `baskets` the
    products of each order, `latest` and `visits` are by member, `sales` by store.
    """
    ids = pairs.catalogue.product_ids.tolist()
    members = pairs.member_ids.tolist()
    stores = sorted({*(sales or {}), *(store for each in (visits or {}).values() for store in each)})
    orders = {str(number): dict.fromkeys(products, 1.0) for number, products in enumerate(baskets)}
    return ShopMoment(
        pairs=pairs,
        facts=_facts(ids, kinds or {}, categories or {}, brands or {}, facts or {}),
        baskets=Baskets(orders=_matrix(orders, list(orders), ids), latest=_matrix(latest or {}, members, ids)),
        stores=Stores(
            store_ids=tuple(stores),
            visits=_matrix(visits or {}, members, stores),
            sales=_matrix(sales or {}, stores, ids),
        ),
        promotions=promotions,
    )


def promotions_of(
    stores: Sequence[str], *, mailer: Mapping[str, Sequence[str]], display: Mapping[str, Sequence[str]] | None = None
) -> Promotions:
    """The plan of stores; a store that is in neither plan has none."""
    shown = display or {}
    products = sorted({each for plan in (mailer, shown) for promoted in plan.values() for each in promoted})
    return Promotions(
        product_ids=np.array(products, dtype=np.str_),
        mailer=_matrix({store: dict.fromkeys(each, 1.0) for store, each in mailer.items()}, stores, products),
        display=_matrix({store: dict.fromkeys(each, 1.0) for store, each in shown.items()}, stores, products),
        has_plan=np.array([store in mailer or store in shown for store in stores]),
    )


def checkerboard() -> ShopMoment:
    """Even members buy even products, odd ones odd products; member m0 has not bought p4 yet, nor m1 p5.

    Kinds, brands, baskets and stores fall apart the same way. p6 and p7 are new.
    """
    sides = ("even", "odd")
    rows = [
        (f"m{member}", f"p{product}", 1.0, 1.0)
        for member in range(8)
        for product in range(8)
        if member % 2 == product % 2 and (member, product) not in {(0, 4), (1, 5)}
    ]
    side_of = {f"p{product}": sides[product % 2] for product in range(8)}
    own = {f"m{member}": {p: 1.0 for m, p, *_ in rows if m == f"m{member}"} for member in range(8)}
    return literal_moment(
        literal_pairs(rows, dict.fromkeys(side_of, 4)),
        kinds=side_of,
        categories=side_of,
        brands=side_of,
        facts={
            "sales_7d": dict.fromkeys(side_of, 2.0),
            "buyers_7d": dict.fromkeys(side_of, 2.0),
            "buyers_28d": dict.fromkeys(side_of, 4.0),
            "buyers_91d": dict.fromkeys(side_of, 4.0),
            "gap_days": dict.fromkeys(side_of, 7.0),
            "price": dict.fromkeys(side_of, 2.0),
            "days_on_sale": {"p6": 10.0, "p7": 10.0},
        },
        baskets=[list(bought) for bought in own.values()],
        latest=own,
        visits={f"m{member}": {sides[member % 2]: 1.0} for member in range(8)},
        sales={side: {product: 4.0 for product, own_side in side_of.items() if own_side == side} for side in sides},
    )


def small_moment(*, members: int = 20, products: int = 30, seed: int = 3) -> ShopMoment:
    """Members with five favourites each who also try others, in a shop of random baskets, prices and stores."""
    random = np.random.default_rng(seed)
    ids = [f"p{product:02}" for product in range(products)]
    rows: list[Bought] = []
    for member in range(members):
        favourites = set(random.choice(products, size=5, replace=False).tolist())
        for product in sorted(favourites | set(random.choice(products, size=6, replace=False).tolist())):
            orders = float(random.integers(8, 20) if product in favourites else random.integers(1, 4))
            rows.append((f"m{member:02}", ids[product], orders, float(random.integers(1, 120))))
    own: dict[str, dict[str, float]] = {}
    for name, product, orders, days in rows:
        if days < 60:
            own.setdefault(name, {})[product] = orders / 20
    buyers = {each: sum(product == each for _, product, *_ in rows) for each in ids}

    def drawn(low: float, high: float) -> dict[str, float]:
        return dict(zip(ids, random.uniform(low, high, products).round(2).tolist(), strict=True))

    return literal_moment(
        literal_pairs(rows, buyers),
        kinds={each: f"kind {row % 6}" for row, each in enumerate(ids) if row % 7},
        categories={each: f"category {row % 3}" for row, each in enumerate(ids)},
        brands={each: f"brand {row % 4}" for row, each in enumerate(ids) if row % 5},
        facts={
            "sales_7d": drawn(0, 9),
            "buyers_7d": drawn(0, 9),
            "buyers_28d": drawn(0, 20),
            "buyers_91d": drawn(10, 40),
            "gap_days": drawn(5, 60),
            "price": drawn(1, 9),
            "days_on_sale": drawn(10, 400),
        },
        baskets=[random.choice(ids, size=4, replace=False).tolist() for _ in range(60)],
        latest=own,
        visits={f"m{member:02}": {"north": 0.25, "south": 0.75} for member in range(0, members, 2)},
        sales={"north": drawn(0, 5), "south": drawn(0, 5)},
    )


def _facts(
    ids: Sequence[str],
    kinds: Mapping[str, str],
    categories: Mapping[str, str],
    brands: Mapping[str, str],
    facts: Mapping[str, Mapping[str, float]],
) -> CatalogueFacts:
    def column(name: str, unknown: float) -> Column:
        return np.array([facts.get(name, {}).get(each, unknown) for each in ids], dtype=np.float32)

    def codes(groups: Mapping[str, str]) -> Codes:
        return np.asarray(pd.factorize(pd.Series([groups.get(each) for each in ids], dtype=object))[0], dtype=np.int64)

    return CatalogueFacts(
        subcategory=codes(kinds),
        category=codes(categories),
        brand_in_category=codes(brands),
        sales_7d=column("sales_7d", 0.0),
        buyers_7d=column("buyers_7d", 0.0),
        buyers_28d=column("buyers_28d", 0.0),
        buyers_91d=column("buyers_91d", 0.0),
        gap_days=column("gap_days", np.nan),
        price=column("price", np.nan),
        days_on_sale=column("days_on_sale", 400.0),
        shelf_rows=np.arange(len(ids)),
    )


def _matrix(values: Mapping[str, Mapping[str, float]], rows: Sequence[str], columns: Sequence[str]) -> csr_matrix:
    dense = [[values.get(row, {}).get(column, 0.0) for column in columns] for row in rows]
    return csr_matrix(np.array(dense, dtype=np.float32).reshape(len(rows), len(columns)))
