"""The columns that a filter is asked of: texts, numbers and truths, each with its missing values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class TextColumn:
    """Texts by number: a comparison looks at each different text once."""

    texts: tuple[str, ...]
    """The different texts, in order."""
    codes: npt.NDArray[np.int32]
    """int32 (rows,): place of each row's text among `texts`; -1 where it is missing."""


@dataclass(frozen=True, kw_only=True)
class NumberColumn:
    """float64 (rows,); NaN is missing."""

    numbers: npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class TruthColumn:
    """int8 (rows,): 1 true, 0 false, -1 missing."""

    truths: npt.NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class TextsColumn:
    """Any number of texts per row, as tags are: one entry for each row and text of it."""

    size: int
    """Rows, those without a text among them."""
    texts: tuple[str, ...]
    """The different texts, in order."""
    rows: npt.NDArray[np.int64]
    """int64 (entries,)."""
    codes: npt.NDArray[np.int32]
    """int32 (entries,): place of the entry's text among `texts`."""


Column = TextColumn | NumberColumn | TruthColumn | TextsColumn


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Named columns of the same length."""

    size: int
    by_name: Mapping[str, Column]

    @property
    def names(self) -> str:
        """Every name, as a message lists them."""
        return ", ".join(sorted(self.by_name))


def text_column(values: Iterable[object]) -> TextColumn:
    """The column of texts; what is no text is missing."""
    texts = pd.Series([value if isinstance(value, str) else None for value in values], dtype=object)
    codes, found = pd.factorize(texts, sort=True, use_na_sentinel=True)
    return TextColumn(texts=tuple(str(each) for each in found), codes=codes.astype(np.int32))


def texts_column(values: Iterable[Iterable[str]]) -> TextsColumn:
    """The column of lists of texts; an empty list is missing."""
    listed = [tuple(each) for each in values]
    entries = [(row, text) for row, texts in enumerate(listed) for text in texts]
    different = tuple(sorted({text for _, text in entries}))
    place = {text: code for code, text in enumerate(different)}
    return TextsColumn(
        size=len(listed),
        texts=different,
        rows=np.array([row for row, _ in entries], dtype=np.int64),
        codes=np.array([place[text] for _, text in entries], dtype=np.int32),
    )


def number_column(values: Iterable[object]) -> NumberColumn:
    """The column of numbers; None and what is not finite are missing."""
    numbers = np.asarray(pd.Series(list(values), dtype="float64"), dtype=np.float64).copy()
    numbers[~np.isfinite(numbers)] = np.nan
    return NumberColumn(numbers=numbers)


def truth_column(values: Iterable[object]) -> TruthColumn:
    """The column of truths: True or 1, False or 0; everything else is missing."""
    return TruthColumn(truths=np.array([_truth(value) for value in values], dtype=np.int8))


def _truth(value: object) -> int:
    if isinstance(value, bool | int | float | np.bool_ | np.number) and value in (0, 1):
        return int(value)
    return -1
