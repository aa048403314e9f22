"""The shop as launches were learnt in: any moment of it can be stood up again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from features.prepared import PURCHASES_FILE, VISITS_FILE
from features.snapshots import FeatureBuild
from training.launches.analogues import place_launch
from training.launches.facts import facts_before
from training.launches.features import Matrix, launch_activity, launch_matrix, watched_days
from training.launches.lines import NOTHING, Lines, LinesBefore, read_lines, read_visit_lines
from training.launches.moment import Floats, LaunchMoment, Truths
from training.launches.past import PastLaunches
from training.launches.product_names import ProductNames, product_names
from training.launches.spending import LaunchSpending, launch_spending
from training.propensity.groupings import Groupings, ProductRows
from training.propensity.likings import Taste, member_factors
from training.propensity.moment import ProductColumns
from training.propensity.target import LaunchDescription

WEEK_DAYS = 7
TASTE_DAYS = 28
"""Taste is told anew after so many days; in service it is as old as the release."""
FIRST_DAYS = 7
"""The list price of a launch is that of its first days: a marketer knows it beforehand."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """One launch, or one product whose history was hidden, with the members who had been seen before."""

    product_row: int
    at_days: float
    is_simulated: bool
    member_rows: ProductRows
    """int64 (members,): rows of the shop's members."""
    matrix: Matrix
    """float32 (members, len(FEATURE_NAMES))."""
    spending: LaunchSpending
    """Over all of the shop's members."""


@dataclass(frozen=True, kw_only=True)
class LearningShop:
    """Members' lines in memory and what was known of the products each week."""

    groupings: Groupings
    names: ProductNames
    lines: Lines
    visit_lines: Lines
    past: PastLaunches
    """Launches with the buyers that a launch needs."""
    seed: int
    factors: int
    """Length of a member's vector of taste, as in service."""
    _products: dict[int, ProductColumns] = field(default_factory=dict, repr=False)
    _taste: dict[int, Taste] = field(default_factory=dict, repr=False)

    def example(self, product: int, *, at_days: float, is_simulated: bool = False) -> Example:
        """The members seen before `at_days` with the product as if it were described and not yet sold."""
        hidden = np.array([product])
        moment = self.moment(at_days, hidden=hidden)
        description = self.description(product, moment)
        watched = watched_days(moment)
        place = place_launch(moment, description, hidden=hidden, watched_days=watched)
        activity = launch_activity(moment, place, watched_days=watched)
        matrix = launch_matrix(moment, place, activity, self.past.known_at(at_days).without(product))
        seen = np.flatnonzero(self.lines.first_seen_days < at_days)
        return Example(
            product_row=product,
            at_days=at_days,
            is_simulated=is_simulated,
            member_rows=seen,
            matrix=matrix[seen],
            spending=launch_spending(moment, place, activity),
        )

    def description(self, product: int, moment: LaunchMoment) -> LaunchDescription:
        """What a marketer would have written of a product: its groupings, and the list price of its first days.

        Of a product that has long been sold the list price of the moment.
        """
        names = self.groupings.names.iloc[product]
        return LaunchDescription(
            category=str(names["category"]),
            subcategory=_text(names["subcategory"]),
            brand=_text(names["brand"]),
            price=self._list_price(product, moment),
            is_private_label=bool(names["is_private_label"]),
        )

    def moment(self, at_days: float, *, hidden: ProductRows = NOTHING) -> LaunchMoment:
        """The shop strictly before `at_days`; facts of products are those of the week before at most."""
        products = self._products_of(at_days)
        visits = LinesBefore(lines=self.visit_lines, at_days=at_days).unions([np.array([0])])[0]
        return LaunchMoment(
            as_of_days=at_days,
            groupings=self.groupings,
            names=self.names,
            cells=LinesBefore(lines=self.lines, at_days=at_days, hidden=hidden),
            visits=visits,
            taste=self._taste_of(at_days),
            products=products,
        )

    def bought(self, example: Example, *, horizon_days: int) -> Truths:
        """bool (members of the example,): a purchase within the horizon."""
        outcome = self.lines.bought(example.product_row, at_days=example.at_days, horizon_days=horizon_days)
        return outcome[example.member_rows]

    def spent(self, example: Example, *, horizon_days: int) -> Floats:
        """float64 (members of the example,): spend on the product within the horizon."""
        spent = self.lines.spent(example.product_row, at_days=example.at_days, horizon_days=horizon_days)
        return spent[example.member_rows]

    def _list_price(self, product: int, moment: LaunchMoment) -> float | None:
        known = moment.list_prices[product]
        if np.isnan(known):
            lines = self.lines.of(product)
            days, prices = self.lines.days[lines], self.lines.list_price[lines]
            soon = prices[(days >= moment.as_of_days) & (days < moment.as_of_days + FIRST_DAYS) & (prices > 0)]
            known = np.median(soon) if len(soon) else np.nan
        return None if np.isnan(known) else float(known)

    def _products_of(self, at_days: float) -> ProductColumns:
        # Facts of the week's start, as the weekly snapshots hold them: a moment of its own each would cost more.
        week = int(at_days // WEEK_DAYS)
        if week not in self._products:
            self._products[week] = facts_before(self.lines, self.groupings, at_days=week * WEEK_DAYS)
        facts = self._products[week]
        return replace(facts, days_on_sale=facts.days_on_sale + at_days - week * WEEK_DAYS)

    def _taste_of(self, at_days: float) -> Taste:
        block = int(at_days // TASTE_DAYS)
        if block not in self._taste:
            orders = self.lines.orders_by_group(self.groupings, at_days=block * TASTE_DAYS)
            self._taste[block] = Taste(member_factors(orders, factors=self.factors, seed=self.seed))
        return self._taste[block]


def read_shop(
    build: FeatureBuild,
    groupings: Groupings,
    past: PastLaunches,
    *,
    until: datetime,
    most_members: int,
    seed: int,
    factors: int,
) -> LearningShop:
    """The shop before `until`, of `most_members` members at most."""
    lines = read_lines(build.folder / PURCHASES_FILE, groupings, until=until, most_members=most_members)
    return LearningShop(
        groupings=groupings,
        names=product_names(groupings),
        lines=lines,
        visit_lines=read_visit_lines(build.folder / VISITS_FILE, lines.member_ids, until=until),
        past=past,
        seed=seed,
        factors=factors,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
