from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from features.contracts.errors import Forbidden, Refused, Unauthorized
from serving.auth import OUTAGE_SECONDS, TRUSTED_SECONDS, KeyRing, Scope, create_key, list_keys, revoke_key


@pytest.fixture
def new_key(records, now):
    return create_key(records, name="app", scopes=[Scope.RECOMMEND], at=now)


def test_a_key_reads_tf_id_secret_and_its_secret_is_long(new_key):
    prefix, key_id, secret = new_key.text.split("_", 2)
    assert (prefix, key_id) == ("tf", new_key.key.key_id)
    assert len(secret) >= 43


def test_the_secret_is_stored_as_a_hash_only(records, new_key):
    secret = new_key.text.split("_", 2)[2]
    with records.reading() as transaction:
        stored = str(transaction.session.execute(text("SELECT * FROM api_keys")).all())
        audit = str(transaction.session.execute(text("SELECT * FROM audit")).all())
    assert hashlib.sha256(secret.encode()).hexdigest() in stored
    assert secret not in stored + audit


def test_two_keys_differ(records, now):
    made = {create_key(records, name="a", scopes=[Scope.ADMIN], at=now).text for _ in range(5)}
    assert len(made) == 5


def test_a_key_without_scopes_or_name_is_refused(records, now):
    for name, scopes in (("a", []), (" ", [Scope.ADMIN])):
        with pytest.raises(Refused, match="at least one scope"):
            create_key(records, name=name, scopes=scopes, at=now)


def test_a_key_holds_its_scopes_and_no_other(new_key):
    new_key.key.require(Scope.RECOMMEND)
    with pytest.raises(Forbidden, match="'export'"):
        new_key.key.require(Scope.EXPORT)


@pytest.mark.parametrize("scope", list(Scope))
def test_admin_holds_every_scope(records, now, scope):
    key = create_key(records, name="a", scopes=[Scope.ADMIN], at=now).key
    key.require(scope)
    assert key.scopes == {Scope.ADMIN}


def test_a_revoked_key_stops_working_within_the_stated_seconds(records, now, new_key):
    seconds = 0.0
    ring = KeyRing(records, clock=lambda: seconds)
    ring.check(new_key.text)
    revoke_key(records, new_key.key.key_id, at=now)
    seconds = TRUSTED_SECONDS - 0.1
    assert ring.trusted(new_key.text) == new_key.key
    seconds = TRUSTED_SECONDS
    assert ring.trusted(new_key.text) is None
    with pytest.raises(Unauthorized):
        ring.check(new_key.text)


def test_a_trusted_key_is_not_read_again(records, new_key):
    ring = KeyRing(records)
    assert ring.trusted(new_key.text) is None
    ring.check(new_key.text)
    assert ring.trusted(new_key.text) == new_key.key
    assert ring.trusted(new_key.text + "x") is None


def test_the_ring_forgets_keys_that_nobody_sends(records, now):
    seconds = 0.0
    ring = KeyRing(records, clock=lambda: seconds)
    for _ in range(3):
        ring.check(create_key(records, name="a", scopes=[Scope.ADMIN], at=now).text)
        seconds += OUTAGE_SECONDS
    assert len(ring._held) == 1


def test_keys_are_listed_with_their_state(records, now, new_key):
    revoke_key(records, new_key.key.key_id, at=now)
    (listed,) = list_keys(records)
    assert (listed.name, listed.scopes, listed.revoked_at) == ("app", frozenset({Scope.RECOMMEND}), now)


def test_an_unknown_key_cannot_be_revoked(records, now):
    with pytest.raises(Refused, match="'nobody'"):
        revoke_key(records, "nobody", at=now)


def test_in_an_outage_of_the_records_a_key_known_before_still_works_for_an_hour(records, new_key, monkeypatch):
    seconds = 0.0
    ring = KeyRing(records, clock=lambda: seconds)
    ring.check(new_key.text)
    monkeypatch.setattr(type(records), "reading", out_of_reach)
    seconds = OUTAGE_SECONDS - 1
    assert ring.check(new_key.text).key_id == new_key.key.key_id
    # and then it is trusted again, so that not every request asks
    assert ring.trusted(new_key.text) is not None
    seconds = OUTAGE_SECONDS + 1
    with pytest.raises(OperationalError):
        ring.check(new_key.text)


def test_in_an_outage_a_key_that_was_never_right_or_was_revoked_does_not_work(records, now, new_key, monkeypatch):
    seconds = 0.0
    ring = KeyRing(records, clock=lambda: seconds)
    ring.check(new_key.text)
    revoke_key(records, new_key.key.key_id, at=now)
    seconds = TRUSTED_SECONDS + 1
    with pytest.raises(Unauthorized):
        ring.check(new_key.text)
    monkeypatch.setattr(type(records), "reading", out_of_reach)
    for key in (new_key.text, "tf_unknown_key"):
        with pytest.raises(OperationalError):
            ring.check(key)


def out_of_reach(_records):
    raise OperationalError("SELECT", {}, OSError("no answer"))


def test_an_associates_key_holds_recommend_and_members_and_is_of_a_store(records, now):
    key = create_key(records, name="tablet", scopes=[Scope.ASSOCIATE], store_id="309", at=now).key
    for scope in (Scope.ASSOCIATE, Scope.RECOMMEND, Scope.MEMBERS):
        key.require(scope)
    for scope in (Scope.EVENTS, Scope.AUDIENCES, Scope.EXPORT, Scope.ADMIN):
        with pytest.raises(Forbidden, match=scope):
            key.require(scope)
    with pytest.raises(Refused, match="--store"):
        create_key(records, name="tablet", scopes=[Scope.ASSOCIATE], at=now)


def test_a_key_of_a_store_sees_that_store_alone_and_one_without_sees_all(records, now):
    made = create_key(records, name="tablet", scopes=[Scope.MEMBERS], store_id="309", at=now)
    for key in (made.key, KeyRing(records).check(made.text), *list_keys(records)):
        key.require_store("309")
        with pytest.raises(Forbidden, match="'309'"):
            key.require_store("310")
    create_key(records, name="office", scopes=[Scope.MEMBERS], at=now).key.require_store("310")


@pytest.mark.parametrize("scope", [Scope.AUDIENCES, Scope.EXPORT, Scope.ADMIN])
def test_a_key_of_a_store_may_not_have_what_is_of_the_whole_shop(records, now, scope):
    with pytest.raises(Refused, match=f"'{scope}'"):
        create_key(records, name="tablet", scopes=[Scope.MEMBERS, scope], store_id="309", at=now)


@pytest.mark.parametrize("store_id", ["", "x" * 256])
def test_a_store_without_an_id_is_refused(records, now, store_id):
    with pytest.raises(Refused, match="store"):
        create_key(records, name="tablet", scopes=[Scope.MEMBERS], store_id=store_id, at=now)
