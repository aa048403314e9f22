"""The names that a filter asks about, and the error of one that is not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from features.contracts.errors import BadRequest
from features.contracts.filters.tokens import wrong
from features.contracts.filters.tree import (
    Both,
    Comparison,
    Condition,
    Either,
    Holding,
    Membership,
    Missing,
    Name,
    Not,
    Truth,
)
from features.contracts.near_names import near


def names_in(condition: Condition) -> Iterator[Name]:
    """Every name of a filter, in the order of its text, as often as it stands there."""
    match condition:
        case Both(conditions) | Either(conditions):
            for each in conditions:
                yield from names_in(each)
        case Not(inner):
            yield from names_in(inner)
        case Truth(name) | Missing(name, _) | Comparison(name, _, _) | Membership(name, _, _) | Holding(name, _):
            yield name


def unknown(name: Name, known: Iterable[str]) -> BadRequest:
    """The error of a name that is none of the known ones; those like it come first."""
    known = sorted(known)
    return wrong(
        name.at, f"there is no attribute '{name.text[:40]}'{near(name.text, known)}; there are: {', '.join(known)}"
    )
