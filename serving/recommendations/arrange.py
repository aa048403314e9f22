"""Puts scored products into the order in which they are shown: diversity, caps and least shares."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.contracts.filters.columns import Mask
from training.protocol import Rows

NO_GROUP = -1
"""Number of the category or brand of a product without one: it counts towards no cap."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What an arrangement looks at, one entry per product."""

    scores: npt.NDArray[np.float32]
    """float32 (products,), 0 or above, higher is better."""
    places: Rows
    """int64 (products,): settles ties, smaller first; no two are equal."""
    categories: npt.NDArray[np.int32]
    brands: npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class LeastShare:
    """At least so many of the products shown are to be of a group, as far as there are so many."""

    mask: Mask
    """bool (products,): the group."""
    least: int


@dataclass(frozen=True, kw_only=True)
class Caps:
    """Preferences of an arrangement; 0 is no limit."""

    per_category: int = 0
    per_brand: int = 0
    diversity: float = 0.0
    """Share of its score that a product loses for each one of its category above it."""


NO_CAPS = Caps()


def arrange(shown: Shown, count: int, *, caps: Caps = NO_CAPS, shares: Sequence[LeastShare] = ()) -> list[int]:
    """Positions of the `count` products to show, best first; of all products when there are fewer.

    Greedy: each place goes to the product whose score, less what it loses to diversity, is highest. A product beyond
    a cap waits until nothing else is left. Once only the places remain that a group still needs, they go to the group.
    """
    if caps == NO_CAPS and not shares:
        order: list[int] = np.lexsort((shown.places, -shown.scores))[:count].tolist()
        return order
    return _Greedy(shown, count, caps, shares).chosen()


class _Greedy:
    """One arrangement under way. A product is named by its place in the order of scores, from 0.

    Diversity only ever lowers a score, so the next in the order is the best there is while its score still holds;
    one whose score fell waits in a heap, and is looked at again when it comes up.
    """

    def __init__(self, shown: Shown, count: int, caps: Caps, shares: Sequence[LeastShare]) -> None:
        order = np.lexsort((shown.places, -shown.scores))
        self._positions: list[int] = order.tolist()
        self._scores: list[float] = shown.scores[order].tolist()
        self._categories: list[int] = shown.categories[order].tolist()
        self._brands: list[int] = shown.brands[order].tolist()
        self._groups: list[list[bool]] = [share.mask[order].tolist() for share in shares]
        self._count = min(count, len(self._positions))
        self._needed = [
            min(share.least, self._count, sum(group)) for share, group in zip(shares, self._groups, strict=True)
        ]
        self._caps = caps
        self._waiting = iter(range(len(self._positions)))
        self._next_waiting = next(self._waiting, None)
        self._fallen: list[tuple[float, int]] = []
        """A heap of products whose score fell, each with the negative of what it is now."""
        self._beyond_cap: list[int] = []
        self._outside: list[int] = []
        """Products outside the groups that the places left belong to."""
        self._kept_to: list[int] = []
        self._in_category: Counter[int] = Counter()
        self._in_brand: Counter[int] = Counter()

    def chosen(self) -> list[int]:
        """Positions in the order shown."""
        chosen: list[int] = []
        while len(chosen) < self._count:
            self._keep_places(self._count - len(chosen))
            product = self._best()
            if product is None:
                self._let_in()
                continue
            chosen.append(self._positions[product])
            self._in_category[self._categories[product]] += 1
            self._in_brand[self._brands[product]] += 1
            for place, group in enumerate(self._groups):
                if group[product] and self._needed[place]:
                    self._needed[place] -= 1
        return chosen

    def _best(self) -> int | None:
        """The product with the highest score now, taken out; None when none is left."""
        while True:
            product = self._take()
            if product is None:
                return None
            if self._is_beyond_cap(product):
                self._beyond_cap.append(product)
                continue
            entry = (-self._score_now(product), product)
            if self._is_first(entry):
                return product
            heapq.heappush(self._fallen, entry)

    def _take(self) -> int | None:
        waiting = self._next_waiting
        if waiting is not None and (not self._fallen or (-self._scores[waiting], waiting) < self._fallen[0]):
            self._next_waiting = next(self._waiting, None)
            return waiting
        return heapq.heappop(self._fallen)[1] if self._fallen else None

    def _is_first(self, entry: tuple[float, int]) -> bool:
        waiting = self._next_waiting
        return (waiting is None or entry < (-self._scores[waiting], waiting)) and (
            not self._fallen or entry < self._fallen[0]
        )

    def _is_beyond_cap(self, product: int) -> bool:
        caps, category, brand = self._caps, self._categories[product], self._brands[product]
        return (0 < caps.per_category <= self._in_category[category] and category != NO_GROUP) or (
            0 < caps.per_brand <= self._in_brand[brand] and brand != NO_GROUP
        )

    def _score_now(self, product: int) -> float:
        category = self._categories[product]
        above = self._in_category[category]
        if not self._caps.diversity or not above or category == NO_GROUP:
            return self._scores[product]
        kept: float = (1.0 - self._caps.diversity) ** above
        return self._scores[product] * kept

    def _keep_places(self, places_left: int) -> None:
        """Sets aside what is outside the groups, while they need every place that is left."""
        is_urgent = sum(self._needed) >= places_left
        urgent = [place for place, needed in enumerate(self._needed) if needed] if is_urgent else []
        if urgent == self._kept_to:
            return
        self._kept_to = urgent
        products = [*self._left(), *self._outside]
        groups = [self._groups[place] for place in urgent]
        if len(groups) == 1:
            within = groups[0]
        else:
            within = [not groups or any(flags) for flags in zip(*(groups or self._groups), strict=True)]
        self._outside = [product for product in products if not within[product]]
        self._wait([product for product in products if within[product]])

    def _left(self) -> list[int]:
        waiting = [] if self._next_waiting is None else [self._next_waiting, *self._waiting]
        return waiting + [product for _, product in self._fallen]

    def _wait(self, products: list[int]) -> None:
        # back into the order of scores: what fell falls again when it comes up
        self._fallen = []
        self._waiting = iter(sorted(products))
        self._next_waiting = next(self._waiting, None)

    def _let_in(self) -> None:
        """Nothing is left: first caps give way, then the places that groups would have had."""
        if self._beyond_cap:
            self._caps = Caps(diversity=self._caps.diversity)
        else:
            self._needed = [0] * len(self._needed)
            self._beyond_cap, self._outside = self._outside, []
        self._wait(self._beyond_cap)
        self._beyond_cap, self._kept_to = [], []
