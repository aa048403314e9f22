from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from features.contracts.errors import Unauthorized
from serving.accounts.roles import Role
from serving.accounts.sessions import SEEN_SECONDS, Sessions
from serving.auth import OUTAGE_SECONDS, TRUSTED_SECONDS, Scope, create_key, revoke_key

GOOD = "river-lantern-42"


@pytest.fixture
def token(shop):
    shop.users.add("maria", role=Role.MARKETER, store_id=None, password=GOOD, at=shop.at)
    return open_session(shop, user_id="maria")


def open_session(shop, **whose):
    with shop.records.writing() as transaction:
        return shop.sessions.open(transaction, **whose)


def is_open(shop, token):
    try:
        (shop.sessions.trusted(token) or shop.sessions.check(token))
    except Unauthorized:
        return False
    return True


def after_trust(shop):
    shop.seconds += TRUSTED_SECONDS


def test_a_session_has_the_scopes_of_the_users_role(shop, token):
    session = shop.sessions.check(token)
    assert (session.role, session.holder.key_id) == (Role.MARKETER, "user:maria")
    assert session.holder.may(Scope.EXPORT)
    assert not session.holder.may(Scope.ADMIN)


def test_a_keys_session_is_the_key_and_bound_to_its_store(shop):
    key = create_key(shop.records, name="tablet", scopes=[Scope.ASSOCIATE], store_id="s1", at=shop.at).key
    session = shop.sessions.check(open_session(shop, key_id=key.key_id))
    assert (session.role, session.holder) == (None, key)


def test_the_token_is_stored_as_a_hash_only(shop, token):
    with shop.records.reading() as transaction:
        stored = str(transaction.session.execute(text("SELECT * FROM sessions")).all())
    assert hashlib.sha256(token.encode()).hexdigest() in stored
    assert token not in stored
    assert shop.sessions.check(token).csrf_token not in stored
    assert len(token) >= 43


def test_each_sign_in_has_a_token_of_its_own_and_another_one_against_forgery(shop, token):
    other = open_session(shop, user_id="maria")
    first, second = shop.sessions.check(token), shop.sessions.check(other)
    assert token != other
    assert first.csrf_token != second.csrf_token
    assert first.is_csrf_token(first.csrf_token)
    assert not any(first.is_csrf_token(given) for given in (None, "", second.csrf_token, token, "é"))


def test_an_unknown_token_is_refused(shop, token):
    assert is_open(shop, token)
    for text_ in ("", "x", "ü", "\ud800", "tf_a_b", "x" * 5000):
        assert not is_open(shop, text_)


def test_a_session_ends_when_it_is_idle_and_lives_on_when_it_is_used(shop, token):
    hours = shop.settings.console.idle_hours
    for _ in range(2):
        shop.pass_time(hours=hours - 0.01)
        assert is_open(shop, token)
    shop.pass_time(hours=hours)
    assert not is_open(shop, token)


def test_a_session_ends_at_last_however_much_it_is_used(shop, token):
    for _ in range(23):
        shop.pass_time(hours=1)
        assert is_open(shop, token)
    shop.pass_time(hours=1)
    assert not is_open(shop, token)


def test_a_trusted_session_ends_on_time_too(shop, token):
    shop.sessions.check(token)
    shop.at += timedelta(hours=shop.settings.console.idle_hours)
    assert shop.sessions.trusted(token) is None


def test_the_last_use_is_written_once_a_minute(shop, token):
    def seen_at():
        with shop.records.reading() as transaction:
            return transaction.session.execute(text("SELECT seen_at FROM sessions")).scalar()

    first = seen_at()
    shop.pass_time(seconds=SEEN_SECONDS - 1)
    assert is_open(shop, token)
    assert seen_at() == first
    shop.pass_time(seconds=SEEN_SECONDS)
    assert is_open(shop, token)
    assert seen_at() != first


