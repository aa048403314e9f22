"""Scenario `content`: what is running now, scored through the products and categories that it names."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

from serving.answers import Reason, RecommendedItem
from serving.recommendations.ask import Ask, Offered
from serving.recommendations.likings import Likings, Mask, Scores, likings_of, may_come
from serving.recommendations.named_product import named_product
from serving.recommendations.reasons import SENTENCES
from training.protocol import Rows
from training.release.contents import Contents

SOURCE = "contents"
CATEGORY_WEIGHT = 0.5
"""What a content says of its category counts so much beside what it says of a product."""
BEST_OF_CATEGORY = 3
"""Best liked products of a category that stand for it."""
SURE = np.float32(0.9)
"""Liking of the best liked product: nothing is certain."""
MOST_PRODUCTS = 20
"""Products of a content that an answer names."""


def offer_contents(ask: Ask) -> Offered:
    """The running contents that the member is likeliest to like, best first; of equal ones the newest.

    A content that names products none of which may come is left out.
    """
    contents = ask.release.contents
    if contents is None or not len(contents):
        return Offered(items=(), filtered={"no_more_contents": ask.query.count})
    open_ = contents.running(ask.as_of)
    allowed = may_come(ask)
    filtered: dict[str, int] = {}
    for code, passes in _rules(ask, contents, allowed).items():
        if removed := int((open_ & ~passes).sum()):
            filtered[code] = removed
        open_ &= passes
    desk = _Desk(ask=ask, contents=contents, likings=likings_of(ask), may_come=allowed)
    scores = desk.scores
    order = np.argsort(-scores, kind="stable")
    chosen = order[open_[order]][: ask.query.count]
    if len(chosen) < ask.query.count:
        filtered["no_more_contents"] = ask.query.count - len(chosen)
    return Offered(items=tuple(desk.item(int(place)) for place in chosen), filtered=filtered)


def _rules(ask: Ask, contents: Contents, allowed: Mask) -> dict[str, Mask]:
    """bool (contents,) by the code of the rule: which contents pass it."""
    places, rows = contents.named
    eligible = np.bincount(places, weights=allowed[rows], minlength=len(contents)) > 0
    rules = {"no_eligible_product": eligible | (np.bincount(places, minlength=len(contents)) == 0)}
    if ask.query.exclude:
        rules["excluded"] = np.array([each not in ask.query.exclude for each in contents.ids], dtype=np.bool_)
    if ask.query.item_ids is not None:
        rules["not_asked_for"] = np.isin(np.array(contents.ids, dtype=object), list(ask.query.item_ids))
    return rules


@dataclass(frozen=True, kw_only=True)
class _Desk:
    """Scores and describes the contents for one request."""

    ask: Ask
    contents: Contents
    likings: Likings
    may_come: Mask

    @cached_property
    def liking(self) -> Scores:
        """float32 (shelf rows,): liking of each product that may come, below 1."""
        liking: Scores = np.where(self.may_come, self.likings.over(len(self.may_come)) * SURE, np.float32(0))
        return liking

    @cached_property
    def scores(self) -> npt.NDArray[np.float64]:
        """float64 (contents,): chance that one of the products named, or the category, is to the member's liking."""
        places, rows = self.contents.named
        dislike = np.bincount(places, weights=np.log1p(-self.liking[rows]), minlength=len(self.contents))
        of_category = [CATEGORY_WEIGHT * self.by_category.get(each or "", 0.0) for each in self.contents.categories]
        scores: npt.NDArray[np.float64] = 1 - np.exp(dislike) * (1 - np.array(of_category))
        return scores

    @cached_property
    def by_category(self) -> dict[str, float]:
        """Chance that one of the best liked products of a category is to the member's liking, by category."""
        categories = self.ask.release.products.table["category"].to_numpy()[self.likings.rows]
        best: dict[str, list[float]] = {}
        for category, liking in zip(categories, self.liking[self.likings.rows].tolist(), strict=True):
            if isinstance(category, str) and len(best.setdefault(category, [])) < BEST_OF_CATEGORY:
                best[category].append(liking)
        return {category: 1 - math.prod(1 - liking for liking in own) for category, own in best.items()}

    def item(self, place: int) -> RecommendedItem:
        """The content at a place, with the products it names, the best liked first."""
        rows = self.contents.product_rows[place]
        rows = rows[self.may_come[rows]]
        rows = rows[np.argsort(-self.liking[rows], kind="stable")]
        ends_at = self.contents.ends_at[place]
        # The first moment after a content is no part of it: one that ends at midnight ends on the day before.
        last = None if ends_at is None else (ends_at - timedelta(microseconds=1)).astimezone(self.ask.zone).date()
        return RecommendedItem(
            id=self.contents.ids[place],
            type="content",
            name=self.contents.titles[place],
            score=float(self.scores[place]),
            source=SOURCE,
            reasons=(self._reason(place, rows),),
            products=tuple(named_product(self.ask.release.products, row) for row in rows[:MOST_PRODUCTS].tolist()),
            ends_on=last,
        )

    def _reason(self, place: int, rows: Rows) -> Reason:
        personal = self.likings.is_personal
        category = self.contents.categories[place]
        if len(rows) and self.liking[rows[0]] > 0:
            is_bought = bool(self.likings.is_bought[self.likings.rows == rows[0]].any())
            code = "content_bought" if is_bought else "content_taste" if personal else "content_popular"
            return _reason(code, self.ask, product=self.ask.release.products.names[rows[0]])
        if category is not None and self.by_category.get(category, 0.0) > 0:
            return _reason("content_category" if personal else "content_category_popular", self.ask, category=category)
        return _reason("content_running", self.ask)


def _reason(code: str, ask: Ask, **words: str) -> Reason:
    return Reason(code=code, sentence=SENTENCES[code][ask.query.locale].format(**words))
