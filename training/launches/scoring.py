"""Scores everybody for a launch: what the scorer of audiences calls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.contracts.errors import BadRequest
from training.launches.analogues import LaunchPlace, place_launch
from training.launches.features import FEATURE_NAMES, Matrix, launch_activity, launch_matrix, watched_days
from training.launches.lines import NOTHING
from training.launches.model import LaunchModel
from training.launches.moment import Floats, launch_moment
from training.launches.spending import launch_spending
from training.propensity.moment import PropensityMoment
from training.propensity.target import LaunchDescription


@dataclass(frozen=True, kw_only=True)
class Analogue:
    """A product that a launch is like."""

    product_id: str
    similarity: float
    """Points for the same type, brand and price and for being young; 3 more where the marketer chose it."""


@dataclass(frozen=True, kw_only=True)
class ScoredLaunch:
    """Every member of the moment scored for a launch; arrays are (members,)."""

    probabilities: Floats
    revenue_if_bought: Floats
    feature_names: tuple[str, ...]
    matrix: Matrix
    """float32 (members, features): what the launch booster read."""
    analogues: tuple[Analogue, ...]
    """Most similar first."""


def score_launch(
    model: LaunchModel, moment: PropensityMoment, description: LaunchDescription, *, horizon_days: int, threads: int = 0
) -> ScoredLaunch:
    """Everybody's probability of buying the product within the horizon after its launch at the moment.

    It is conditional on the product reaching the shelves as past launches with `model.min_buyers` buyers did. Raises
    BadRequest where the category is unknown or an analogue is.
    """
    seen = launch_moment(moment)
    if not seen.names.category.has(description.category).any():
        raise BadRequest(f"launch: no product of category '{description.category}' is known")
    _refuse_unknown_analogues(moment, description)
    watched = watched_days(seen)
    place = place_launch(seen, description, hidden=NOTHING, watched_days=watched)
    activity = launch_activity(seen, place, watched_days=watched)
    matrix = launch_matrix(seen, place, activity, model.past.among(moment.groupings).known_at(moment.as_of_days))
    probabilities = model.probabilities(matrix, horizon_days=horizon_days, threads=threads)
    spending = launch_spending(seen, place, activity)
    return ScoredLaunch(
        probabilities=probabilities,
        revenue_if_bought=spending.if_bought(probabilities, horizon_days=horizon_days),
        feature_names=FEATURE_NAMES,
        matrix=matrix,
        analogues=_named(moment, place),
    )


def analogues_of(moment: PropensityMoment, description: LaunchDescription) -> tuple[Analogue, ...]:
    """Products on sale that are like the launch, most similar first: what a shop without a launch model goes by."""
    seen = launch_moment(moment)
    return _named(moment, place_launch(seen, description, hidden=NOTHING, watched_days=watched_days(seen)))


def _named(moment: PropensityMoment, place: LaunchPlace) -> tuple[Analogue, ...]:
    return tuple(
        Analogue(product_id=str(moment.groupings.product_ids[row]), similarity=round(float(similarity), 4))
        for row, similarity in zip(place.analogues, place.similarity, strict=True)
    )


def _refuse_unknown_analogues(moment: PropensityMoment, description: LaunchDescription) -> None:
    if not description.analogues:
        return
    rows = moment.groupings.rows_of(np.array(description.analogues, dtype=np.str_))
    unknown = [name for name, row in zip(description.analogues, rows, strict=True) if row < 0]
    if unknown:
        raise BadRequest(f"launch: {len(unknown)} analogues are unknown products (first: {unknown[0]})")
