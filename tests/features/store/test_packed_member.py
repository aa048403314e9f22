"""A member's row in bytes: everything comes back as it was, and a row that was cut or changed is never an answer."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from online_members import ANNA, EVERYBODY

from features.contracts.errors import Refused, StoreUnavailable
from features.contracts.ids import MemberId, ProductId
from features.store.packed_member import PackedMember, pack, unpack

IDS = st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=5), max_size=5).map(tuple)
FLOATS = st.floats(width=32)


@st.composite
def members(draw: st.DrawFn) -> PackedMember:
    candidates, recent, coupons = draw(IDS), draw(IDS), draw(IDS)
    fields = draw(st.integers(0, 4))

    def values(rows: int) -> np.ndarray:
        return draw(arrays(np.float32, (rows, fields if rows else 0), elements=FLOATS))

    return PackedMember(
        member_id=MemberId("anna"),
        as_of=draw(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))),
        vector=draw(arrays(np.float32, draw(st.integers(0, 5)), elements=FLOATS)),
        candidate_ids=tuple(ProductId(each) for each in candidates),
        candidate_values=values(len(candidates)),
        recent_product_ids=tuple(ProductId(each) for each in recent),
        recent_ordered_days=tuple(draw(st.floats(allow_nan=False)) for _ in recent),
        texts=draw(IDS),
        coupon_ids=coupons,
        coupon_values=values(len(coupons)),
        tags=tuple(each for each in draw(IDS) if each),
        bought_marks=draw(arrays(np.uint32, draw(st.integers(0, 4)))),
    )


def assert_same(found: PackedMember, packed: PackedMember) -> None:
    for field in dataclasses.fields(PackedMember):
        ours, theirs = getattr(found, field.name), getattr(packed, field.name)
        if isinstance(theirs, np.ndarray):
            assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape), field.name
            np.testing.assert_array_equal(ours, theirs, err_msg=field.name)
        else:
            assert ours == theirs, field.name


@given(member=members())
def test_any_member_comes_back_as_packed(member: PackedMember) -> None:
    assert_same(unpack(member.member_id, pack(member)), member)


def test_a_member_with_coupons_comes_back_as_packed() -> None:
    values = np.array([[0.5, np.nan], [2.0, -1.0]], dtype=np.float32)
    member = dataclasses.replace(ANNA, coupon_ids=("51", "52"), coupon_values=values)
    assert_same(unpack(member.member_id, pack(member)), member)


@pytest.mark.parametrize("packed", EVERYBODY, ids=lambda packed: packed.member_id)
def test_a_row_cut_anywhere_is_refused(packed: PackedMember) -> None:
    row = pack(packed)
    for length in range(len(row)):
        with pytest.raises(StoreUnavailable, match=f"the row of member {packed.member_id} is"):
            unpack(packed.member_id, row[:length])


def test_a_row_with_one_changed_byte_is_refused() -> None:
    row = pack(dataclasses.replace(ANNA, bought_marks=np.array([7, 8], dtype=np.uint32)))
    for place in range(len(row)):
        changed = row[:place] + bytes([row[place] ^ 1]) + row[place + 1 :]
        with pytest.raises(StoreUnavailable):
            unpack(ANNA.member_id, changed)


def test_a_row_with_more_behind_it_is_refused() -> None:
    with pytest.raises(StoreUnavailable):
        unpack(ANNA.member_id, pack(ANNA) + b"x")


@pytest.mark.parametrize("field", ["candidate_ids", "recent_product_ids", "texts", "coupon_ids"])
def test_an_id_with_the_separator_in_it_is_never_written(field: str) -> None:
    one = np.zeros((1, 1), dtype=np.float32)
    whole = dataclasses.replace(ANNA, coupon_ids=("51",), coupon_values=one)
    with pytest.raises(Refused, match="member anna holds a NUL"):
        pack(dataclasses.replace(whole, **{field: ("a\0b",)}))
