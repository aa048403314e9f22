from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from serving.accounts.passwords import Passwords
from serving.accounts.roles import Role
from serving.accounts.sign_in import one_address
from serving.auth import Scope, create_key, revoke_key

GOOD = "river-lantern-42"
HERE = "192.0.2.7"


@pytest.fixture(autouse=True)
def _maria(shop):
    shop.users.add("maria", role=Role.MARKETER, store_id=None, password=GOOD, at=shop.at)
    shop.pass_time(seconds=1)


def sign_in(shop, name="maria", password=GOOD, address=HERE):
    came = shop.desk.by_password(name, password, address=address)
    shop.pass_time(seconds=1)
    return came


def fail(shop, times, name="maria", address=HERE):
    return [sign_in(shop, name, "wrong", address).locked_until for _ in range(times)]


def stored(shop):
    tables = ("users", "sessions", "sign_in_failures", "audit")
    with shop.records.reading() as transaction:
        return " ".join(str(transaction.session.execute(text(f"SELECT * FROM {name}")).all()) for name in tables)


def test_the_right_password_opens_a_session(shop):
    came = sign_in(shop)
    assert shop.sessions.check(came.token).holder.key_id == "user:maria"
    assert shop.acts()[-1] == ("signed_in", "user:maria", {"by": "password"})
    (user,) = shop.users.all(at=shop.at)
    assert user.signed_in_at is not None


def test_a_wrong_password_an_unknown_user_and_a_disabled_one_look_the_same(shop):
    shop.users.add("gone", role=Role.MARKETER, store_id=None, password=GOOD, at=shop.at)
    shop.users.disable("gone", at=shop.at)
    answers = [sign_in(shop, "maria", "wrong"), sign_in(shop, "nobody", GOOD), sign_in(shop, "gone", GOOD)]
    assert answers == [type(answers[0])()] * 3


def test_a_name_typed_in_vain_is_kept_nowhere_for_it_may_be_a_password(shop):
    sign_in(shop, "my-secret-passphrase", "")
    sign_in(shop, "\0 ' \ud800", "x")
    assert "my-secret-passphrase" not in stored(shop)
    assert shop.acts()[-1] == ("sign_in_refused", "unknown", {"by": "password"})
    sign_in(shop, "maria", "wrong")
    assert shop.acts()[-1] == ("sign_in_refused", "unknown", {"by": "password", "user": "maria"})
    assert HERE not in stored(shop)


def test_after_five_failures_the_sixth_is_not_looked_at_even_if_it_is_right(shop):
    assert fail(shop, 5) == [None] * 5
    last = shop.at
    came = sign_in(shop)
    assert came.token is None
    assert came.locked_until is not None
    assert 14 * 60 < (came.locked_until - last).total_seconds() <= 15 * 60
    (user,) = shop.users.all(at=shop.at)
    assert user.locked_until == came.locked_until


def test_a_user_that_there_is_not_is_locked_out_alike(shop):
    assert fail(shop, 5, "nobody") == [None] * 5
    assert sign_in(shop, "nobody").locked_until is not None
    assert sign_in(shop).token is not None


def test_a_lock_ends_by_itself_and_outlives_a_restart(shop):
    fail(shop, 5)
    shop.desk = shop.new_desk()
    shop.pass_time(minutes=14)
    assert sign_in(shop).token is None
    shop.pass_time(minutes=2)
    assert sign_in(shop).token is not None


class ReadOnly:
    """Records in which nothing may be written."""

    def __init__(self, records):
        self.reading = records.reading


def test_tries_while_locked_out_make_it_no_longer_and_fill_no_records(shop):
    fail(shop, 5)
    acts = len(shop.acts())
    shop.desk = replace(shop.desk, records=ReadOnly(shop.records))
    ends = set(fail(shop, 30))
    assert len(ends) == 1
    assert None not in ends
    assert len(shop.acts()) == acts


def test_a_lock_out_is_audited_once(shop):
    fail(shop, 7)
    assert [what for what, *_ in shop.acts()].count("locked_out") == 1
    assert ("locked_out", "unknown", {"by": "password", "user": "maria"}) in shop.acts()


def test_failures_far_apart_do_not_lock_out(shop):
    for _ in range(8):
        fail(shop, 1)
        shop.pass_time(minutes=5)
    assert sign_in(shop).token is not None


