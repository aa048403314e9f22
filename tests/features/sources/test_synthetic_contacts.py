import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from features.sources.synthetic_contacts import synthetic_contact

FIRST = datetime(2017, 3, 1, 12, tzinfo=UTC)


def contacts(ids, *, seed=7):
    return {id_: synthetic_contact("crm", id_, first_ordered_at=FIRST, seed=seed) for id_ in ids}


def test_a_member_gets_the_same_contact_whoever_else_is_there():
    everybody = contacts([str(id_) for id_ in range(500)])
    alone = contacts(["77"])
    assert alone["77"] == everybody["77"]


def test_the_order_of_members_changes_nothing():
    ids = [str(id_) for id_ in range(200)]
    assert contacts(ids) == contacts(reversed(ids))


def test_another_seed_gives_other_contacts():
    ids = [str(id_) for id_ in range(50)]
    assert contacts(ids, seed=7) != contacts(ids, seed=8)


def test_no_two_whole_number_ids_share_a_phone_and_a_tenth_has_none():
    phones = [contact.phone for contact in contacts([str(id_) for id_ in range(20_000)]).values()]
    numbers = [phone for phone in phones if phone]
    assert len(set(numbers)) == len(numbers)
    assert 0.08 < 1 - len(numbers) / len(phones) < 0.12


def test_numbers_and_addresses_can_reach_nobody():
    for id_, contact in contacts(["1", "2", "3", "abc", "10000001"]).items():
        assert contact.phone is None or re.fullmatch(r"\+1555[0-9]{7}", contact.phone)
        assert contact.email in (None, f"member{id_}@members.example")
        assert contact.is_synthetic


def test_consent_is_only_given_where_the_member_can_be_reached():
    everybody = list(contacts([str(id_) for id_ in range(2000)]).values())
    assert not any(contact.consent_sms and contact.phone is None for contact in everybody)
    assert not any(contact.consent_email and contact.email is None for contact in everybody)
    assert not any(contact.consent_wechat and contact.wechat_openid is None for contact in everybody)
    shares = [sum(getattr(c, f"consent_{channel}") for c in everybody) / 2000 for channel in ("sms", "email", "wechat")]
    assert shares == pytest.approx([0.56, 0.40, 0.28], abs=0.05)


def test_the_zone_of_the_first_order_does_not_move_the_day_of_joining():
    local = FIRST.astimezone(ZoneInfo("America/New_York"))
    for id_ in map(str, range(20)):
        there = synthetic_contact("crm", id_, first_ordered_at=local, seed=7)
        assert there.joined_at == contacts([id_])[id_].joined_at


def test_members_join_before_their_first_order_and_stay_unknown_without_one():
    assert all(contact.joined_at < FIRST for contact in contacts([str(id_) for id_ in range(300)]).values())
    assert synthetic_contact("crm", "1", first_ordered_at=None, seed=7).joined_at is None
