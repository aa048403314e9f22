"""The numbers that the launch model reads of a member and a launch.

Their words stand in `training.propensity.feature_words`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from training.launches.analogues import LaunchPlace, tier_weights
from training.launches.moment import Floats, LaunchMoment
from training.launches.past import WATCHED_DAYS, PastLaunches
from training.propensity.activity import SetActivity
from training.propensity.groupings import ProductRows

Matrix = npt.NDArray[np.float32]

NEW_DAYS = 91
"""Products on sale no longer than this are the new ones: who buys them likes to try."""
NEW_SHARE = 0.004
"""Share of active members who must have bought a new product in 91 days: what hardly sells only looks new."""

LEVELS = ("analogues", "brand", "type", "category", "new", "visits")
PER_LEVEL = (
    "days_since",
    "weeks_4",
    "weeks_13",
    "weeks_52",
    "orders_91d",
    "orders_365d",
    "spend_365d",
    "fast_orders",
    "decayed_orders",
    "slow_orders",
    "gap_days",
    "overdue",
    "spend_share",
)
OF_MEMBER = ("closeness", "closeness_share", "lasting_closeness", "new_share", "price_to_type", "price_to_category")
TASTE = ("taste__analogues", "taste__brand", "taste__type", "taste__category")
MEASURED = ("analogues", "brand", "type", "category", "new")
OF_LEVEL = ("penetration_28d", "penetration_91d", "repeat_rate")
OF_LAUNCH = (
    "launch__log_price",
    "launch__price_to_type",
    "launch__price_to_category",
    "launch__products_in_type",
    "launch__products_of_brand",
    "launch__similarity",
    "launch__is_private_label",
    "launch__best_analogue",
)
FAMILIES = ("category", "type", "brand")
OF_FAMILY = ("earlier", "best_earlier", "mean_earlier")
STRONGEST = 5
"""Earlier launches of a family whose shares of buyers are averaged."""

RANKED = (
    "category__spend_365d",
    "category__decayed_orders",
    "type__decayed_orders",
    "brand__decayed_orders",
    "visits__decayed_orders",
    "visits__spend_365d",
    "member__closeness",
    "member__lasting_closeness",
    *TASTE,
)
"""Features of which the member's standing among all members is read too: counts grow while a shop's history does,
standings do not."""


def standing_name(feature: str) -> str:
    """Name of the feature that says where a member stands by another one."""
    return f"standing__{feature.replace('__', '_')}"


STANDINGS = {standing_name(name): name for name in RANKED}
"""What each standing ranks."""

FEATURE_NAMES: tuple[str, ...] = (
    *(f"{level}__{name}" for level in LEVELS for name in PER_LEVEL),
    *(f"member__{name}" for name in OF_MEMBER),
    *TASTE,
    *STANDINGS,
    *(f"{level}__{name}" for level in MEASURED for name in OF_LEVEL),
    *OF_LAUNCH,
    *(f"{family}__{name}_launches" for family in FAMILIES for name in OF_FAMILY),
)
"""Columns of the matrix, in order."""


@dataclass(frozen=True, kw_only=True)
class LaunchActivity:
    """What members did around a launch."""

    levels: tuple[SetActivity, ...]
    """In the order of LEVELS."""
    tiers: tuple[SetActivity, ...]


def launch_activity(moment: LaunchMoment, place: LaunchPlace, *, watched_days: float) -> LaunchActivity:
    """The members' activity around the launch, in one reading of the cells."""
    age = moment.products.days_on_sale
    needed = NEW_SHARE * float(moment.is_active.sum())
    is_new = (age <= min(NEW_DAYS, watched_days)) & (np.nan_to_num(moment.products.buyers_91d) >= max(needed, 1.0))
    sets = [place.analogues, place.brand, place.type, place.category, np.flatnonzero(is_new)]
    found = moment.cells.unions([*(np.sort(each) for each in sets), *place.tiers])
    return LaunchActivity(levels=(*found[: len(sets)], moment.visits), tiers=tuple(found[len(sets) :]))


def watched_days(moment: LaunchMoment) -> float:
    """How many days of products' ages can be believed at the moment: those after the shop was watched for a while."""
    oldest = np.nanmax(moment.products.days_on_sale, initial=0.0)
    return max(float(oldest) - WATCHED_DAYS, 0.0)


