"""The numbers that the pooled model reads of a member and a target, whatever the target is.

Names, units and sentences stand in `feature_words`; the computation fills one column after the other in that order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.propensity.activity import SetActivity, weeks_in
from training.propensity.groupings import LEVELS, ProductRows
from training.propensity.moment import ENCODING, ProductColumns, PropensityMoment
from training.propensity.target import EventType

Matrix = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

PER_LEVEL = (
    "days_since",
    "weeks_4",
    "weeks_13",
    "weeks_26",
    "weeks_52",
    "orders_28d",
    "orders_91d",
    "orders_365d",
    "spend_365d",
    "fast_orders",
    "decayed_orders",
    "slow_orders",
    "gap_days",
    "gap_deviation_days",
    "overdue",
    "week_rate",
    "spend_share",
)
OF_SET = (
    "products",
    "penetration_horizon",
    "penetration_28d",
    "penetration_91d",
    "penetration_365d",
    "trend",
    "repeat_rate",
    "weeks_per_buyer",
    "share_of_type",
    "share_of_category",
    "price",
    "relative_price",
    "discount_depth",
    "private_label_share",
    "new_share",
)
LIKENESS = ("likeness_91d", "likeness_365d", "likeness_ratio")
OF_ROW = ("log_horizon", "is_event")

FEATURE_NAMES: tuple[str, ...] = (
    *(f"{level}__{name}" for level in LEVELS for name in PER_LEVEL),
    *(f"set__{name}" for name in OF_SET),
    *(f"taste__{name}" for name in LIKENESS),
    *OF_ROW,
    *ENCODING.model_names,
)
"""Columns of the matrix, in order."""

HORIZON_COLUMN = FEATURE_NAMES.index("log_horizon")
"""The longer the horizon the likelier: the booster is held to it."""
PENETRATION_COLUMN = FEATURE_NAMES.index("set__penetration_horizon")
"""The other column that knows of the horizon."""


@dataclass(frozen=True, kw_only=True)
class LevelledSet:
    """A target as members x target rows see it: their activity in the set and in its parents."""

    activities: tuple[SetActivity, ...]
    """In the order of LEVELS."""
    products: ProductRows | None
    """Rows of the set; None for an event."""
    category_products: ProductRows | None
    is_event: bool = False


def products_set(moment: PropensityMoment, products: ProductRows) -> LevelledSet:
    """A set of product rows with its parents."""
    levels = moment.groupings.levels(products)
    return LevelledSet(activities=tuple(moment.cells.unions(levels)), products=levels[0], category_products=levels[-1])


def event_set(moment: PropensityMoment, event: EventType) -> LevelledSet:
    """An event in the place of a set; its parents are the visits, among which it happens."""
    own, visits = moment.activity_of(event), moment.visits
    return LevelledSet(activities=(own, own, visits, visits), products=None, category_products=None, is_event=True)


def set_matrix(moment: PropensityMoment, asked: LevelledSet, *, horizon_days: int) -> Matrix:
    """float32 (members, len(FEATURE_NAMES)): the moment's members with one target."""
    matrix = np.empty((len(moment.member_ids), len(FEATURE_NAMES)), dtype=np.float32)
    columns = _Columns(matrix)
    known_weeks = np.clip((moment.as_of_days - moment.visits.first_days) / 7.0, 4.0, 52.0)
    wholes = np.maximum(moment.visits.spend_365d, 0.01)
    for activity in asked.activities:
        _fill_level(columns, activity, as_of_days=moment.as_of_days, known_weeks=known_weeks, wholes=wholes)
    for value in _set_facts(moment, asked, horizon_days=horizon_days):
        columns.add(value)
    for likened in _likenesses(moment, asked.activities[0]):
        columns.add(likened)
    columns.add(np.log(horizon_days))
    columns.add(float(asked.is_event))
    matrix[:, columns.filled :] = moment.members
    return matrix


def at_horizon(matrix: Matrix, moment: PropensityMoment, asked: LevelledSet, *, horizon_days: int) -> Matrix:
    """The rows that `set_matrix` made, changed in place to another horizon: few columns know of it."""
    active = moment.is_active
    bought = weeks_in(asked.activities[0].week_bits[active], max(1, round(horizon_days / 7))) > 0
    matrix[:, PENETRATION_COLUMN] = float(bought.sum()) / max(1, int(active.sum()))
    matrix[:, HORIZON_COLUMN] = np.log(horizon_days)
    return matrix


