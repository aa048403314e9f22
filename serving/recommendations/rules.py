"""The rules that no product gets around: each removes products from a pool and counts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from features.contracts.filters.columns import Mask
from features.contracts.ids import ProductId
from serving.recommendations.ask import Ask
from serving.recommendations.assortment import Assortment
from serving.recommendations.eligibility import Eligibility
from serving.recommendations.pool import Pool
from training.affinity.blend import Field
from training.protocol import Rows

Rule = Callable[[Pool], Mask | None]
"""bool (products,): those that it removes; None: none of them."""


@dataclass(frozen=True, kw_only=True)
class HardRules:
    """The rules of a release's requests."""

    assortment: Assortment
    eligibility: Eligibility

    def cut(self, pool: Pool, ask: Ask, filtered: Counter[str]) -> Pool:
        """What is left of the pool; adds to `filtered` how many each rule removed, each product once."""
        if ask.eligible is not None:
            pool = pool.at(self.passing(pool.rows, ask, filtered))
        for code, rule in self._rules(ask):
            removed = rule(pool)
            if removed is not None and removed.any():
                filtered[code] += int(removed.sum())
                pool = pool.at(~removed)
        return pool

    def passing(self, rows: Rows, ask: Ask, filtered: Counter[str]) -> Rows:
        """Positions of the rows that pass filters, activity and stock; counts what each of them removed."""
        at = np.arange(len(rows))
        if ask.eligible is None or ask.eligible[rows].all():
            return at
        query = ask.query
        for code, passing in self.eligibility.gates(
            ask.scenario, filter_=query.filter, store_id=query.store_id, as_of=ask.as_of
        ):
            kept = at[passing[rows[at]]]
            if len(kept) < len(at):
                filtered[code] += len(at) - len(kept)
            at = kept
        return at

    def _rules(self, ask: Ask) -> list[tuple[str, Rule]]:
        query, scenario = ask.query, ask.scenario
        rules: list[tuple[str, Rule]] = []
        if query.exclude:
            rules.append(("excluded", self._is_one_of(query.exclude)))
        if query.basket:
            rules.append(("in_basket", self._is_one_of(query.basket)))
        if query.product_id is not None:
            rules.append(("looked_at", self._is_one_of((query.product_id,))))
        if ask.now is not None and ask.now.bought:
            rules.append(("bought_just_now", self._is_one_of(tuple(each.product_id for each in ask.now.bought))))
        if scenario.exclude_bought_days and ask.packed is not None:
            rules.append(("bought_lately", lambda pool: self._bought_lately(pool, ask)))
        if scenario.kind == "discover":
            rules.append(("bought_before", lambda pool: pool.is_bought))
        if scenario.kind == "replenish":
            rules.append(("never_bought", lambda pool: ~pool.is_bought))
            rules.append(("not_due", lambda pool: ~is_due(pool, ask)))
        return rules

    def _is_one_of(self, ids: frozenset[str] | tuple[ProductId, ...]) -> Rule:
        row_of = self.assortment.products.row_of
        rows = np.array([row_of[ProductId(each)] for each in ids if each in row_of], dtype=np.int64)
        return lambda pool: np.isin(pool.rows, rows) if len(rows) else None

    def _bought_lately(self, pool: Pool, ask: Ask) -> Mask:
        since = ask.as_of_days - ask.scenario.exclude_bought_days
        removed: Mask = pool.values[:, Field.LAST_ORDERED_DAYS] >= since
        packed = ask.packed
        if packed is not None:
            # a product that is no candidate may still be among the latest purchases
            late = tuple(
                product_id
                for product_id, day in zip(packed.recent_product_ids, packed.recent_ordered_days, strict=True)
                if day >= since
            )
            removed = removed | np.isin(pool.rows, self.assortment.rows_of(late))
        return removed


def is_due(pool: Pool, ask: Ask) -> Mask:
    """bool (products,): bought at least twice, and between `due_gaps` and `lapsed_gaps` usual gaps ago."""
    gaps = np.maximum(pool.values[:, Field.GAP_DAYS], np.float32(1))
    passed = (np.float32(ask.as_of_days) - pool.values[:, Field.LAST_ORDERED_DAYS]) / gaps
    due: Mask = (passed >= ask.scenario.due_gaps) & (passed <= ask.scenario.lapsed_gaps)
    return due
