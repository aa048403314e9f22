"""Turns a chosen product into an item: its source, and the reasons that are true of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import nan

import numpy as np
import numpy.typing as npt

from features.contracts.filters.columns import Mask
from serving.answers import Reason, RecommendedItem
from serving.recommendations.ask import Ask
from serving.recommendations.assortment import NOT_IN_CATALOGUE, Assortment
from serving.recommendations.pool import NOBODY, Origin, Pool
from serving.recommendations.reasons import Evidence, due_reason, expected_day, local_day, reason, reason_for
from training.affinity.arrivals import NEW_DAYS
from training.affinity.blend import CandidateValues, Field
from training.protocol import Rows

ANCHORS = 10
"""Latest purchases of a member that a recommendation may name as its reason."""

FIELD_OF_SOURCE = {
    "item_item": Field.ITEM_ITEM,
    "als": Field.ALS,
    "neighbours": Field.NEIGHBOURS,
    "next_basket": Field.NEXT_BASKET,
    "favourite_category": Field.FAVOURITE_CATEGORY,
    "favourite_brand": Field.FAVOURITE_BRAND,
    "stores": Field.STORES,
    "popularity": Field.POPULARITY,
}
"""Sources that say something of products never bought, each as a share of its best for the member; of equal ones the
first counts."""

FAINT = 0.1
"""A product with less than this share of the most popular one's buyers is not called popular."""

SOURCE_OF_ORIGIN = {
    Origin.TOGETHER: "together",
    Origin.SIMILAR: "item_item",
    Origin.GROUP: "same_group",
    Origin.SEGMENT: "segment",
    Origin.POPULAR: "popularity",
    Origin.ASKED: "asked_for",
    Origin.VIEWED: "viewed",
}


