"""What a feature group is: keys, features, the ages derived from them, and the expression that computes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

import ibis
import numpy as np
import numpy.typing as npt
from ibis.expr.types import BooleanValue, FloatingValue, NumericValue, Table, TimestampValue

from features.tables.shop_tables import ShopTables

Floats = npt.NDArray[np.float64]
Entity = Literal["member", "product", "category", "fact"]

JOIN_KEYS: dict[Entity, str] = {
    "member": "member_id",
    "product": "product_id",
    "category": "category",
    "fact": "fact",
}
"""Column that names each entity."""

SNAPSHOT_AT = "snapshot_at"
"""Column of a snapshot: the moment as of which its rows hold, UTC."""

LN_2 = float(np.log(2.0))

HALF_LIFE_DAYS = 70.0
"""After this many days a purchase counts half in a decayed count (an e-fold of 100 days)."""


class FeatureType(StrEnum):
    """The closed set of feature types."""

    NUMBER = "number"
    COUNT = "count"
    MOMENT = "moment"
    TEXT = "text"


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One stored column of a group."""

    name: str
    type: FeatureType
    unit: str
    sentence: str

    @property
    def is_numeric(self) -> bool:
        """Whether models read it; texts are for people."""
        return self.type is not FeatureType.TEXT


@dataclass(frozen=True, kw_only=True)
class Derived:
    """A number that depends on `as_of` and is therefore never stored.

    `compute(columns, as_of_days)` takes float arrays (rows,) of the group's encoded features and the moment of
    each row in days since the epoch, and returns a float array (rows,).
    """

    name: str
    unit: str
    sentence: str
    compute: Callable[[Mapping[str, Floats], Floats], Floats]


@dataclass(frozen=True, kw_only=True)
class FeatureGroup:
    """A declared set of features with one row per key, and the expression that computes them."""

    name: str
    entities: tuple[Entity, ...]
    sentence: str
    features: tuple[Feature, ...]
    compute: Callable[[ShopTables, datetime], Table]
    derived: tuple[Derived, ...] = ()
    is_weekly: bool = True
    """False: kept at the cut-offs that training asks for and at the latest moment alone."""
    is_read_by_models: bool = True
    """False: tags, filters and people alone read it, so that it may change without a new training."""
    sorted_by: tuple[str, ...] = ()
    """Keys that a snapshot's rows are sorted by, so that a reader of some of them can skip the rest of the file."""

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(JOIN_KEYS[entity] for entity in self.entities)

    def expression(self, tables: ShopTables, as_of: datetime) -> Table:
        """One row per key as known at `as_of`: keys and features in declared order.

        Numbers are rounded to six decimals, so that the order in which threads add them never shows.
        """
        rows = self.compute(tables, as_of)
        rounded = {f.name: rows[f.name].cast("float64").round(6) for f in self.features if f.type is FeatureType.NUMBER}
        counted = {f.name: rows[f.name].cast("int64") for f in self.features if f.type is FeatureType.COUNT}
        moments = {
            f.name: rows[f.name].cast("timestamp('UTC', 6)") for f in self.features if f.type is FeatureType.MOMENT
        }
        return rows.mutate(**rounded, **counted, **moments).select(self.columns)

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.keys, *(feature.name for feature in self.features))

    @property
    def numeric(self) -> tuple[str, ...]:
        """Names of the features that models read, in declared order."""
        return tuple(feature.name for feature in self.features if feature.is_numeric)


def number(name: str, unit: str, sentence: str) -> Feature:
    return Feature(name=name, type=FeatureType.NUMBER, unit=unit, sentence=sentence)


def count(name: str, unit: str, sentence: str) -> Feature:
    return Feature(name=name, type=FeatureType.COUNT, unit=unit, sentence=sentence)


def moment(name: str, sentence: str) -> Feature:
    return Feature(name=name, type=FeatureType.MOMENT, unit="UTC", sentence=sentence)


