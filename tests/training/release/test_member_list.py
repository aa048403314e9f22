"""The list of a release's members: everybody once, in the order packed, read back a few at a time."""

from __future__ import annotations

from pathlib import Path

import pytest
from online_members import ANNA, EVERYBODY, NEARLY_UNKNOWN

from training.release.member_list import count_members, listed, member_ids


def test_the_members_come_back_in_the_order_packed(tmp_path: Path) -> None:
    chunks = [EVERYBODY[:2], EVERYBODY[2:]]
    assert list(listed(chunks, tmp_path)) == chunks
    assert count_members(tmp_path) == 3
    assert list(member_ids(tmp_path, at_once=2)) == [["anna", "ben"], ["会员 3"]]


def test_a_release_without_members_has_an_empty_list(tmp_path: Path) -> None:
    assert list(listed([], tmp_path)) == []
    assert count_members(tmp_path) == 0
    assert list(member_ids(tmp_path, at_once=5)) == []


def test_a_chunk_is_listed_before_it_is_handed_on(tmp_path: Path) -> None:
    chunks = listed([[ANNA], [NEARLY_UNKNOWN]], tmp_path)
    next(chunks)
    # The list is no list before the last chunk: a release that was cut off cannot pass for a small one.
    with pytest.raises(Exception, match="Parquet"):
        count_members(tmp_path)
    assert len(list(chunks)) == 1
    assert count_members(tmp_path) == 2
