"""Arrow columns as filters read them: lists of texts among them, in the order that is asked for."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from features.contracts.filters.arrow_columns import column_of, taken
from features.contracts.filters.columns import Columns, TextsColumn
from features.contracts.filters.mask import mask
from features.contracts.filters.parse import parse_filter

LISTS = st.lists(st.none() | st.lists(st.sampled_from(["new", "lover:茶", "active"]), max_size=3), max_size=6)


def listed(column: TextsColumn) -> list[set[str]]:
    found: list[set[str]] = [set() for _ in range(column.size)]
    for row, code in zip(column.rows, column.codes, strict=True):
        found[row].add(column.texts[code])
    return found


@given(LISTS, st.data())
def test_lists_keep_their_texts_in_whatever_order_they_are_taken(
    lists: list[list[str] | None], data: st.DataObject
) -> None:
    rows = data.draw(st.lists(st.integers(-1, len(lists) - 1), max_size=8))
    # in two pieces, the second of which does not begin at the start of its buffers
    whole = pa.array([["skipped"], *lists], type=pa.list_(pa.string()))
    column = column_of(pa.chunked_array([whole[1:2], whole[2:]]))
    assert isinstance(column, TextsColumn)
    assert listed(column) == [set(each or ()) for each in lists]
    chosen = taken(column, np.array(rows, dtype=np.int64))
    assert isinstance(chosen, TextsColumn)
    expected = [set() if row < 0 else set(lists[row] or ()) for row in rows]
    assert listed(chosen) == expected
    has_new = mask(parse_filter("tags has 'new'"), Columns(size=len(rows), by_name={"tags": chosen}))
    assert has_new.tolist() == ["new" in each for each in expected]
