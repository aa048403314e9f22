from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from features.contracts.errors import Refused
from features.contracts.forgotten import Marker, Named
from features.forgetting.names import Names
from serving.records.forgotten import (
    add_forgetting,
    empty_forgetting,
    find_forgetting,
    forgetting_of_mark,
    heed_known_by,
    mark_forgotten,
    mark_returned,
    newest_change,
    pending_forgettings,
    read_forgotten,
)

AT = datetime(2026, 5, 1, tzinfo=UTC)
LATER = AT + timedelta(days=1)
MARKER = Marker(key=b"k", key_id="k1")
ANN = Names(member_ids=frozenset({"ann"}), people=frozenset({("pos", "7")}), contacts=frozenset({(Named.PHONE, "h")}))


def ask(records, forgetting_id="f1", names=ANN, at=AT):
    with records.writing() as transaction:
        return add_forgetting(transaction, forgetting_id, names, marker=MARKER, at=at)


def read(records, what, *arguments, **named):
    with records.reading() as transaction:
        return what(transaction, *arguments, **named)


def finish(records, forgetting_id="f1"):
    with records.writing() as transaction:
        empty_forgetting(transaction, forgetting_id, counts={"raw": 3})
        mark_forgotten(transaction, forgetting_id, at=LATER)


def test_whom_to_remove_stays_until_it_is_done_and_then_only_counts(records):
    asked = ask(records)
    assert read(records, pending_forgettings) == (asked,)
    assert asked.names == ANN
    finish(records)
    assert read(records, pending_forgettings) == ()
    done = read(records, find_forgetting, "f1")
    assert (done.names, done.done_at, done.counts) == (Names(), LATER, {"raw": 3})
    assert read(records, read_forgotten, MARKER).is_member("ann")


def test_every_name_leads_to_the_forgetting(records):
    asked = ask(records)
    for name in ((Named.MEMBER, "ann"), (Named.PERSON, "pos", "7"), (Named.PHONE, "h")):
        assert read(records, forgetting_of_mark, MARKER.mark(*name)) == asked
    assert read(records, forgetting_of_mark, MARKER.mark(Named.MEMBER, "bob")) is None


def test_who_joined_anew_is_a_member_and_may_ask_again(records):
    ask(records)
    finish(records)
    with records.writing() as transaction:
        assert mark_returned(transaction, [MARKER.mark(Named.PERSON, "pos", "7")], at=LATER) == 1
        assert mark_returned(transaction, [MARKER.mark(Named.PERSON, "pos", "7")], at=LATER) == 0
    forgotten = read(records, read_forgotten, MARKER)
    assert (forgotten.is_member("ann"), forgotten.asked_at(Named.MEMBER, "ann")) == (False, AT)
    assert read(records, forgetting_of_mark, MARKER.mark(Named.MEMBER, "ann")) is None
    ask(records, "f2", at=LATER)
    forgotten = read(records, read_forgotten, MARKER)
    assert (forgotten.is_member("ann"), forgotten.asked_at(Named.MEMBER, "ann")) == (True, LATER)


def test_nobody_returns_before_the_past_was_removed(records):
    ask(records)
    with records.writing() as transaction:
        assert mark_returned(transaction, [MARKER.mark(Named.PERSON, "pos", "7")], at=LATER) == 0


def test_an_id_known_by_a_contact_belongs_to_the_contacts_owner(records):
    asked = ask(records)
    person = MARKER.mark(Named.PERSON, "app", "A1")
    with records.writing() as transaction:
        heed_known_by(transaction, {person: MARKER.mark(Named.PHONE, "h"), "0" * 64: "1" * 64})
    assert read(records, forgetting_of_mark, person) == asked
    assert read(records, forgetting_of_mark, "0" * 64) is None


def test_every_change_is_seen(records):
    seen = [read(records, newest_change)]
    ask(records)
    seen.append(read(records, newest_change))
    # in the same microsecond
    ask(records, "f2", Names(member_ids=frozenset({"bob"})))
    seen.append(read(records, newest_change))
    finish(records)
    seen.append(read(records, newest_change))
    assert len(set(seen)) == 4


def test_marks_of_another_key_are_refused_and_not_taken_for_nobody(records):
    ask(records)
    with pytest.raises(Refused, match="another contact key"):
        read(records, read_forgotten, Marker(key=b"other", key_id="k2"))
