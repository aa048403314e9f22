"""Sets of products to learn from and to be measured on: categories, types, brands, products, departments, mixtures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from training.propensity.groupings import Codes, Groupings, ProductRows
from training.propensity.outcomes import Outcomes
from training.propensity.target import ProductsTarget

Kind = Literal["category", "type", "brand", "product", "department", "mixture"]
Truths = npt.NDArray[np.bool_]

EVALUATED: dict[Kind, tuple[int, float]] = {
    "category": (30, 0.80),
    "type": (15, 0.60),
    "brand": (15, 0.40),
    "product": (30, 0.30),
}
"""How many sets of each kind are measured on, and the highest penetration among them; the lowest is LOWEST."""
LOWEST = 0.01
LEARNT: dict[Kind, float] = {
    "category": 0.22,
    "type": 0.26,
    "brand": 0.22,
    "product": 0.22,
    "department": 0.03,
    "mixture": 0.05,
}
"""Share of each kind among the sets that are learnt from."""
MIXTURE_SIZES = (3, 60)
"""Least and most products of a mixture, drawn evenly on the scale of logarithms."""


@dataclass(frozen=True, kw_only=True)
class ProductSet:
    """A set with a name that a person can read."""

    name: str
    kind: Kind
    products: ProductRows
    penetration: float
    """Share of the active members who bought it in the 28 days that it was chosen by."""

    def target(self, groupings: Groupings) -> ProductsTarget:
        """The set as an audience's target."""
        return ProductsTarget(product_ids=tuple(sorted(str(each) for each in groupings.product_ids[self.products])))


def sets_by_kind(groupings: Groupings, outcomes: Outcomes, is_active: Truths) -> dict[Kind, list[ProductSet]]:
    """Every grouping and product that active members bought in the 28 days of `outcomes`, by name.

    Sets of more than one kind that hold the same products count once, at the widest.
    """
    names = groupings.names
    rows = np.arange(len(groupings.product_ids))
    kinds: dict[Kind, tuple[Codes, Sequence[str]]] = {
        "department": (groupings.department, names["department"].astype("string").tolist()),
        "category": (groupings.category, names["category"].astype("string").tolist()),
        "type": (groupings.type, (names["category"] + " / " + names["subcategory"]).astype("string").tolist()),
        "brand": (groupings.brand, (names["category"] + " / brand " + names["brand"]).astype("string").tolist()),
        "product": (rows, [str(each) for each in groupings.product_ids]),
    }
    seen: set[bytes] = set()
    found: dict[Kind, list[ProductSet]] = {}
    for kind, (codes, texts) in kinds.items():
        found[kind] = []
        for products in _members_of(codes):
            penetration = float(outcomes.bought(products, horizon_days=28)[is_active].mean())
            if penetration <= 0.0 or products.tobytes() in seen:
                continue
            seen.add(products.tobytes())
            name = f"{kind} {texts[products[0]]}"
            found[kind].append(ProductSet(name=name, kind=kind, products=products, penetration=penetration))
    return found


def evaluation_sets(known: dict[Kind, list[ProductSet]], *, seed: int) -> list[ProductSet]:
    """The 90 sets that are measured on: of each kind, evenly over the range of penetration."""
    random = np.random.default_rng(seed)
    chosen = []
    for kind, (count, highest) in EVALUATED.items():
        inside = sorted(
            (each for each in known[kind] if LOWEST <= each.penetration <= highest),
            key=lambda each: (each.penetration, each.name),
        )
        chosen += [inside[place] for place in _evenly(len(inside), count, random)]
    return chosen


def learning_sets(
    known: dict[Kind, list[ProductSet]], *, count: int, seed: int, held_back: Sequence[ProductSet] = ()
) -> list[ProductSet]:
    """About `count` sets of all kinds to learn from, none of them held back (nor the same products)."""
    random = np.random.default_rng([seed, 1])
    hidden = {each.products.tobytes() for each in held_back}
    chosen: list[ProductSet] = []
    for kind, share in LEARNT.items():
        wanted = max(1, round(count * share))
        if kind == "mixture":
            chosen += [_mixture(known["product"], number, random) for number in range(wanted) if known["product"]]
            continue
        free = [each for each in known[kind] if each.products.tobytes() not in hidden and each.penetration >= 0.002]
        free = sorted(free, key=lambda each: (each.penetration, each.name))
        chosen += [free[place] for place in _evenly(len(free), wanted, random)]
    return chosen


def _evenly(available: int, wanted: int, random: np.random.Generator) -> list[int]:
    """Places one from each of `wanted` equal parts; all of them where there are fewer."""
    if available <= wanted:
        return list(range(available))
    edges = np.linspace(0, available, wanted + 1)
    return [int(place) for place in np.floor(edges[:-1] + random.random(wanted) * np.diff(edges))]


def _mixture(products: Sequence[ProductSet], number: int, random: np.random.Generator) -> ProductSet:
    low, high = np.log(MIXTURE_SIZES)
    size = min(len(products), round(float(np.exp(random.uniform(low, high)))))
    rows = np.unique([products[i].products[0] for i in random.choice(len(products), size, replace=False)])
    return ProductSet(name=f"mixture {number}", kind="mixture", products=rows, penetration=float("nan"))


def _members_of(codes: Codes) -> list[ProductRows]:
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(int(codes.max(initial=-1)) + 2))
    return [order[start:end] for start, end in pairwise(edges) if end > start]
