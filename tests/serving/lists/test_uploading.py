from __future__ import annotations

import pytest
from literal_people import person, sha256, write_people

from features.contracts.errors import BadRequest
from features.contracts.secrecy import contact_cipher
from serving.lists.known import named_by
from serving.lists.reading import read_ids
from serving.lists.uploading import Upload
from serving.records.id_lists import ListCounts, ListKind, add_list, entries_of

PEOPLE = [
    person("ann", phone="+15550000001"),
    person("ben", phone="+15550000002"),
    person("b2", phone="+15550000002", source="shop", member_id="ben the other"),
]


@pytest.fixture(autouse=True)
def _tables(settings):
    write_people(settings, PEOPLE, products=["p1", "p2"])


@pytest.fixture
def upload(settings):
    return lambda kind, values: Upload(settings, kind, values, keyed=contact_cipher(settings).hash_given)


@pytest.fixture
def new_list(records, now):
    def made(kind):
        with records.writing() as transaction:
            add_list(transaction, "l1", name="list", kind=kind, at=now)
        return "l1"

    return made


def counts(given, malformed, duplicates, known, unknown):
    return ListCounts(given=given, malformed=malformed, duplicates=duplicates, known=known, unknown=unknown)


def test_ids_are_trimmed_and_counted_once():
    found = read_ids(["a", " a ", "b", "", "x" * 201, "n\u0000l", "\ud800"], ListKind.MEMBER_ID, keyed=str.upper)
    assert (found.entries, found.given, found.malformed, found.duplicates) == (("a", "b"), 7, 4, 1)


def test_phone_hashes_are_kept_under_the_shops_key_only(settings, records, now, upload, new_list):
    list_id = new_list(ListKind.PHONE_HASH)
    given = [sha256("+15550000001"), sha256("+15550000001").upper(), sha256("+1999"), "not a hash"]
    with records.writing() as transaction:
        stored = upload(ListKind.PHONE_HASH, given).store(transaction, list_id, at=now)
        entries = entries_of(transaction, list_id)
    assert stored.counts == counts(4, 1, 1, 1, 1)
    assert not set(entries) & {each.lower() for each in given}
    assert named_by(settings, ListKind.PHONE_HASH, entries).ids.tolist() == ["ann"]


def test_a_number_of_two_members_names_both(settings):
    named = named_by(settings, ListKind.PHONE_HASH, [contact_cipher(settings).hash_phone("+15550000002")])
    assert (named.ids.tolist(), named.known, named.unknown) == (["ben", "ben the other"], 1, 0)


def test_parts_add_up_and_what_came_before_counts_as_a_duplicate(records, now, upload, new_list):
    list_id = new_list(ListKind.PRODUCT_ID)
    with records.writing() as transaction:
        upload(ListKind.PRODUCT_ID, ["p1", "zz"]).store(transaction, list_id, at=now)
    with records.writing() as transaction:
        stored = upload(ListKind.PRODUCT_ID, ["zz", "p2", "yy", "p2"]).store(transaction, list_id, at=now)
        assert list(entries_of(transaction, list_id)) == ["p1", "p2", "yy", "zz"]
    assert stored.counts == counts(6, 0, 2, 2, 2)


def test_a_list_of_garbage_is_refused_with_its_counts(upload):
    with pytest.raises(BadRequest, match=r"none of the 4 ids is a member's id .*\(1 malformed, 1 given twice, 2 unk"):
        upload(ListKind.MEMBER_ID, ["x", "x", "y", ""]).require_somebody()


def test_a_list_that_is_gone_takes_nothing_in(records, now, upload):
    with records.writing() as transaction:
        assert upload(ListKind.MEMBER_ID, ["ann"]).store(transaction, "gone", at=now) is None