class _Columns:
    """Fills a matrix from the left, so that no second copy of it is ever held."""

    def __init__(self, matrix: Matrix) -> None:
        self._matrix = matrix
        self.filled = 0

    def add(self, values: Floats | float) -> None:
        self._matrix[:, self.filled] = values
        self.filled += 1


def _fill_level(
    columns: _Columns, activity: SetActivity, *, as_of_days: float, known_weeks: Floats, wholes: Floats
) -> None:
    since = as_of_days - activity.last_days
    weeks = activity.weeks(53)
    # Between the first and the latest order lie as many gaps as there were further weeks with one.
    gap = np.where(weeks > 1, (activity.last_days - activity.first_days) / np.maximum(weeks - 1, 1), np.nan)
    columns.add(since)
    for count in (4, 13, 26):
        columns.add(activity.weeks(count))
    columns.add(weeks)
    for each in (activity.orders_28d, activity.orders_91d, activity.orders_365d, activity.spend_365d):
        columns.add(each)
    for each in (activity.fast_orders, activity.decayed_orders, activity.slow_orders):
        columns.add(each)
    columns.add(gap)
    columns.add(activity.gap_deviation_days)
    columns.add(since / np.maximum(gap, 1.0))
    columns.add(weeks / known_weeks)
    columns.add(activity.spend_365d / wholes)


def _set_facts(moment: PropensityMoment, asked: LevelledSet, *, horizon_days: int) -> list[float]:
    own, _, kind, category = asked.activities
    active = moment.is_active
    members = max(1, int(active.sum()))
    horizon_weeks = max(1, round(horizon_days / 7))

    def buyers(activity: SetActivity, weeks: int) -> float:
        return float((weeks_in(activity.week_bits[active], weeks) > 0).sum())

    own_91 = buyers(own, 13)
    weeks = own.weeks(53)[active]
    bought = weeks > 0
    return [
        float(np.log1p(0 if asked.products is None else len(asked.products))),
        buyers(own, horizon_weeks) / members,
        buyers(own, 4) / members,
        own_91 / members,
        buyers(own, 53) / members,
        (buyers(own, 4) + 1.0) / (own_91 * 28 / 91 + 1.0),
        float((weeks[bought] > 1).mean()) if bought.any() else 0.0,
        float(weeks[bought].mean()) if bought.any() else 0.0,
        own_91 / max(1.0, buyers(kind, 13)),
        own_91 / max(1.0, buyers(category, 13)),
        *_goods_facts(moment.products, asked),
    ]


def _goods_facts(facts: ProductColumns, asked: LevelledSet) -> list[float]:
    if asked.products is None or asked.category_products is None:
        return [np.nan] * 5
    rows = asked.products
    price = _weighted(facts.price, facts.buyers_91d, rows)
    around = _weighted(facts.price, facts.buyers_91d, asked.category_products)
    return [
        price,
        price / around if around else np.nan,
        _weighted(facts.discount_depth, facts.buyers_91d, rows),
        _weighted(facts.is_private_label, facts.buyers_91d, rows),
        _weighted(np.where(np.isnan(facts.days_on_sale), np.nan, facts.days_on_sale <= 91), facts.buyers_91d, rows),
    ]


def _weighted(values: Floats, weights: Floats, rows: ProductRows) -> float:
    """Mean over the rows by weight; plain where nothing weighs, NaN where nothing is known."""
    known = rows[~np.isnan(values[rows])]
    if not len(known):
        return float("nan")
    weight = np.nan_to_num(weights[known])
    return float(np.average(values[known], weights=weight if weight.sum() > 0 else None))


def _likenesses(moment: PropensityMoment, own: SetActivity) -> tuple[Floats, Floats, Floats]:
    lately = moment.taste.likeness(own.weeks(13) > 0)
    ever = moment.taste.likeness(own.weeks(53) > 0)
    base = max(float((own.weeks(53) > 0).mean()), 1.0 / max(1, len(ever)))
    return lately, ever, ever / base
