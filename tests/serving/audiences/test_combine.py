"""Trees of audiences and lists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.contracts.errors import BadRequest
from serving.audiences.combine import DEEPEST, Leaf, Mask, combination_json, combined, leaves_of, read_combination

NAMES = ("a", "b", "c")

leaves = st.one_of(
    st.sampled_from(NAMES).map(lambda name: {"list": name}), st.sampled_from(NAMES).map(lambda name: {"audience": name})
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        inner.map(lambda part: {"not": part}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"and": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"or": parts}),
    ),
    max_leaves=8,
)
sets = st.fixed_dictionaries({name: st.sets(st.integers(0, 9)) for name in NAMES})


def by_sets(tree: dict[str, Any], members: dict[str, set[int]]) -> set[int]:
    ((key, inner),) = tree.items()
    if key in ("audience", "list"):
        return members[inner]
    if key == "not":
        return set(range(10)) - by_sets(inner, members)
    parts = [by_sets(each, members) for each in inner]
    return set.intersection(*parts) if key == "and" else set.union(*parts)


@settings(deadline=None)
@given(tree=trees, members=sets)
def test_a_tree_lets_through_what_python_sets_say(tree: dict[str, Any], members: dict[str, set[int]]) -> None:
    def members_of(leaf: Leaf) -> Mask:
        return np.isin(np.arange(10), list(members[leaf.id]))

    passed = combined(read_combination(tree), members_of, size=10)
    assert set(np.flatnonzero(passed).tolist()) == by_sets(tree, members)


@settings(deadline=None)
@given(tree=trees)
def test_a_tree_survives_being_written(tree: dict[str, Any]) -> None:
    assert combination_json(read_combination(tree)) == tree


def test_the_leaves_come_in_the_order_of_the_tree() -> None:
    tree = read_combination({"or": [{"list": "x"}, {"and": [{"audience": "y"}, {"not": {"list": "z"}}]}]})
    assert [(leaf.source, leaf.id) for leaf in leaves_of(tree)] == [("list", "x"), ("audience", "y"), ("list", "z")]


def nested(depth: int) -> dict[str, Any]:
    tree: dict[str, Any] = {"list": "x"}
    for _ in range(depth):
        tree = {"not": tree}
    return tree


@pytest.mark.parametrize(
    ("tree", "complaint"),
    [
        ("list", "combine: write an object with one of and, or, not, audience, list; found 'list'"),
        ({"list": "x", "audience": "y"}, "combine: write an object with one of"),
        ({"list": 3}, "combine.list: give the id of one as a text; found 3"),
        ({"audience": ""}, "combine.audience: give the id"),
        ({"and": []}, r"combine.and: give a list of 1 to 100 parts; found \[\]"),
        ({"and": {"list": "x"}}, "combine.and: give a list"),
        ({"or": [{"list": "x"}, {"not": {"maybe": 1}}]}, r"combine.or\[1\].not: there is no 'maybe'"),
        (nested(DEEPEST), "more than 20 parts within each other"),
        ({"or": [{"and": [{"list": "x"}] * 60}] * 2}, "combine: 120 audiences and lists; at most 100"),
    ],
)
def test_a_tree_that_makes_no_sense_is_refused_with_its_place(tree: Any, complaint: str) -> None:
    with pytest.raises(BadRequest, match=complaint):
        read_combination(tree)
