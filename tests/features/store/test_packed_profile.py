"""A profile's form in bytes: whole, small, and refused when it is anything else."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.contracts.errors import StoreUnavailable
from features.contracts.ids import MemberId
from features.store.packed_profile import (
    Identity,
    Joined,
    MemberProfile,
    Visit,
    pack_profile,
    unpack_profile,
)

ANNA = MemberId("anna")
TOLD = {
    "identities": [{"source": "pos", "source_id": "安娜 \u0000 01"}],
    "joined": {"at": 1463338524, "store_id": "s1"},
    "visits": [{"order_id": "o1", "ordered_at": 1463338524, "spend": 1.5}],
    "tags": ["active"],
}


def packed(told: object) -> bytes:
    return pack_profile(json.dumps(told, ensure_ascii=False))


def test_what_was_packed_comes_back() -> None:
    at = datetime(2016, 5, 15, 18, 55, 24, tzinfo=UTC)
    assert unpack_profile(packed(TOLD)) == MemberProfile(
        identities=(Identity(source="pos", source_id="安娜 \u0000 01"),),
        joined=Joined(at=at, store_id="s1"),
        visits=(Visit(order_id="o1", ordered_at=at, spend=1.5),),
        tags=("active",),
    )
    assert unpack_profile(packed({})) == MemberProfile()


def test_words_that_every_profile_has_take_little_room() -> None:
    assert len(packed(TOLD)) < len(json.dumps(TOLD)) * 0.6


@pytest.mark.parametrize("row", [b"", b"P1", b"P1\x00", b"XX" + packed(TOLD)[2:], packed(TOLD)[:-5], packed([1])])
def test_a_row_that_is_cut_short_or_of_another_form_is_refused(row: bytes) -> None:
    with pytest.raises(StoreUnavailable, match="faces release"):
        unpack_profile(row)


@given(place=st.integers(2, len(packed(TOLD)) - 1), flip=st.integers(1, 255))
def test_a_changed_row_is_refused(place: int, flip: int) -> None:
    row = bytearray(packed(TOLD))
    row[place] ^= flip
    with pytest.raises(StoreUnavailable):
        unpack_profile(bytes(row))


def test_a_refusal_tells_nothing_of_the_profile() -> None:
    with pytest.raises(StoreUnavailable) as raised:
        unpack_profile(packed({"contact": {"phone": ["secret"]}}))
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
