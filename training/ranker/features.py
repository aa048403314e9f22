"""What the ranker reads of a member and a candidate: one function, for training rows and for requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from features.encoding import Encoding, Vectors
from features.groups.declaration import HALF_LIFE_DAYS, Derived, Floats
from features.groups.member_affinity import FAST_HALF_LIFE_DAYS, SLOW_HALF_LIFE_DAYS
from training.affinity.blend import CANDIDATE_FIELDS, CandidateValues, Field

MEMBER_FEATURES = (
    "member_value__orders_28d",
    "member_value__orders_91d",
    "member_value__orders_365d",
    "member_value__spend_91d",
    "member_value__days_since_order",
    "member_rhythm__gap_days",
    "member_rhythm__visit_overdue",
    "member_mix__product_count",
    "member_mix__private_label_share",
    "member_mix__discount_share",
    "member_mix__mean_price",
    "member_mix__mean_basket_spend",
    "member_mix__products_per_visit",
)
PRODUCT_FEATURES = (
    "product_demand__sales_7d",
    "product_demand__buyers_7d",
    "product_demand__buyers_28d",
    "product_demand__buyers_91d",
    "product_demand__buyers_365d",
    "product_demand__sales_trend",
    "product_demand__repeat_rate",
    "product_demand__gap_days",
    "product_facts__price",
    "product_facts__price_7d",
    "product_facts__list_price",
    "product_facts__discount_depth",
    "product_facts__is_private_label",
    "product_facts__days_on_sale",
    "product_facts__days_since_sale",
)
CROSSED = (
    "overdue",
    "overdue_of_product",
    "lateness",
    "orders_per_visit",
    "orders_per_visit_91d",
    "share_of_subcategory",
    "relative_price",
)
"""Computed of a member and a product together: time since the order in the member's own and in the product's usual
gaps, lateness in deviations of the gap, orders per visit, the product's share of the member's orders of its kind, and
its price beside what the member usually pays."""

RANKER_FEATURES = (*CANDIDATE_FIELDS, *PRODUCT_FEATURES, *MEMBER_FEATURES, *CROSSED)
"""Columns of `ranker_matrix`; of the candidate's fields, moments have become ages and counts are decayed to now."""

GROUP_LAST_DAYS = (Field.SUBCATEGORY_LAST_DAYS, Field.CATEGORY_LAST_DAYS, Field.BRAND_LAST_DAYS)
_FIELDS, _PRODUCT = len(CANDIDATE_FIELDS), len(PRODUCT_FEATURES)
_CROSSED_FROM = _FIELDS + _PRODUCT + len(MEMBER_FEATURES)
_ONE = np.float32(1)


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Some model features of an encoding, so that a request computes no others."""

    encoding: Encoding
    names: tuple[str, ...]

    def matrix(self, vectors: Vectors, *, as_of_days: float) -> Vectors:
        """float32 (rows, names) of encoded vectors at a moment, given as days since EPOCH."""
        places, columns = self._stored
        derived = self._derived
        if len(places) + len(derived) < len(self.names):
            known = {self.names[place] for place in (*places.tolist(), *(place for place, _, _ in derived))}
            raise KeyError(", ".join(sorted(set(self.names) - known)))
        found = np.empty((len(vectors), len(self.names)), dtype=np.float32)
        found[:, places] = vectors[:, columns]
        now = np.full(len(vectors), as_of_days)
        for place, each, own in derived:
            found[:, place] = each.compute(_Columns(vectors=vectors, columns=own), now)
        return found

    @cached_property
    def _stored(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Places of the names that are stored as they are, and the column of each in a vector."""
        column_of = {name: column for column, name in enumerate(self.encoding.stored_names)}
        stored = [(place, column_of[name]) for place, name in enumerate(self.names) if name in column_of]
        places, columns = np.array(stored, dtype=np.int64).reshape(-1, 2).T
        return places, columns

    @cached_property
    def _derived(self) -> list[tuple[int, Derived, dict[str, int]]]:
        """Place of each derived name, what derives it, and the columns of its group's features in a vector."""
        column_of = {name: column for column, name in enumerate(self.encoding.stored_names)}
        return [
            (self.names.index(name), each, {one: column_of[f"{group.name}__{one}"] for one in group.numeric})
            for group in self.encoding.groups
            for each in group.derived
            if (name := f"{group.name}__{each.name}") in self.names
        ]


