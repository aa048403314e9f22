from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from features.contracts.forgotten import Forgotten, Marker, Named, marker_of
from features.contracts.secrecy import ContactCipher

ASKED = datetime(2026, 5, 1, tzinfo=UTC)
MARKER = marker_of(ContactCipher(key=b"a key"))


def forgotten(*named, returned=()):
    return Forgotten(
        marker=MARKER,
        since={MARKER.mark(*each): ASKED for each in named},
        returned=frozenset(MARKER.mark(*each) for each in returned),
    )


def test_a_forgotten_name_is_known_again_and_no_other_is():
    known = forgotten((Named.MEMBER, "7"), (Named.PERSON, "pos", "7"))
    assert known.is_member("7")
    assert known.is_person("pos", "7")
    assert not known.is_member("8")
    assert not known.is_person("app", "7")
    assert known.asked_at(Named.PERSON, "pos", "7") == ASKED


@pytest.mark.parametrize("other", [(Named.CARD, "7"), (Named.MEMBER, "pos", "7"), (Named.MEMBER, "07")])
def test_a_mark_is_of_one_kind_and_one_name(other):
    assert MARKER.mark(*other) != MARKER.mark(Named.MEMBER, "7")


def test_parts_of_a_name_cannot_be_shifted():
    assert MARKER.mark(Named.PERSON, "a", "bc") != MARKER.mark(Named.PERSON, "ab", "c")


def test_another_key_gives_other_marks_and_nothing_shows_the_key():
    other = Marker(key=b"b", key_id="b")
    assert other.mark(Named.MEMBER, "7") != MARKER.mark(Named.MEMBER, "7")
    assert "key=" not in repr(other)
    assert MARKER.key != b"a key"


def test_who_joined_anew_is_a_member_whose_past_is_still_known_as_forgotten():
    known = forgotten((Named.PERSON, "pos", "7"), returned=[(Named.PERSON, "pos", "7")])
    assert not known.is_person("pos", "7")
    assert known.asked_at(Named.PERSON, "pos", "7") == ASKED


def test_nobody_is_nobody():
    nobody = Forgotten.nobody()
    assert not nobody
    assert not nobody.is_member("7")
    assert nobody.are_members(["7", "8"]).tolist() == [False, False]


def test_many_members_are_told_at_once():
    known = forgotten((Named.MEMBER, "八"), (Named.MEMBER, "3"))
    assert known.are_members(np.array(["1", "八", "3"])).tolist() == [False, True, True]