def text(name: str, sentence: str) -> Feature:
    return Feature(name=name, type=FeatureType.TEXT, unit="text", sentence=sentence)


def age(name: str, *, of: str, sentence: str) -> Derived:
    """Days from the stored moment `of` to `as_of`."""
    return Derived(name=name, unit="days", sentence=sentence, compute=lambda columns, as_of: as_of - columns[of])


def overdue(name: str, *, since: str, gap: str, sentence: str) -> Derived:
    """Days since the moment `since` in units of the typical gap; 1 is due now."""
    return Derived(
        name=name,
        unit="gaps",
        sentence=sentence,
        compute=lambda columns, as_of: (as_of - columns[since]) / np.maximum(columns[gap], 0.5),
    )


def decayed_to_now(name: str, *, at_last: str, last: str, sentence: str) -> Derived:
    """A decayed count, stored as it stood at the moment `last`, brought to `as_of`."""
    return Derived(
        name=name,
        unit="orders",
        sentence=sentence,
        compute=lambda columns, as_of: columns[at_last] * 0.5 ** ((as_of - columns[last]) / HALF_LIFE_DAYS),
    )


def days_before(as_of: datetime, days: int) -> TimestampValue:
    """The moment `days` before `as_of`, as a literal."""
    return ibis.literal(as_of - timedelta(days=days), type="timestamp('UTC', 6)")


def is_within(ordered_at: TimestampValue, as_of: datetime, days: int) -> BooleanValue:
    """Whether a moment lies in the `days` before `as_of` (the moment itself excluded by the caller's filter)."""
    return ordered_at >= days_before(as_of, days)


def before(rows: Table, as_of: datetime) -> Table:
    """The rows ordered strictly before `as_of`, as they stood then: what was returned later is still there."""
    at = days_before(as_of, 0)
    is_known = rows.known_at.isnull() | (rows.known_at < at)
    stands = rows.superseded_at.isnull() | (rows.superseded_at >= at)
    return rows.filter(rows.ordered_at < at, is_known, stands)


def total(amounts: NumericValue, *, where: BooleanValue | None = None) -> FloatingValue:
    """Aggregate: the sum to six decimals, so that a ratio or a tie does not show the order in which threads added."""
    return amounts.sum(where=where).round(6)


def half_lives_before(epoch: FloatingValue, as_of: datetime, half_life_days: float) -> FloatingValue:
    """How many half-lives a moment, in seconds since 1970, lies before `as_of`."""
    age_days = (int(as_of.timestamp()) - epoch) / 86_400.0
    return age_days / half_life_days


def decayed_orders(orders: Table, as_of: datetime, *, half_life_days: float = HALF_LIFE_DAYS) -> FloatingValue:
    """Aggregate: the key's orders, each halved per half-life, as it stands at the latest of them.

    Summed as of `as_of` and brought back to the latest order, which is the same sum without a second pass.
    """
    weight = (half_lives_before(orders.ordered_epoch, as_of, half_life_days) * -LN_2).exp()
    return weight.sum() * (half_lives_before(orders.ordered_epoch.max(), as_of, half_life_days) * LN_2).exp()


def first_in_window(orders: Table, as_of: datetime, days: int) -> BooleanValue:
    """Whether an order is its member's first of the key within the `days` before `as_of`.

    Counting these counts the members who ordered in the window, in one pass and without a distinct count.
    """
    start = days_before(as_of, days)
    is_first = orders.previous_at.isnull() | (orders.previous_at < start)
    return orders.member_id.notnull() & (orders.ordered_at >= start) & is_first


def second_in_window(orders: Table, as_of: datetime, days: int) -> BooleanValue:
    """Whether an order is its member's second of the key within the `days` before `as_of`."""
    start = days_before(as_of, days)
    is_second = orders.previous2_at.isnull() | (orders.previous2_at < start)
    return orders.member_id.notnull() & (orders.previous_at >= start).fill_null(False) & is_second
