"""Arrow columns as filters read them."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.contracts.clock import EPOCH, SECONDS_PER_DAY
from features.contracts.filters.columns import Column, NumberColumn, TextColumn, TextsColumn, TruthColumn

_EPOCH_MICROSECONDS = round(EPOCH.timestamp() * 1_000_000)


def column_of(values: pa.ChunkedArray) -> Column:
    """A column of a Parquet file: truths, texts, lists of texts, or numbers (moments are days since EPOCH)."""
    if pa.types.is_list(values.type):
        return _lists(values)
    if pa.types.is_boolean(values.type):
        return TruthColumn(truths=_filled(values.cast(pa.int8()), -1).astype(np.int8))
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return _texts(values)
    return NumberColumn(numbers=numbers_of(values))


def numbers_of(values: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    """float64 (rows,), NaN where missing; moments are days since EPOCH."""
    if pa.types.is_timestamp(values.type):
        microseconds = values.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
        return (_filled(microseconds, math.nan) - _EPOCH_MICROSECONDS) / (SECONDS_PER_DAY * 1_000_000)
    return _filled(values, math.nan)


def json_column(texts: pa.ChunkedArray) -> Column:
    """The column of values written as JSON: truths or numbers when all are, else texts; what is no JSON is missing."""
    encoded = texts.combine_chunks().dictionary_encode()
    values = [_value(text) for text in encoded.dictionary.to_pylist()]
    codes = encoded.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        truths = np.array([-1 if value is None else int(value) for value in [*values, None]], dtype=np.int8)
        return TruthColumn(truths=truths[codes])
    if kinds and kinds <= {int, float}:
        numbers = np.array([math.nan if value is None else float(value) for value in [*values, None]])
        return NumberColumn(numbers=numbers[codes])
    words = [None if value is None else _text(value) for value in [*values, None]]
    different = tuple(sorted({word for word in words if word is not None}))
    place = {word: at for at, word in enumerate(different)}
    return TextColumn(
        texts=different,
        codes=np.array([-1 if word is None else place[word] for word in words], dtype=np.int32)[codes],
    )


def taken(column: Column, rows: npt.NDArray[np.int64]) -> Column:
    """The column with the given rows; -1 is a row that is missing."""
    if isinstance(column, NumberColumn):
        return NumberColumn(numbers=np.append(column.numbers, math.nan)[rows])
    if isinstance(column, TruthColumn):
        return TruthColumn(truths=np.append(column.truths, np.int8(-1))[rows])
    if isinstance(column, TextsColumn):
        return _entries_taken(column, rows)
    return TextColumn(texts=column.texts, codes=np.append(column.codes, np.int32(-1))[rows])


def _lists(values: pa.ChunkedArray) -> TextsColumn:
    lists = values.combine_chunks()
    texts = _texts(pa.chunked_array([lists.flatten()]))
    rows = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False).astype(np.int64)
    is_there = texts.codes >= 0
    return TextsColumn(size=len(lists), texts=texts.texts, rows=rows[is_there], codes=texts.codes[is_there])


def _entries_taken(column: TextsColumn, rows: npt.NDArray[np.int64]) -> TextsColumn:
    order = np.argsort(column.rows, kind="stable")
    starts = np.searchsorted(column.rows[order], np.arange(column.size + 1))
    # a row that is missing has as many entries as one without any
    counts = np.append(np.diff(starts), 0)[rows]
    firsts = np.append(starts[:-1], 0)[rows]
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return TextsColumn(
        size=len(rows),
        texts=column.texts,
        rows=np.repeat(np.arange(len(rows), dtype=np.int64), counts),
        codes=column.codes[order][np.repeat(firsts, counts) + within],
    )


def _texts(values: pa.ChunkedArray) -> TextColumn:
    encoded = values.combine_chunks().dictionary_encode()
    texts = [str(text) for text in encoded.dictionary.to_pylist()]
    order = np.argsort(np.array(texts, dtype=object), kind="stable")
    # one more place at the end, for what is missing
    place = np.full(len(texts) + 1, -1, dtype=np.int32)
    place[order] = np.arange(len(texts), dtype=np.int32)
    codes = encoded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
    return TextColumn(texts=tuple(texts[at] for at in order), codes=place[codes])


def _filled(values: pa.ChunkedArray, missing: float) -> npt.NDArray[np.float64]:
    filled: npt.NDArray[np.float64] = pc.fill_null(values.cast(pa.float64(), safe=False), missing).to_numpy()
    return filled


def _value(text: str | None) -> Any:
    # `Any` because JSON is
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
