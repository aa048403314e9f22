"""Which products may come at all: filters, activity and stock, as masks over the shelf that are computed once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from features.contracts.errors import BadRequest, SettingsError
from features.contracts.filters.columns import Mask
from features.contracts.filters.mask import mask
from features.contracts.filters.parse import parse_filter
from features.contracts.scenario_settings import Boost, ScenarioSettings
from serving.recommendations.assortment import Assortment
from training.protocol import Rows
from training.release.availability import Availability

MOST_MASKS = 64
MOST_FACTORS = 16
"""Arrays kept of a release; the longest unused goes first."""

MOST_NEW = 200
"""New products that the lot chooses among."""

Kept = TypeVar("Kept")

Factors = npt.NDArray[np.float32]


class Eligibility:
    """Masks and factors of one release; safe to share between threads."""

    def __init__(self, assortment: Assortment, availability: Availability | None) -> None:
        self._assortment = assortment
        self._is_active = None if availability is None or availability.is_active.all() else availability.is_active
        self._availability = availability if availability is not None and _says_something(availability) else None
        self._masks: _Recent[Mask | None] = _Recent(MOST_MASKS)
        self._news: _Recent[Rows] = _Recent(MOST_FACTORS)
        self._factors: _Recent[Factors] = _Recent(MOST_FACTORS)

    def of_filter(self, text: str, as_of: datetime) -> Mask:
        """bool (shelf,): products that pass a filter. Raises BadRequest when it cannot be understood."""
        found = self._masks.get((text, self._assortment.day(as_of)), lambda: self._passing(text, as_of))
        return np.ones(len(self._assortment), dtype=np.bool_) if found is None else found

    def of_request(
        self, scenario: ScenarioSettings, *, filter_: str | None, store_id: str | None, as_of: datetime
    ) -> Mask | None:
        """bool (shelf,): products that pass the scenario's and the request's filters and are active and in stock.

        None: all do. The array is shared: do not write to it. Raises BadRequest when the request's filter is wrong.
        """
        is_filtered = bool(scenario.filter or filter_ or scenario.exclusions)
        if not is_filtered and self._availability is None and self._is_active is None:
            return None
        # a shop that counts no stock by store must not fill the cache with stores
        stored = store_id if self._availability is not None and len(self._availability.store_ids) else None
        rules = (scenario.filter, filter_, scenario.exclusions, scenario.active_only, scenario.in_stock_only)
        key = (*rules, stored, self._assortment.day(as_of))
        return self._masks.get(key, lambda: self._all_of(scenario, filter_, stored, as_of))

    def gates(
        self, scenario: ScenarioSettings, *, filter_: str | None, store_id: str | None, as_of: datetime
    ) -> list[tuple[str, Mask]]:
        """The parts of `of_request`, each with the code under which what it removes is counted."""
        texts = [text for text in (scenario.filter, filter_) if text]
        gates = [("filter", self.of_filter(text, as_of)) for text in texts]
        gates += [("excluded_by_tag", ~self.of_filter(each.filter, as_of)) for each in scenario.exclusions]
        if self._is_active is not None and scenario.active_only:
            gates.append(("not_active", self._is_active))
        if self._availability is not None and scenario.in_stock_only:
            gates.append(("out_of_stock", self._availability.in_stock(store_id)))
        return gates

    def new_products(self, days: int, as_of: datetime) -> Rows:
        """int64: rows of products first sold, or launched, within so many days before the day of `as_of`.

        The most popular ones, when there are many: they are the likeliest to be worth learning about.
        """
        return self._news.get((days, self._assortment.day(as_of)), lambda: self._new(days, as_of))

    def factors(self, boosts: tuple[Boost, ...], as_of: datetime) -> Factors:
        """float32 (shelf,): what each product's score is multiplied by; of boosts that overlap, the product."""
        return self._factors.get((boosts, self._assortment.day(as_of)), lambda: self._product_of(boosts, as_of))

    def check(self, name: str, scenario: ScenarioSettings, as_of: datetime) -> None:
        """Raises SettingsError naming the scenario when one of its filters cannot be asked of these products."""
        filters = {"filter": scenario.filter, "promoted_filter": scenario.promoted_filter}
        filters |= {f"boosts[{place}].filter": boost.filter for place, boost in enumerate(scenario.boosts)}
        filters |= {f"exclusions[{place}].filter": each.filter for place, each in enumerate(scenario.exclusions)}
        for key, text in filters.items():
            if text:
                try:
                    self.of_filter(text, as_of)
                except BadRequest as error:
                    raise SettingsError(f"settings: scenarios.{name}.{key}: {error}") from error

    def _passing(self, text: str, as_of: datetime) -> Mask:
        return mask(parse_filter(text), self._assortment.columns(as_of))

    def _all_of(
        self, scenario: ScenarioSettings, filter_: str | None, store_id: str | None, as_of: datetime
    ) -> Mask | None:
        gates = self.gates(scenario, filter_=filter_, store_id=store_id, as_of=as_of)
        every = np.ones(len(self._assortment), dtype=np.bool_)
        for _, passing in gates:
            every &= passing
        return None if every.all() else every

    def _new(self, days: int, as_of: datetime) -> Rows:
        age = self._assortment.days_on_sale(as_of)
        rows = np.flatnonzero((age >= 0) & (age <= days)).astype(np.int64)
        order = np.argsort(self._assortment.place[rows])
        return rows[order[:MOST_NEW]]

    def _product_of(self, boosts: tuple[Boost, ...], as_of: datetime) -> Factors:
        factors = np.ones(len(self._assortment), dtype=np.float32)
        for boost in boosts:
            factors[self.of_filter(boost.filter, as_of)] *= np.float32(boost.factor)
        return factors


def _says_something(availability: Availability) -> bool:
    return len(availability.store_ids) > 0 or not availability.can_be_delivered.all()


class _Recent(Generic[Kept]):
    """The latest used values by key, made when they are asked for the first time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        # made outside the lock: a slow filter holds nobody up, and made twice it is the same
        made = make()
        with self._lock:
            self._kept[key] = made
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made
