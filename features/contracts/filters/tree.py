"""A filter as it was understood: conditions over names, joined by and, or and not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Value = str | float | bool
"""What a name can be compared with."""

Operator = Literal["==", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True)
class Name:
    """An attribute, and where it stands in the text, from 1: for messages."""

    text: str
    at: int


@dataclass(frozen=True)
class Comparison:
    """`name operator value`."""

    name: Name
    operator: Operator
    value: Value


@dataclass(frozen=True)
class Membership:
    """`name in [values]`; negated, `name not in [values]`."""

    name: Name
    values: tuple[Value, ...]
    is_negated: bool


@dataclass(frozen=True)
class Holding:
    """`name has value`, or `name has [values]`: one of them is among the texts that stand under the name."""

    name: Name
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Missing:
    """`name is null`; negated, `name is not null`."""

    name: Name
    is_negated: bool


@dataclass(frozen=True)
class Truth:
    """A name by itself: one that is true or false."""

    name: Name


@dataclass(frozen=True)
class Not:
    """The opposite of a condition."""

    condition: Condition


@dataclass(frozen=True)
class Both:
    """Conditions of which every one (`and`) must hold."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Either:
    """Conditions of which one (`or`) must hold."""

    conditions: tuple[Condition, ...]


Condition = Comparison | Membership | Holding | Missing | Truth | Not | Both | Either