@dataclass(frozen=True, kw_only=True)
class _Columns(Mapping[str, Floats]):
    """A group's features as float64 (rows,), each made when it is asked for."""

    vectors: Vectors
    columns: Mapping[str, int]

    def __getitem__(self, name: str) -> Floats:
        return self.vectors[:, self.columns[name]].astype(np.float64)

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)


def ranker_matrix(
    values: CandidateValues, products: Vectors, members: Vectors, *, as_of_days: float, promotions: Sequence[str]
) -> npt.NDArray[np.float32]:
    """float32 (candidates, RANKER_FEATURES), C-contiguous.

    `values` is (candidates, CANDIDATE_FIELDS), `products` (candidates, PRODUCT_FEATURES), `members` (candidates or 1,
    MEMBER_FEATURES), all at `as_of_days`. Of `mailer` and `display` those not named in `promotions` are left at zero.
    """
    rows = np.empty((len(values), len(RANKER_FEATURES)), dtype=np.float32)
    rows[:, :_FIELDS] = values
    rows[:, _FIELDS : _FIELDS + _PRODUCT] = products
    rows[:, _FIELDS + _PRODUCT : _CROSSED_FROM] = members
    now = np.float64(as_of_days)
    age = (now - values[:, Field.LAST_ORDERED_DAYS].astype(np.float64)).astype(np.float32)
    rows[:, Field.LAST_ORDERED_DAYS] = age
    for field in GROUP_LAST_DAYS:
        rows[:, field] = now - values[:, field].astype(np.float64)
    # Never bought is age NaN and no orders: the decay of nothing is nothing.
    known_age = np.where(np.isnan(age), np.float32(0), age)
    for field, half_life in (
        (Field.DECAYED_ORDERS, HALF_LIFE_DAYS),
        (Field.FAST_DECAYED_ORDERS, FAST_HALF_LIFE_DAYS),
        (Field.SLOW_DECAYED_ORDERS, SLOW_HALF_LIFE_DAYS),
    ):
        rows[:, field] *= np.exp2(known_age * np.float32(-1.0 / half_life))
    for field, name in ((Field.MAILER, "mailer"), (Field.DISPLAY, "display")):
        if name not in promotions:
            rows[:, field] = 0.0
    _cross(rows[:, _CROSSED_FROM:], rows, age)
    return rows


def _cross(crossed: npt.NDArray[np.float32], rows: npt.NDArray[np.float32], age: npt.NDArray[np.float32]) -> None:
    gap = rows[:, Field.GAP_DAYS]
    np.divide(age, np.maximum(gap, _ONE), out=crossed[:, 0])
    np.divide(
        age, np.maximum(rows[:, _FIELDS + PRODUCT_FEATURES.index("product_demand__gap_days")], _ONE), out=crossed[:, 1]
    )
    np.divide(age - gap, np.maximum(rows[:, Field.GAP_DEVIATION_DAYS], _ONE), out=crossed[:, 2])
    np.divide(rows[:, Field.ORDERS_365D], np.maximum(rows[:, Field.VISITS_SINCE_FIRST], _ONE), out=crossed[:, 3])
    visits = rows[:, _FIELDS + _PRODUCT + MEMBER_FEATURES.index("member_value__orders_91d")]
    np.divide(rows[:, Field.ORDERS_91D], np.maximum(visits, _ONE), out=crossed[:, 4])
    decayed = rows[:, Field.DECAYED_ORDERS]
    np.divide(decayed, np.maximum(rows[:, Field.SUBCATEGORY_ORDERS], np.float32(1e-3)), out=crossed[:, 5])
    price = rows[:, _FIELDS + PRODUCT_FEATURES.index("product_facts__price")]
    usual = rows[:, _FIELDS + _PRODUCT + MEMBER_FEATURES.index("member_mix__mean_price")]
    np.divide(price, np.maximum(usual, np.float32(0.1)), out=crossed[:, 6])
