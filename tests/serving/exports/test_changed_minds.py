"""Who said yes when the audience was built and something else since: exports ask again."""

from __future__ import annotations

import pytest
from literal_audience import members_table
from literal_people import person, write_people

from serving.answers import MemberRef
from serving.exports.request import export_request
from serving.exports.writing import make_export
from serving.forgetting.asking import Asking
from serving.records.audience_members import replace_members
from serving.records.audiences import add_audience

AUDIENCE = "a1"


@pytest.fixture
def export(settings, records, now):
    """Exports the audience by SMS, with the numbers; gives the lines of the file."""

    def exported():
        request = export_request(
            format_=None,
            columns=("member_id", "phone"),
            channel="sms",
            destination=None,
            bom=None,
            destinations=settings.destinations,
            audience_channel=None,
        )
        made = make_export(settings, records, AUDIENCE, request, who="k1", now=lambda: now)
        return b"".join(made.pieces).decode().split()[1:]

    with records.writing() as transaction:
        add_audience(transaction, AUDIENCE, name=None, rule={"target": {"lapse": True}}, at=now)
        replace_members(transaction, AUDIENCE, members_table(["ann", "ben"], [], drivers=None))
    return exported


def ann(**given):
    return person("ann", **{"phone": "+14155552671", "says_yes": ["sms"], **given})


BEN = person("ben", phone="+14155550008", says_yes=["sms"])


def test_consent_withdrawn_after_the_build_keeps_the_member_in(settings, export):
    write_people(settings, [ann(), BEN])
    assert [line.split(",")[0] for line in export()] == ["ann", "ben"]
    write_people(settings, [ann(says_yes=[], says_no=["sms"]), BEN], version="000002-a")
    assert [line.split(",")[0] for line in export()] == ["ben"]


def test_a_no_of_a_merged_record_wins_over_the_yes_of_the_other(settings, export):
    other = person("A1", source="app", member_id="ann", phone="+14155552671", says_no=["sms"])
    write_people(settings, [ann(updated_at="2017-06-01T00:00:00+00:00"), other, BEN])
    assert [line.split(",")[0] for line in export()] == ["ben"]


@pytest.mark.parametrize("written", ["(415) 555-2671", "415.555.2671", "1 415 555 2671", "+１ 415 555 2671"])
def test_a_no_to_a_number_counts_however_the_number_is_written(settings, export, written):
    elsewhere = person("W1", source="web", member_id="somebody-else", phone=written, says_no=["sms"])
    write_people(settings, [ann(), elsewhere, BEN])
    assert [line.split(",")[0] for line in export()] == ["ben"]


def test_who_asked_to_be_forgotten_after_the_build_leaves_with_no_export(settings, records, now, export):
    write_people(settings, [ann(), BEN])
    asking = Asking(settings=settings, records=records, who="test")
    assert asking.forget(MemberRef(member_id="ann"), known_as=None, at=now) is not None
    assert [line.split(",")[0] for line in export()] == ["ben"]
