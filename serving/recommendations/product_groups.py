"""Finds departments, categories, subcategories and brands by words, and counts what some of them have in common."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from serving.answers import GROUP_KINDS, GroupKind, GroupPage, ProductGroup
from training.release.products import ProductShelf

PARENTS: dict[GroupKind, GroupKind] = {"category": "department", "subcategory": "category"}

Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class _Names:
    """The names of one kind."""

    texts: tuple[str, ...]
    folded: tuple[str, ...]
    begins: tuple[str, ...]
    """The same with a space before each of its words."""
    codes: Codes
    """int64 (products,): number of each product's name, -1 without one."""
    first: Codes
    """int64 (names,): row of the most popular product of each."""


class ProductGroups:
    """Reads a release's shelf, whose rows stand in order of popularity."""

    def __init__(self, products: ProductShelf) -> None:
        self._products = products

    def found(self, text: str, *, within: Mapping[GroupKind, str], limit: int) -> GroupPage:
        """Groups whose name holds every word of the text, those with words that begin so first, then the larger ones.

        Only products that are in every group of `within` are counted, and only groups that have one are found; of the
        kinds of `within` none is.
        """
        is_within = self._common(within)
        words = text.casefold().split()
        found: list[tuple[bool, int, str, GroupKind, int]] = []
        for kind in GROUP_KINDS:
            if kind in within:
                continue
            names = self._names[kind]
            own = names.codes[is_within]
            counts = np.bincount(own[own >= 0], minlength=len(names.texts)).tolist()
            for code, folded in enumerate(names.folded):
                if counts[code] and all(word in folded for word in words):
                    is_inside = not all(names.begins[code].find(" " + word) >= 0 for word in words)
                    found.append((is_inside, -counts[code], names.texts[code], kind, code))
        first = heapq.nsmallest(limit, found)
        items = tuple(self._group(kind, code, -count) for _, count, _, kind, code in first)
        return GroupPage(products=int(is_within.sum()), items=items)

    def _common(self, within: Mapping[GroupKind, str]) -> Mask:
        is_within = np.ones(len(self._products.ids), dtype=np.bool_)
        for kind, name in within.items():
            names = self._names[kind]
            # no product has the code of a name that nobody knows
            code = names.texts.index(name) if name in names.texts else -2
            is_within &= names.codes == code
        return is_within

    def _group(self, kind: GroupKind, code: int, products: int) -> ProductGroup:
        names = self._names[kind]
        parent = PARENTS.get(kind)
        of_parent = None
        if parent is not None:
            at = self._names[parent].codes[names.first[code]]
            of_parent = self._names[parent].texts[at] if at >= 0 else None
        return ProductGroup(kind=kind, name=names.texts[code], products=products, parent=of_parent)

    @cached_property
    def _names(self) -> dict[GroupKind, _Names]:
        return {kind: _names_of(self._products.table, kind) for kind in GROUP_KINDS}


def _names_of(table: pd.DataFrame, kind: GroupKind) -> _Names:
    column = table[kind] if kind in table else pd.Series([None] * len(table), dtype=object)
    codes, texts = pd.factorize(column.where(column.astype(object).map(lambda each: isinstance(each, str))))
    first = np.unique(codes[codes >= 0], return_index=True)[1]
    named = np.flatnonzero(codes >= 0)
    folded = tuple(str(text).casefold() for text in texts)
    return _Names(
        texts=tuple(str(text) for text in texts),
        folded=folded,
        begins=tuple(" " + text.replace("/", " ") for text in folded),
        codes=np.asarray(codes, dtype=np.int64),
        first=named[first].astype(np.int64),
    )
