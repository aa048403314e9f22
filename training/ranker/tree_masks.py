"""Trees as arrays: each test that fails strikes out the leaves of its left branch, the first leaf left is the answer.

Source: Lucchese et al. 2015, "QuickScorer: a fast algorithm to rank documents with additive ensembles of regression
trees". The form of the text is LightGBM's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

LARGEST = np.finfo(np.float32).max
MOST_LEAVES = 64

_CATEGORICAL, _DEFAULT_LEFT, _MISSING_SHIFT = 1, 2, 2
_ZERO_IS_MISSING, _NAN_IS_MISSING = 1, 2


class UnsupportedTrees(ValueError):
    """The model has something that masks do not express; LightGBM itself has to evaluate it."""


@dataclass(frozen=True, kw_only=True)
class TreeMasks:
    """The tests of every tree, tree after tree.

    A column at or beyond `features` is the same feature once more, with its missing values at the other end.
    """

    features: int
    column: npt.NDArray[np.int32]
    """int32 (tests,): a missing value is the smallest number in the first `features` columns, the largest beyond."""
    threshold: npt.NDArray[np.float32]
    """float32 (tests,): the test holds where the value is not above it."""
    struck: npt.NDArray[np.uint32] | npt.NDArray[np.uint64]
    """(tests,): a bit for each leaf of the left branch, leaves counted from the left."""
    first: npt.NDArray[np.int32]
    """int32 (trees + 1,): where each tree's tests begin."""
    leaf_values: npt.NDArray[np.float64]
    """float64 (trees, 32 or 64)."""


@dataclass(frozen=True, kw_only=True)
class _Tree:
    split_feature: npt.NDArray[np.int64]
    threshold: npt.NDArray[np.float64]
    decision_type: npt.NDArray[np.int64]
    left_child: npt.NDArray[np.int64]
    right_child: npt.NDArray[np.int64]
    leaf_value: npt.NDArray[np.float64]


def tree_masks(booster_text: str) -> TreeMasks:
    """The model as masks. Raises UnsupportedTrees: over 64 leaves, categories, zeros as missing, linear or averaged."""
    head, *blocks = booster_text.split("\nend of trees")[0].split("\nTree=")
    if "\naverage_output" in head:
        raise UnsupportedTrees("its trees are averaged")
    features = int(_fields(head)["max_feature_idx"]) + 1
    trees = [_tree(_fields(block)) for block in blocks]
    most = max((len(tree.leaf_value) for tree in trees), default=1)
    if most > MOST_LEAVES:
        raise UnsupportedTrees(f"a tree has {most} leaves")
    width = 32 if most <= 32 else MOST_LEAVES
    leaf_values = np.zeros((len(trees), width))
    tests: list[tuple[int, np.float32, int]] = []
    first = [0]
    for number, tree in enumerate(trees):
        leaves, left_leaves = _leaves_from_the_left(tree)
        leaf_values[number, : len(leaves)] = tree.leaf_value[leaves]
        tests += [(*_test(tree, node, features), left_leaves[node]) for node in range(len(tree.split_feature))]
        first.append(len(tests))
    columns, thresholds, struck = zip(*tests, strict=True) if tests else ((), (), ())
    bits = np.array(struck, dtype=np.uint64)
    return TreeMasks(
        features=features,
        column=np.array(columns, dtype=np.int32),
        threshold=np.array(thresholds, dtype=np.float32),
        struck=bits.astype(np.uint32) if width == 32 else bits,
        first=np.array(first, dtype=np.int32),
        leaf_values=leaf_values,
    )


def _fields(block: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in block.splitlines() if "=" in line)


def _tree(fields: dict[str, str]) -> _Tree:
    if fields.get("num_cat", "0") != "0":
        raise UnsupportedTrees("it splits on categories")
    if fields.get("is_linear", "0") != "0":
        raise UnsupportedTrees("its leaves are linear")

    # `Any`: numpy's name for either type of number.
    def numbers(name: str, dtype: Any) -> npt.NDArray[Any]:
        return np.array(fields.get(name, "").split(), dtype=dtype)

    return _Tree(
        split_feature=numbers("split_feature", np.int64),
        threshold=numbers("threshold", np.float64),
        decision_type=numbers("decision_type", np.int64),
        left_child=numbers("left_child", np.int64),
        right_child=numbers("right_child", np.int64),
        leaf_value=numbers("leaf_value", np.float64),
    )


def _leaves_from_the_left(tree: _Tree) -> tuple[list[int], dict[int, int]]:
    """Leaves as they stand from left to right, and for each test the bits of its left branch's leaves."""
    if not len(tree.split_feature):
        return [0], {}
    leaves: list[int] = []
    left_leaves: dict[int, int] = {}
    # A stack, not a call into itself: leaf-wise trees may be as deep as they have leaves.
    walk: list[tuple[int, int, bool]] = [(0, 0, False)]
    while walk:
        node, leaves_before, is_left_done = walk.pop()
        if is_left_done:
            left_leaves[node] = (1 << len(leaves)) - (1 << leaves_before)
            walk.append((int(tree.right_child[node]), len(leaves), False))
        elif node < 0:
            leaves.append(~node)
        else:
            walk.append((node, len(leaves), True))
            walk.append((int(tree.left_child[node]), len(leaves), False))
    return leaves, left_leaves


def _test(tree: _Tree, node: int, features: int) -> tuple[int, np.float32]:
    decision, threshold = int(tree.decision_type[node]), float(tree.threshold[node])
    missing = (decision >> _MISSING_SHIFT) & 3
    if decision & _CATEGORICAL or missing == _ZERO_IS_MISSING:
        raise UnsupportedTrees("it treats categories or zeros in their own way")
    # Where LightGBM met no missing value in training, it takes one for zero.
    goes_left = bool(decision & _DEFAULT_LEFT) if missing == _NAN_IS_MISSING else threshold >= 0.0
    column = int(tree.split_feature[node]) + (0 if goes_left else features)
    return column, _not_above(threshold)


def _not_above(threshold: float) -> np.float32:
    """The largest float32 that is not above the threshold: a float32 value passes both or neither."""
    if threshold >= LARGEST:
        return np.float32(LARGEST)
    rounded = np.float32(threshold)
    return np.nextafter(rounded, np.float32(-np.inf)) if float(rounded) > threshold else rounded