def test_a_sign_in_takes_the_users_failures_off_but_not_those_of_the_address(shop):
    shop.users.add("mallory", role=Role.MARKETER, store_id=None, password=GOOD, at=shop.at)
    for round_ in range(5):
        fail(shop, 4, f"victim{round_}")
        came = sign_in(shop, "mallory")
    # 20 failures from one address, whoever succeeded in between
    assert came.token is None
    assert came.locked_until is not None
    assert sign_in(shop, "mallory", address="198.51.100.1").token is not None


def test_an_administrator_can_unlock_a_user(shop):
    fail(shop, 5)
    shop.users.unlock("maria", at=shop.at)
    assert sign_in(shop).token is not None


def test_another_password_unlocks_too(shop):
    fail(shop, 5)
    shop.users.set_password("maria", "another-lantern-7", at=shop.at)
    assert sign_in(shop).token is None
    assert sign_in(shop, password="another-lantern-7").token is not None


def test_many_tries_at_once_are_no_more_than_one_after_another(shop):
    looked = []
    is_right = Passwords.is_right

    class Counting(Passwords):
        def is_right(self, password, stored):
            looked.append(password)
            return is_right(self, password, stored)

    counting = Counting(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    desk = replace(shop.desk, passwords=counting)
    tries = [
        threading.Thread(target=desk.by_password, args=("maria", f"guess {n}"), kwargs={"address": HERE})
        for n in range(12)
    ]
    for each in tries:
        each.start()
    for each in tries:
        each.join()
    assert len(looked) == 5


def test_an_address_is_one_however_it_is_written():
    assert one_address("2001:db8:1:2:3:4:5:6") == one_address("2001:db8:1:2::9") != one_address("2001:db8:1:3::9")
    assert one_address("::ffff:192.0.2.7") == one_address("192.0.2.7") == "192.0.2.7"
    assert one_address("fe80::1%eth0") == one_address("fe80::2")
    assert one_address("somewhere") == "somewhere"


def test_a_hash_of_weaker_parameters_is_made_anew_at_the_next_sign_in(shop):
    before = stored(shop)
    stronger = Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    shop.passwords = stronger
    shop.desk = shop.new_desk()
    assert "t=2" not in before
    assert sign_in(shop).token is not None
    assert "t=2" in stored(shop)
    assert sign_in(shop).token is not None


def test_a_password_changed_while_it_was_checked_opens_nothing(shop, monkeypatch):
    right = Passwords.is_right

    def change_meanwhile(self, password, stored_hash):
        answer = right(self, password, stored_hash)
        shop.users.set_password("maria", "another-lantern-7", at=shop.at)
        return answer

    monkeypatch.setattr(Passwords, "is_right", change_meanwhile)
    assert sign_in(shop).token is None


def test_a_key_signs_in_with_its_scopes_and_is_audited(shop):
    made = create_key(shop.records, name="app", scopes=[Scope.AUDIENCES], at=shop.at)
    shop.pass_time(seconds=1)
    came = shop.desk.by_key(made.text, address=HERE)
    assert shop.sessions.check(came.token).holder == made.key
    assert shop.acts()[-1] == ("signed_in", made.key.key_id, {"by": "key"})


def test_a_wrong_or_revoked_key_is_refused_and_counts_for_the_address(shop):
    made = create_key(shop.records, name="app", scopes=[Scope.AUDIENCES], at=shop.at)
    revoke_key(shop.records, made.key.key_id, at=shop.at)
    for wrong in (made.text, "", "tf_a_b", "\ud800", "x" * 300):
        shop.pass_time(seconds=1)
        assert shop.desk.by_key(wrong, address=HERE).token is None
    assert shop.acts()[-1] == ("sign_in_refused", "unknown", {"by": "key"})
    for _ in range(15):
        shop.desk.by_key("tf_a_b", address=HERE)
    assert shop.desk.by_key("tf_a_b", address=HERE).locked_until is not None


def test_checking_the_own_password_counts_as_a_sign_in_does(shop):
    assert shop.desk.check("maria", GOOD, address=HERE).is_right
    for _ in range(5):
        assert not shop.desk.check("maria", "wrong", address=HERE).is_right
    assert shop.desk.check("maria", GOOD, address=HERE).locked_until is not None


def test_failures_that_count_no_more_are_cleared_away(shop):
    fail(shop, 3, "nobody")
    shop.pass_time(hours=1)
    fail(shop, 1)
    with shop.records.reading() as transaction:
        # one of the user, one of the address
        assert transaction.session.execute(text("SELECT count(*) FROM sign_in_failures")).scalar() == 2