def test_a_page_does_not_wait_for_another_writer(shop, token):
    put_off = []
    sessions = Sessions(
        shop.records, shop.settings.console, now=lambda: shop.at, clock=lambda: shop.seconds, later=put_off.append
    )
    shop.pass_time(seconds=SEEN_SECONDS)
    with shop.records.writing():
        assert sessions.check(token)
    (write,) = put_off
    write()
    shop.pass_time(seconds=SEEN_SECONDS - 1)
    assert sessions.check(token)
    assert len(put_off) == 1


def test_a_checked_session_is_trusted_for_a_while_without_being_read(shop, token):
    session = shop.sessions.check(token)
    assert shop.sessions.trusted(token) is session
    assert shop.sessions.trusted(token + "x") is None
    after_trust(shop)
    assert shop.sessions.trusted(token) is None


@pytest.mark.parametrize("act", ["disable", "password", "sign out elsewhere"])
def test_what_ends_a_session_elsewhere_ends_it_here_within_the_stated_seconds(shop, token, act):
    assert is_open(shop, token)
    if act == "disable":
        shop.users.disable("maria", at=shop.at)
    elif act == "password":
        shop.users.set_password("maria", "another-lantern-7", at=shop.at)
    else:
        with shop.records.writing() as transaction:
            assert shop.new_sessions().end(transaction, token)
    after_trust(shop)
    assert not is_open(shop, token)


def test_a_user_enabled_again_has_to_sign_in_again(shop, token):
    shop.users.disable("maria", at=shop.at)
    shop.users.enable("maria", at=shop.at)
    assert not is_open(shop, token)


def test_the_session_of_a_revoked_key_ends_within_the_stated_seconds(shop):
    key = create_key(shop.records, name="app", scopes=[Scope.AUDIENCES], at=shop.at).key
    token = open_session(shop, key_id=key.key_id)
    assert is_open(shop, token)
    revoke_key(shop.records, key.key_id, at=shop.at)
    after_trust(shop)
    assert not is_open(shop, token)


def test_signing_out_ends_the_session_at_once(shop, token):
    assert is_open(shop, token)
    shop.desk.sign_out(token, who="user:maria")
    assert not is_open(shop, token)
    shop.desk.sign_out(token, who="user:maria")
    assert [what for what, *_ in shop.acts()].count("signed_out") == 1


def test_a_session_of_another_shop_is_not_known(shop, token):
    from serving.records.opening import Records

    there = type(shop)(
        settings=shop.settings,
        records=Records(shop="other", engine=shop.records.engine),
        passwords=shop.passwords,
        at=shop.at,
    )
    assert not is_open(there, token)


def test_ended_sessions_are_cleared_away(shop, token):
    assert is_open(shop, token)
    shop.pass_time(hours=shop.settings.console.idle_hours + 1)
    open_session(shop, user_id="maria")
    with shop.records.reading() as transaction:
        assert transaction.session.execute(text("SELECT count(*) FROM sessions")).scalar() == 1


class Away:
    """Records that cannot be read."""

    def reading(self):
        raise OperationalError("SELECT", {}, Exception("away"))

    writing = reading


def test_while_the_records_are_away_a_known_session_stays_right_until_it_ends(shop, token):
    shop.sessions.check(token)
    shop.sessions._records = Away()
    after_trust(shop)
    assert is_open(shop, token)
    assert shop.sessions.trusted(token) is not None
    with pytest.raises(OperationalError):
        shop.sessions.check("another")
    shop.seconds += OUTAGE_SECONDS
    with pytest.raises(OperationalError):
        shop.sessions.check(token)


def test_an_outage_makes_no_session_longer(shop, token):
    shop.sessions.check(token)
    shop.sessions._records = Away()
    shop.pass_time(seconds=OUTAGE_SECONDS - 1)
    assert is_open(shop, token)
    shop.at += timedelta(hours=shop.settings.console.idle_hours)
    with pytest.raises(OperationalError):
        shop.sessions.check(token)
