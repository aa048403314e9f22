from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from features.contracts.errors import AccountRefused
from serving.accounts.passwords import MOST_CHARACTERS, Passwords, require_good_password


def test_a_password_is_stored_as_a_salted_hash_of_argon2id(passwords):
    first, second = passwords.hash("river-lantern-42"), passwords.hash("river-lantern-42")
    assert first.startswith("$argon2id$")
    assert first != second
    assert "river" not in first


def test_only_the_password_itself_is_right(passwords):
    stored = passwords.hash("river-lantern-42")
    assert passwords.is_right("river-lantern-42", stored)
    for wrong in ("", "river-lantern-4", "River-lantern-42", "river-lantern-42 "):
        assert not passwords.is_right(wrong, stored)


def test_the_same_letters_typed_on_another_keyboard_are_the_same_password(passwords):
    stored = passwords.hash("café größe １２３ 密码密码")
    assert passwords.is_right("cafe\u0301 größe 123 密码密码", stored)


def test_nobodys_password_is_never_right_and_is_looked_at_all_the_same(monkeypatch):
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    looked = []
    verify = PasswordHasher.verify
    monkeypatch.setattr(PasswordHasher, "verify", lambda self, *given: (looked.append(given), verify(self, *given))[1])
    assert not Passwords(hasher).is_right("river-lantern-42", None)
    assert len(looked) == 1


def test_the_parameters_in_use_are_those_of_rfc_9106_or_stronger():
    hasher = PasswordHasher()
    assert hasher.memory_cost >= 65_536
    assert hasher.time_cost >= 3


def test_a_hash_of_weaker_parameters_is_outdated(passwords):
    stored = passwords.hash("river-lantern-42")
    assert not passwords.is_outdated(stored)
    assert Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)).is_outdated(stored)


@pytest.mark.parametrize("kind", ["lone surrogate \ud800 in it", "a NUL \0 in between", "x" * MOST_CHARACTERS])
def test_odd_characters_and_great_lengths_are_passwords_too(passwords, kind):
    assert passwords.is_right(kind, passwords.hash(kind))


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "password_short"),
        ("elevenchars", "password_short"),
        ("x" * (MOST_CHARACTERS + 1), "password_long"),
        ("aaaaaaaaaaaabbb", "password_plain"),
        ("i am Maria and 12", "password_plain"),
    ],
)
def test_a_weak_password_is_refused_without_being_repeated(password, why):
    with pytest.raises(AccountRefused) as refused:
        require_good_password(password, user_id="maria")
    assert refused.value.why == why
    assert not password or password not in str(refused.value)


@pytest.mark.parametrize(
    "password", ["twelve chars", "river-lantern-42", "春眠不觉晓处处闻啼鸟夜来", "a good one for li", "abcde" * 200]
)
@pytest.mark.parametrize("user_id", ["maria", "li"])
def test_a_good_password_needs_length_and_nothing_else(password, user_id):
    assert require_good_password(password, user_id=user_id) is None
