"""Joins an audience with saved audiences and uploaded lists: a tree of `and`, `or` and `not`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from features.contracts.errors import BadRequest

DEEPEST = 20
"""Parts of a tree within each other."""
MOST_PARTS = 100
"""Parts of a tree in all."""

Source = Literal["audience", "list"]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """The members of a saved audience or of an uploaded list."""

    source: Source
    id: str


@dataclass(frozen=True, kw_only=True)
class All:
    """Members of every part (`and`)."""

    parts: tuple[Combination, ...]


@dataclass(frozen=True, kw_only=True)
class Some:
    """Members of at least one part (`or`)."""

    parts: tuple[Combination, ...]


@dataclass(frozen=True, kw_only=True)
class Not:
    """Members of the population that are not in the part."""

    part: Combination


Combination = Leaf | All | Some | Not


def read_combination(value: Any) -> Combination:
    """The tree written as JSON: `{"and": [...]}`, `{"or": [...]}`, `{"not": x}`, `{"audience": id}`, `{"list": id}`.

    `Any` because JSON is. Raises BadRequest naming the place that cannot be understood.
    """
    tree = _read(value, where="combine", depth=1)
    count = sum(1 for _ in leaves_of(tree))
    if count > MOST_PARTS:
        raise BadRequest(f"combine: {count} audiences and lists; at most {MOST_PARTS} can be joined")
    return tree


def _read(value: Any, *, where: str, depth: int) -> Combination:
    # `Any` because JSON is.
    if depth > DEEPEST:
        raise BadRequest(f"{where}: more than {DEEPEST} parts within each other")
    if not isinstance(value, dict) or len(value) != 1:
        raise BadRequest(f"{where}: write an object with one of and, or, not, audience, list; found {_shown(value)}")
    ((key, inner),) = value.items()
    if key in ("audience", "list"):
        if not isinstance(inner, str) or not inner:
            raise BadRequest(f"{where}.{key}: give the id of one as a text; found {_shown(inner)}")
        return Leaf(source=key, id=inner)
    if key == "not":
        return Not(part=_read(inner, where=f"{where}.not", depth=depth + 1))
    if key not in ("and", "or"):
        raise BadRequest(f"{where}: there is no '{key}'; there are and, or, not, audience, list")
    if not isinstance(inner, list) or not 1 <= len(inner) <= MOST_PARTS:
        raise BadRequest(f"{where}.{key}: give a list of 1 to {MOST_PARTS} parts; found {_shown(inner)}")
    parts = tuple(_read(each, where=f"{where}.{key}[{place}]", depth=depth + 1) for place, each in enumerate(inner))
    return All(parts=parts) if key == "and" else Some(parts=parts)


def combination_json(combination: Combination) -> dict[str, Any]:
    """What `read_combination` reads; `Any` because JSON is."""
    match combination:
        case Leaf(source=source, id=id_):
            return {source: id_}
        case Not(part=part):
            return {"not": combination_json(part)}
        case All(parts=parts):
            return {"and": [combination_json(each) for each in parts]}
        case Some(parts=parts):
            return {"or": [combination_json(each) for each in parts]}


def leaves_of(combination: Combination) -> Iterator[Leaf]:
    """Every audience and list that the tree names, in its order."""
    match combination:
        case Leaf():
            yield combination
        case Not(part=part):
            yield from leaves_of(part)
        case All(parts=parts) | Some(parts=parts):
            for each in parts:
                yield from leaves_of(each)


def combined(combination: Combination, members_of: Callable[[Leaf], Mask], *, size: int) -> Mask:
    """bool (size,): the members that the tree lets through; `members_of` tells those of a leaf."""
    match combination:
        case Leaf():
            return members_of(combination)
        case Not(part=part):
            return ~combined(part, members_of, size=size)
        case All(parts=parts):
            every = np.ones(size, dtype=np.bool_)
            for each in parts:
                every &= combined(each, members_of, size=size)
            return every
        case Some(parts=parts):
            some = np.zeros(size, dtype=np.bool_)
            for each in parts:
                some |= combined(each, members_of, size=size)
            return some


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
