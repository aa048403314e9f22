from __future__ import annotations

import pytest
from literal_people import person, write_people

from serving.exports.consent import has_synthetic_contacts, reachable_members


@pytest.fixture
def reached(settings):
    def reach(people, channel):
        write_people(settings, people)
        return reachable_members(settings, channel).tolist()

    return reach


def test_a_member_is_reached_by_contact_and_consent_together(reached):
    people = [
        person("both", phone="+15550000001", says_yes=["sms"]),
        person("unasked", phone="+15550000002"),
        person("no", phone="+15550000003", says_no=["sms"]),
        person("nowhere", says_yes=["sms"]),
        person("elsewhere", phone="+15550000004", email="e@x.example", says_yes=["email"]),
    ]
    assert reached(people, "sms") == ["both"]


def test_a_no_to_the_same_number_wins_whoever_says_it(reached):
    people = [
        person("yes", phone="+15550000001", says_yes=["sms"]),
        person("no", phone="+1 555 000 0001", says_no=["sms"], source="shop"),
        person("other", phone="+15550000002", says_yes=["sms"]),
    ]
    assert reached(people, "sms") == ["other"]


def test_a_no_to_an_old_number_leaves_the_new_one(reached):
    people = [
        person("1", phone="+15550000001", says_no=["sms"], source="shop", member_id="m"),
        person("2", phone="+15550000002", says_yes=["sms"], member_id="m"),
    ]
    assert reached(people, "sms") == ["m"]


def test_the_channels_are_asked_apart(reached):
    people = [
        person("m", phone="+15550000001", email="m@x.example", openid="o1", says_yes=["wechat"], says_no=["email"])
    ]
    assert [reached(people, channel) for channel in ("sms", "email", "wechat")] == [[], [], ["m"]]


def test_a_shop_without_member_records_reaches_nobody(settings):
    write_people(settings, [])
    (settings.paths.tables / "000001-a" / "member_records.parquet").unlink()
    assert reachable_members(settings, "email").tolist() == []
    assert has_synthetic_contacts(settings) is False


def test_one_generated_contact_makes_the_shop_synthetic(settings):
    write_people(settings, [person("a", phone="+15550000001"), person("b", is_synthetic=True)])
    assert has_synthetic_contacts(settings) is True
