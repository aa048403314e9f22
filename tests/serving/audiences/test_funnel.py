"""Who is left out, and why."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.audiences.funnel import suppress

masks = st.lists(st.booleans(), min_size=12, max_size=12).map(lambda truths: np.array(truths, dtype=np.bool_))


def test_the_first_reason_that_applies_counts_and_overlaps_are_told_beside() -> None:
    candidates = np.array([True, True, True, True, False])
    bought = np.array([True, True, False, False, True])
    contacted = np.array([True, False, True, False, True])
    left = suppress(candidates, {"bought": bought, "contacted": contacted})
    assert left.is_left.tolist() == [False, False, False, True, False]
    assert [(each.reason, each.first, each.all) for each in left.reasons] == [("bought", 2, 2), ("contacted", 1, 2)]


@settings(deadline=None)
@given(candidates=masks, one=masks, other=masks, third=masks)
def test_first_reasons_add_up_to_all_that_are_left_out(
    candidates: np.ndarray, one: np.ndarray, other: np.ndarray, third: np.ndarray
) -> None:
    left = suppress(candidates, {"one": one, "other": other, "third": third})
    assert sum(each.first for each in left.reasons) == candidates.sum() - left.is_left.sum()
    assert not (left.is_left & (one | other | third)).any()
    assert not (left.is_left & ~candidates).any()
    assert all(each.first <= each.all for each in left.reasons)