def launch_matrix(moment: LaunchMoment, place: LaunchPlace, activity: LaunchActivity, past: PastLaunches) -> Matrix:
    """float32 (members, len(FEATURE_NAMES)); `past` holds the launches whose buyers were known at the moment."""
    matrix = np.empty((len(moment.visits.last_days), len(FEATURE_NAMES)), dtype=np.float32)
    wholes = np.maximum(moment.visits.spend_365d, 0.01)
    column = 0
    for level in activity.levels:
        for values in _level(level, as_of_days=moment.as_of_days, wholes=wholes):
            matrix[:, column] = values
            column += 1
    of_launch = (
        *_penetrations(moment, activity),
        *_facts(moment, place),
        *(fact for family in (place.category, place.type, place.brand) for fact in _earlier(family, past)),
    )
    for values in (*_of_member(activity, place), *_tastes(moment, activity)):
        matrix[:, column] = values
        column += 1
    have_come = ~np.isnan(moment.visits.last_days)
    for name in RANKED:
        matrix[:, column] = standing(matrix[:, FEATURE_NAMES.index(name)], among=have_come)
        column += 1
    matrix[:, column:] = np.array(of_launch, dtype=np.float32)
    return matrix


def _level(activity: SetActivity, *, as_of_days: float, wholes: Floats) -> tuple[Floats, ...]:
    since = as_of_days - activity.last_days
    weeks = activity.weeks(53)
    gap = np.where(weeks > 1, (activity.last_days - activity.first_days) / np.maximum(weeks - 1, 1), np.nan)
    return (
        since,
        activity.weeks(4),
        activity.weeks(13),
        weeks,
        activity.orders_91d,
        activity.orders_365d,
        activity.spend_365d,
        activity.fast_orders,
        activity.decayed_orders,
        activity.slow_orders,
        gap,
        since / np.maximum(gap, 1.0),
        activity.spend_365d / wholes,
    )


def closeness(activity: LaunchActivity) -> Floats:
    """float64 (members,): decayed orders in the category, each by how similar the product is to the launch."""
    weighted = [weight * each.decayed_orders for weight, each in zip(tier_weights(), activity.tiers, strict=True)]
    return np.asarray(np.sum(weighted, axis=0))


def standing(values: npt.NDArray[np.float32], *, among: npt.NDArray[np.bool_]) -> Floats:
    """float64 (members,): share of the members `among` with less, equal ones counting half; 0 for the others.

    A value that is not known counts as 0.
    """
    shares = np.zeros(len(values))
    shares[among] = (rankdata(np.nan_to_num(values[among]), method="average") - 0.5) / max(1, int(among.sum()))
    return shares


def _of_member(activity: LaunchActivity, place: LaunchPlace) -> tuple[Floats, ...]:
    _, _, kind, category, new, visits = activity.levels
    near = closeness(activity)
    lasting = [weight * each.slow_orders for weight, each in zip(tier_weights(), activity.tiers, strict=True)]
    return (
        near,
        near / np.maximum(category.decayed_orders, 0.01),
        np.sum(lasting, axis=0),
        new.orders_91d / np.maximum(visits.orders_91d, 1.0),
        _against_usual(place.price, kind),
        _against_usual(place.price, category),
    )


def _against_usual(price: float, activity: SetActivity) -> Floats:
    usual = activity.spend_365d / np.maximum(activity.orders_365d, 1.0)
    return np.where(usual > 0, np.log(max(price, 0.01)) - np.log(np.maximum(usual, 0.01)), np.nan)


def _tastes(moment: LaunchMoment, activity: LaunchActivity) -> tuple[Floats, ...]:
    return tuple(moment.taste.likeness(level.weeks(53) > 0) for level in activity.levels[:4])


def _penetrations(moment: LaunchMoment, activity: LaunchActivity) -> list[float]:
    active = moment.is_active
    members = max(1, int(active.sum()))
    found = []
    for level in activity.levels[: len(MEASURED)]:
        month, quarter = level.weeks(4)[active], level.weeks(13)[active]
        buyers = int((quarter > 0).sum())
        found += [(month > 0).sum() / members, buyers / members, (quarter > 1).sum() / max(1, buyers)]
    return [float(value) for value in found]


def _facts(moment: LaunchMoment, place: LaunchPlace) -> list[float]:
    prices, buyers = moment.list_prices, np.nan_to_num(moment.products.buyers_91d)
    active = max(1, int(moment.is_active.sum()))
    log_price = float(np.log(max(place.price, 0.01)))
    best = buyers[place.analogues].max(initial=0.0) / active
    return [
        log_price,
        log_price - _usual_log_price(prices[place.type]),
        log_price - _usual_log_price(prices[place.category]),
        float(np.log1p((buyers[place.type] > 0).sum())),
        float(np.log1p((buyers[place.brand] > 0).sum())),
        float(place.similarity.max(initial=0.0)),
        place.is_private_label,
        float(best),
    ]


def _usual_log_price(prices: Floats) -> float:
    known = prices[prices > 0]
    return float(np.log(np.median(known))) if len(known) else float("nan")


def _earlier(family: ProductRows, past: PastLaunches) -> tuple[float, float, float]:
    shares = np.sort(past.share[np.isin(past.product_rows, family)])[::-1]
    return float(len(shares)), float(shares[:1].sum()), float(shares[:STRONGEST].mean()) if len(shares) else 0.0
