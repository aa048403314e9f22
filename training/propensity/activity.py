"""What every member does with a set of products: exact unions of what they do with each product."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import numpy.typing as npt

from features.groups.member_affinity import WEEK_BITS

Floats = npt.NDArray[np.float64]
MemberRows = npt.NDArray[np.int32]
Bits = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class CellColumns:
    """Member x product cells in any order; arrays are (cells,)."""

    member_rows: MemberRows
    first_days: Floats
    """Days since EPOCH of the first order within 365 days."""
    last_days: Floats
    orders_28d: Floats
    orders_91d: Floats
    orders_365d: Floats
    spend_365d: Floats
    fast_orders: Floats
    """Orders as they count at the moment, each halved per 28 days."""
    decayed_orders: Floats
    """The same, halved per 70 days."""
    slow_orders: Floats
    """The same, halved per 180 days."""
    week_bits: Bits
    """Bit i: bought in the i-th week of 7 days before the moment."""

    def take(self, positions: npt.NDArray[np.int64]) -> CellColumns:
        """The cells at `positions`, in their order."""
        return CellColumns(**{each.name: getattr(self, each.name)[positions] for each in fields(self)})


@dataclass(frozen=True, kw_only=True)
class SetActivity:
    """What each member did with a set within 365 days; arrays are (members,), no cell means zeros and NaN moments.

    An order with two products of the set counts twice in `orders_*` and in the decayed counts; weeks count once.
    """

    first_days: Floats
    last_days: Floats
    orders_28d: Floats
    orders_91d: Floats
    orders_365d: Floats
    spend_365d: Floats
    fast_orders: Floats
    decayed_orders: Floats
    slow_orders: Floats
    week_bits: Bits

    def weeks(self, count: int) -> Floats:
        """Distinct weeks of the latest `count` in which the set was bought."""
        return weeks_in(self.week_bits, count)

    @cached_property
    def gap_deviation_days(self) -> Floats:
        """Standard deviation of the days between weeks with a purchase; NaN below two gaps."""
        deviations = np.full(len(self.week_bits), np.nan)
        often = np.flatnonzero(np.bitwise_count(self.week_bits) > 2)
        bits = self.week_bits[often]
        last = np.full(len(often), -1, dtype=np.int64)
        gaps, total, squares = (np.zeros(len(often)) for _ in range(3))
        for week in range(WEEK_BITS):
            hit = np.flatnonzero(bits & (1 << week))
            gap = np.where(last[hit] < 0, 0, week - last[hit])
            gaps[hit] += gap > 0
            total[hit] += gap
            squares[hit] += gap * gap
            last[hit] = week
        deviations[often] = 7.0 * np.sqrt(np.maximum(squares / gaps - (total / gaps) ** 2, 0.0))
        return deviations


SUMMED = ("orders_28d", "orders_91d", "orders_365d", "spend_365d", "fast_orders", "decayed_orders", "slow_orders")


def weeks_in(week_bits: Bits, count: int) -> Floats:
    """float64 (members,): how many of the lowest `count` bits are set."""
    return np.asarray(np.bitwise_count(week_bits & np.int64((1 << count) - 1)), dtype=np.float64)


class Union:
    """Adds up cells part by part: a set of any size is merged in the memory of its members.

    Each member x product cell must come once, in any order.
    """

    def __init__(self, *, members: int) -> None:
        self._sums = {name: np.zeros(members) for name in SUMMED}
        self._first, self._last = np.full(members, np.inf), np.full(members, -np.inf)
        self._bits = np.zeros(members, dtype=np.int64)

    def add(self, part: CellColumns) -> None:
        """Adds some cells."""
        rows = part.member_rows
        for name, total in self._sums.items():
            np.add.at(total, rows, getattr(part, name))
        np.minimum.at(self._first, rows, part.first_days)
        np.maximum.at(self._last, rows, part.last_days)
        np.bitwise_or.at(self._bits, rows, part.week_bits)

    def activity(self) -> SetActivity:
        """The activity of all that was added."""
        is_bought = np.isfinite(self._last)
        return SetActivity(
            first_days=np.where(is_bought, self._first, np.nan),
            last_days=np.where(is_bought, self._last, np.nan),
            week_bits=self._bits,
            **self._sums,
        )
