"""Members found by what a person types."""

from __future__ import annotations

import hashlib

import pytest

from features.contracts.ids import MemberId
from features.store.packed_profile import MemberProfile
from serving.answers import MemberRef
from serving.members.finding import FoundBy, FoundMember, MemberFinder
from serving.members.view import KnownMember

PHONE = hashlib.sha256(b"+8613812345678").hexdigest()
KNOWN = {
    MemberRef(member_id="77"): "anna",
    MemberRef(member_id="old 1"): "anna",
    MemberRef(card_no="77"): "anna",
    MemberRef(card_no="13812345678"): "ben",
    MemberRef(phone_hash=PHONE): "cleo",
    MemberRef(source="pos", source_id="77"): "dora",
    MemberRef(source="web", source_id="安/1"): "anna",
}


class FewMembers:
    """Knows KNOWN; a card as it was typed."""

    def known(self, member: MemberRef) -> KnownMember | None:
        found = KNOWN.get(member)
        return None if found is None else KnownMember(member_id=MemberId(found), packed=None, profile=MemberProfile())


def find(text: str, source: str | None = None) -> list[tuple[str, FoundBy, str | None]]:
    finder = MemberFinder(engine=FewMembers(), phone_region="CN", sources=("pos", "web"))  # type: ignore[arg-type]
    found: tuple[FoundMember, ...] = finder.find(text, source=source)
    return [(each.member_id, each.by, each.source) for each in found]


@pytest.mark.parametrize(
    "number", ["138-1234 5678", "+86 138 1234 5678", "0086(138)1234.5678", " １３８１２３４ ５６７８ "]
)
def test_a_phone_number_is_found_in_every_notation(number):
    assert find(number) == [("cleo", FoundBy.PHONE, None)]


def test_a_text_may_name_several_members_and_each_comes_once():
    assert find("77") == [("anna", FoundBy.MEMBER_ID, None), ("dora", FoundBy.SOURCE_ID, "pos")]
    assert find("13812345678") == [("ben", FoundBy.CARD, None), ("cleo", FoundBy.PHONE, None)]


def test_an_id_of_a_channel_is_looked_for_there_alone():
    assert find("77", "pos") == [("dora", FoundBy.SOURCE_ID, "pos")]
    assert find("77", "web") == []
    assert find(" 安/1 ") == [("anna", FoundBy.SOURCE_ID, "web")]


@pytest.mark.parametrize("text", ["", "  ", "138****5678", "nobody", "\u0000", "x" * 200])
def test_what_names_nobody_finds_nobody(text):
    assert find(text) == []
