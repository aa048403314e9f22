"""What the product scenarios answer: a pool, cut by the rules, put into order, and filled up to the count."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from features.contracts.filters.columns import Mask
from features.contracts.scenario_settings import ScenarioSettings
from serving.answers import RecommendedItem
from serving.recommendations.arrange import Caps, LeastShare, Shown, arrange
from serving.recommendations.ask import Ask, Offered
from serving.recommendations.assortment import Assortment
from serving.recommendations.eligibility import Eligibility
from serving.recommendations.evidence import Witness, explored_item
from serving.recommendations.just_now import near_zone, with_viewed
from serving.recommendations.lot import lot_of
from serving.recommendations.pool import MIN_SCORE, Origin, Pool, PoolBuilder, scored_pool
from serving.recommendations.rules import HardRules
from training.protocol import Rows

RAISED_BY_VIEWS = frozenset({"home", "discover"})
"""Kinds of scenarios where products just looked at raise what goes with them; the others answer something else."""


@dataclass(frozen=True, kw_only=True)
class ProductOffers:
    """Offers products of one release."""

    assortment: Assortment
    eligibility: Eligibility
    pools: PoolBuilder
    rules: HardRules

    def offer(self, ask: Ask) -> Offered:
        """Exactly `count` products, or in `filtered` why there are fewer."""
        filtered: Counter[str] = Counter()
        everything = self._with_now(ask, self.pools.of_kind(ask))
        pool = self.rules.cut(everything, ask, filtered)
        if ask.query.item_ids is not None:
            self._count_unknown(ask, filtered)
        promoted = self._promoted(ask)
        if promoted is not None:
            pool = self._with_promoted(ask, pool, promoted, self._others(everything))
        pool = self._boosted(ask, pool)
        chosen = self._arranged(ask, pool, promoted, ask.query.count)
        if len(chosen) < ask.query.count and _may_be_filled(ask):
            lacking = ask.query.count - len(chosen)
            filling = self._filling(ask, pool, self._others(everything, pool), lacking, filtered)
            chosen += range(len(pool), len(pool) + len(filling))
            pool = pool.joined(filling)
        explored = self._explored(ask, pool, chosen)
        chosen = chosen[: ask.query.count - len(explored)]
        witness = Witness(
            ask=ask,
            pool=pool,
            assortment=self.assortment,
            promoted=None if promoted is None else promoted[pool.rows],
        )
        items = (*witness.items(chosen), *explored)
        if len(items) < ask.query.count:
            filtered["no_more_products"] = ask.query.count - len(items)
        return Offered(items=items, filtered=dict(filtered))

    def _with_now(self, ask: Ask, pool: Pool) -> Pool:
        """The pool as what the member did just now changes it."""
        if ask.now is None or ask.query.item_ids is not None:
            return pool
        if ask.scenario.kind in RAISED_BY_VIEWS:
            pool = with_viewed(
                pool, ask, self.assortment, lambda rows: self.pools.of_the_moment(ask, rows, Origin.VIEWED)
            )
        return near_zone(pool, ask, self.assortment)

    def _count_unknown(self, ask: Ask, filtered: Counter[str]) -> None:
        row_of = self.assortment.products.row_of
        unknown = sum(each not in row_of for each in dict.fromkeys(ask.query.item_ids or ()))
        if unknown:
            filtered["unknown"] = unknown

    def _promoted(self, ask: Ask) -> Mask | None:
        """bool (shelf,): the promoted products, None when the scenario promotes none."""
        if not ask.scenario.promoted_filter:
            return None
        return self.eligibility.of_filter(ask.scenario.promoted_filter, ask.as_of)

    def _with_promoted(self, ask: Ask, pool: Pool, promoted: Mask, others: Rows) -> Pool:
        """The pool with so many promoted products that their share can be reached, popular ones added last."""
        lacking = _places_of(ask.scenario.promoted_share, ask) - int(promoted[pool.rows].sum())
        if lacking <= 0 or not _may_be_filled(ask):
            return pool
        more = self.rules.cut(self._popular(ask, others[promoted[others]], pool), ask, Counter())
        return pool.joined(more.at(np.arange(min(lacking, len(more)))))

    def _boosted(self, ask: Ask, pool: Pool) -> Pool:
        if not ask.scenario.boosts:
            return pool
        factors = self.eligibility.factors(ask.scenario.boosts, ask.as_of)
        return pool.with_scores(pool.scores * factors[pool.rows])

    def _arranged(self, ask: Ask, pool: Pool, promoted: Mask | None, count: int) -> list[int]:
        shares = []
        if promoted is not None and ask.scenario.promoted_share:
            least = _places_of(ask.scenario.promoted_share, ask)
            shares.append(LeastShare(mask=promoted[pool.rows], least=least))
        if ask.scenario.new_share:
            shares.append(LeastShare(mask=~pool.is_bought, least=_places_of(ask.scenario.new_share, ask)))
        shown = Shown(
            scores=pool.scores,
            places=self.assortment.place[pool.rows],
            categories=self.assortment.category[pool.rows],
            brands=self.assortment.brand[pool.rows],
        )
        return arrange(shown, count, caps=_caps(ask.scenario), shares=shares)

    def _filling(self, ask: Ask, pool: Pool, others: Rows, count: int, filtered: Counter[str]) -> Pool:
        """The most popular of the others, by popularity and boosts."""
        rows = others[self.rules.passing(others, ask, filtered)]
        filling = self._boosted(ask, self.rules.cut(self._popular(ask, rows, pool), ask, filtered))
        order = np.lexsort((self.assortment.place[filling.rows], -filling.scores))
        return filling.at(order[:count])

    def _popular(self, ask: Ask, rows: Rows, pool: Pool) -> Pool:
        # below everything that the pool holds: there, scores say how much the member likes it
        below = max(float(pool.scores.min(initial=1.0)), MIN_SCORE)
        return self.pools.popular(ask, rows, below=below)

    def _others(self, *pools: Pool) -> Rows:
        """Rows of products sold lately that no pool has, popular ones first."""
        on_sale = self.assortment.on_sale
        is_other = np.ones(len(self.assortment), dtype=np.bool_)
        for pool in pools:
            is_other[pool.rows] = False
        return on_sale[is_other[on_sale]]

    def _explored(self, ask: Ask, pool: Pool, chosen: list[int]) -> list[RecommendedItem]:
        if not ask.scenario.exploration_share or not _may_be_filled(ask):
            return []
        news = self.eligibility.new_products(ask.scenario.exploration_days, ask.as_of)
        # what the scores would show anyway is not explored, so that every product of the lot has the same chance
        rows = news[~np.isin(news, pool.rows[chosen])]
        lot = lot_of(ask)
        there = scored_pool(rows, self.assortment.popularity[rows], Origin.POPULAR, ask=ask, assortment=self.assortment)
        allowed = self.rules.cut(there, ask, Counter()).rows
        probability = lot.probability(len(allowed))
        return [
            explored_item(ask, self.assortment, row, probability=probability) for row in lot.pick(allowed, lot.number())
        ]


def _may_be_filled(ask: Ask) -> bool:
    """Whether products from outside the pool may come: not among what is due, nor among what was asked for."""
    return ask.scenario.kind != "replenish" and ask.query.item_ids is None


def _places_of(share: float, ask: Ask) -> int:
    return int(np.floor(share * ask.query.count + 1e-9))


def _caps(scenario: ScenarioSettings) -> Caps:
    return Caps(per_category=scenario.max_per_category, per_brand=scenario.max_per_brand, diversity=scenario.diversity)
