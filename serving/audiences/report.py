"""The long answer of an audience: curve, drivers, profile, associated products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from serving.audiences.analogues import analogues_json
from serving.audiences.associated import associated_json
from serving.audiences.category_shares import category_shares
from serving.audiences.choose import Choice
from serving.audiences.drivers import (
    EXPLAINED_MEMBERS,
    SAMPLE,
    Driver,
    FeatureWords,
    audience_drivers,
    member_drivers,
)
from serving.audiences.member_columns import MemberColumns
from serving.audiences.product_table import ProductTable
from serving.audiences.profile import profile_of
from serving.audiences.sample import spread
from serving.audiences.shop_at import ShopAt
from serving.audiences.targets import ResolvedTarget
from training.propensity.scored import ScoredMembers
from training.propensity.target import EventTarget, EventType, LapseTarget, LaunchDescription
from training.protocol import Rows
from training.release.products import ProductShelf
from training.release.together import Together

NO_ROWS = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Explained:
    """Drivers of an audience, and those of its first members as JSON texts."""

    drivers: list[Driver]
    of_members: list[str]


def explain(
    contributions: Callable[[Rows], npt.NDArray[np.float32]],
    scored: ScoredMembers,
    words: Callable[[str], FeatureWords],
    choice: Choice,
    population: Rows,
    *,
    with_members: bool = True,
) -> Explained:
    """Why the chosen ones; `population` are positions of members. Without `with_members` of the audience alone.

    `contributions` are those of the scored members in some rows: log odds, float32 (rows, features).
    """
    if not choice.size:
        return Explained(drivers=[], of_members=[])
    names = told_names(scored)
    first, others = choice.chosen[:EXPLAINED_MEMBERS], spread(population, SAMPLE)
    own = first if choice.size <= EXPLAINED_MEMBERS else spread(choice.chosen, SAMPLE)
    of_population, of_own = contributions(others), contributions(own)
    drivers = audience_drivers(
        names,
        words,
        audience=of_own,
        population=of_population,
        audience_values=scored.matrix[own],
        population_values=scored.matrix[others],
    )
    if not with_members:
        return Explained(drivers=drivers, of_members=[])
    of_first = of_own if own is first else contributions(first)
    of_members = member_drivers(names, of_first, population=of_population, population_values=scored.matrix[others])
    return Explained(drivers=drivers, of_members=of_members)


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the report looks at beside the scores."""

    shop: ShopAt
    columns: MemberColumns
    products: ProductTable
    shelf: ProductShelf
    together: Together | None


def described(
    around: Surroundings, resolved: ResolvedTarget, scored: ScoredMembers, choice: Choice, population: Rows
) -> dict[str, Any]:
    """Keys profile and associated as JSON; `Any` because JSON is."""
    chosen = np.sort(choice.chosen)
    columns = around.columns
    shares = category_shares(
        columns.category_buyers, count=len(columns.member_ids), chosen=chosen, population=population
    )
    launch = resolved.target if isinstance(resolved.target, LaunchDescription) else None
    profile = profile_of(around.columns, chosen=chosen, population=population, categories=shares) if len(chosen) else []
    return {
        "profile": [each.to_json() for each in profile],
        "associated": associated_json(
            around.shelf,
            around.together,
            shares,
            rows=shelf_rows(around, resolved.rows),
            kind_rows=NO_ROWS if launch is None else like_launch(around, launch, scored),
            price=None if launch is None else launch.price,
            category=_only_category(around.products, resolved.rows) if launch is None else launch.category,
        )
        | ({} if launch is None else {"analogues": analogues_json(around.products, launch, scored.analogues)}),
    }


def told_names(scored: ScoredMembers) -> Sequence[str]:
    """The names of the features as drivers tell them: an event has no brand, type or category, a visit is of anything.

    The booster reads the event itself in the place of the first two levels and visits in that of the others.
    """
    levels = {"brand": "set", "type": "visits", "category": "visits"}
    match scored.target:
        case EventTarget(type=EventType.VISIT) | LapseTarget():
            levels |= {"set": "visits", "brand": "visits"}
        case EventTarget():
            pass
        case _:
            return scored.feature_names
    split = (name.partition("__") for name in scored.feature_names)
    # what is a fact of the set (its price, its products) keeps its name: members do not differ in it
    return [f"{levels.get(level, level)}{mark}{measure}" for level, mark, measure in split]


def shelf_rows(around: Surroundings, rows: Rows) -> Rows:
    """int64: rows of the shelf of products of the table, sorted; what the shelf does not hold is left out."""
    known = around.shelf.row_of
    found = [known[each] for each in around.products.ids[rows].tolist() if each in known]
    return np.sort(np.array(found, dtype=np.int64))


def like_launch(around: Surroundings, launch: LaunchDescription, scored: ScoredMembers) -> Rows:
    """int64: rows of the shelf that a launch is like: the analogues that it was scored by, else those of its own kind.

    Of its kind: its brand within its type, else its type, its brand within its category, its category.
    """
    analogues = tuple(each.product_id for each in scored.analogues) or launch.analogues
    if analogues:
        return shelf_rows(around, around.products.rows_of(np.array(analogues, dtype=np.str_)))
    table = around.shelf.table
    of_category = table["category"].eq(launch.category).fillna(value=False).to_numpy(dtype=np.bool_)
    of_type = of_category & table["subcategory"].eq(launch.subcategory or "").fillna(value=False).to_numpy(
        dtype=np.bool_
    )
    of_brand = table["brand"].eq(launch.brand or "").fillna(value=False).to_numpy(dtype=np.bool_)
    for rows in (of_type & of_brand, of_type, of_category & of_brand, of_category):
        if rows.any():
            return np.flatnonzero(rows).astype(np.int64)
    return NO_ROWS


def _only_category(products: ProductTable, rows: Rows) -> str | None:
    """The category of the products, None when there are several or none."""
    column = products.texts("category")
    codes = np.unique(column.codes[rows])
    return column.texts[codes[0]] if len(codes) == 1 and codes[0] >= 0 else None