@dataclass(frozen=True, kw_only=True)
class Witness:
    """Says of one answer's products why they are there."""

    ask: Ask
    pool: Pool
    assortment: Assortment
    promoted: Mask | None = None
    """bool (pool,): the scenario's promoted products."""

    def items(self, chosen: Sequence[int]) -> list[RecommendedItem]:
        """The items of positions in the pool."""
        places = list(chosen)
        days_on_sale = self.ask.as_of_days - self.assortment.first_sold_days[self.pool.rows[places]]
        sources = strongest_sources(self.pool.values[places], days_on_sale)
        return [
            self._item(at, source if origin == Origin.STORED else SOURCE_OF_ORIGIN[Origin(origin)])
            for at, source, origin in zip(chosen, sources, self.pool.origins[list(chosen)].tolist(), strict=True)
        ]

    def _item(self, at: int, source: str) -> RecommendedItem:
        row = int(self.pool.rows[at])
        evidence = self._evidence(at, row, source)
        is_due = self.ask.scenario.kind == "replenish"
        return RecommendedItem(
            id=self.assortment.ids[row],
            name=self.assortment.products.names[row],
            score=round(float(self.pool.scores[at]), 6),
            source=source,
            reasons=self._reasons(at, row, evidence),
            expected_on=expected_day(evidence, self.ask.zone) if is_due and evidence.is_bought else None,
        )

    def _evidence(self, at: int, row: int, source: str) -> Evidence:
        values = self.pool.values[at].tolist()
        return Evidence(
            source=source,
            orders_365d=int(values[Field.ORDERS_365D]),
            last_ordered_days=values[Field.LAST_ORDERED_DAYS],
            gap_days=values[Field.GAP_DAYS],
            anchor=self._anchor(at, row, source),
            group=self._group(row, source),
            first_sold_days=float(self.assortment.first_sold_days[row]) if source == "arrivals" else nan,
        )

    def _group(self, row: int, source: str) -> str | None:
        if source == "favourite_category":
            return self.assortment.group_name("category", row)
        return self.assortment.group_name("brand", row) if source == "favourite_brand" else None

    def _reasons(self, at: int, row: int, evidence: Evidence) -> tuple[Reason, ...]:
        locale, zone, kind = self.ask.query.locale, self.ask.zone, self.ask.scenario.kind
        reasons = []
        if kind == "replenish" and evidence.is_bought:
            reasons.append(due_reason(evidence, locale, zone=zone))
        reasons += self._reason_of_origin(Origin(int(self.pool.origins[at])), row, evidence)
        if not reasons or evidence.is_bought:
            reasons.append(reason_for(evidence, locale, zone=zone))
        if self.promoted is not None and self.promoted[at]:
            reasons.append(reason("promoted", locale))
        return tuple(reasons)

    def _reason_of_origin(self, origin: Origin, row: int, evidence: Evidence) -> list[Reason]:
        locale, anchor = self.ask.query.locale, evidence.anchor or ""
        if origin == Origin.TOGETHER:
            code = "in_basket" if self.ask.scenario.kind == "cart" else "bought_together"
            return [reason(code, locale, anchor=anchor)]
        if origin in (Origin.SIMILAR, Origin.GROUP):
            return [reason("similar" if origin == Origin.SIMILAR else "same_group", locale, anchor=anchor)]
        if origin == Origin.VIEWED:
            return [reason("viewed_just_now", locale, anchor=anchor)]
        if origin == Origin.SEGMENT:
            return [reason("popular_in_store", locale)]
        if origin == Origin.ASKED:
            return [reason("asked_for", locale)]
        if origin == Origin.POPULAR and self.assortment.catalogue_row_of[row] == NOT_IN_CATALOGUE:
            return [reason("in_range", locale)]
        return []

    def _anchor(self, at: int, row: int, source: str) -> str | None:
        """Name of the product that this one goes with: the one at hand, else a late purchase; None without one."""
        anchor = int(self.pool.anchors[at])
        if anchor != NOBODY:
            return self.assortment.products.names[anchor]
        if source != "item_item" or self.pool.is_bought[at]:
            return None
        catalogue_row = self.assortment.catalogue_row_of[row]
        if catalogue_row == NOT_IN_CATALOGUE:
            return None
        near = set(self.ask.release.affinity.neighbours.rows[catalogue_row].tolist())
        for late in self._late_purchases:
            if late in near and late != catalogue_row:
                return self.assortment.products.names[int(self.assortment.shelf_row_of[late])]
        return None

    @cached_property
    def _late_purchases(self) -> list[int]:
        """ProductRows of the member's latest purchases, newest first."""
        if self.ask.packed is None:
            return []
        latest = tuple(dict.fromkeys(self.ask.packed.recent_product_ids))[:ANCHORS]
        rows = self.assortment.rows_of(latest)
        late: Rows = self.assortment.catalogue_row_of[rows[rows >= 0]]
        found: list[int] = late[late != NOT_IN_CATALOGUE].tolist()
        return found


def strongest_sources(values: CandidateValues, days_on_sale: npt.NDArray[np.float64]) -> list[str]:
    """The source that says most for each product: `frequency` for one that was bought.

    What no stored source but a faint popularity speaks for came as a new arrival, or by its likeness to what the
    member buys.
    """
    names = list(FIELD_OF_SOURCE)
    scores = values[:, list(FIELD_OF_SOURCE.values())]
    # a product that no source here knows came with its popularity, if with anything
    best = np.where(scores.max(axis=1) > 0, scores.argmax(axis=1), len(names) - 1)
    found = np.array(names, dtype=object)[best]
    is_faint = (best == len(names) - 1) & (values[:, Field.POPULARITY] < FAINT)
    is_alike = (values[:, Field.SUBCATEGORY_ORDERS] > 0) | (values[:, Field.BRAND_ORDERS] > 0)
    found[is_faint & is_alike] = "analogues"
    found[is_faint & (days_on_sale <= NEW_DAYS)] = "arrivals"
    found[~np.isnan(values[:, Field.LAST_ORDERED_DAYS])] = "frequency"
    sources: list[str] = found.tolist()
    return sources


def explored_item(ask: Ask, assortment: Assortment, row: int, *, probability: float) -> RecommendedItem:
    """The item of a product that the lot chose."""
    day = local_day(float(assortment.first_sold_days[row]), ask.zone).isoformat()
    return RecommendedItem(
        id=assortment.ids[row],
        name=assortment.products.names[row],
        score=0.0,
        source="explored",
        reasons=(reason("explored", ask.query.locale, day=day),),
        exploration_probability=probability,
    )
