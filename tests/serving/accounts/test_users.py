from __future__ import annotations

import pytest
from sqlalchemy import text

from features.contracts.errors import AccountRefused
from serving.accounts.roles import SCOPES, Role
from serving.auth import OF_ONE_STORE, Scope

GOOD = "river-lantern-42"


def add(shop, name="maria", role=Role.MARKETER, store_id=None, password=GOOD):
    return shop.users.add(name, role=role, store_id=store_id, password=password, at=shop.at)


def test_a_user_is_stored_with_a_hash_and_audited_without_the_password(shop):
    user = add(shop)
    with shop.records.reading() as transaction:
        stored = str(transaction.session.execute(text("SELECT * FROM users")).all())
        audit = str(transaction.session.execute(text("SELECT * FROM audit")).all())
    assert (user.user_id, user.role, user.store_id) == ("maria", Role.MARKETER, None)
    assert "$argon2id$" in stored
    assert GOOD not in stored + audit
    assert shop.acts() == [("user_created", "command", {"user": "maria", "role": "marketer"})]


@pytest.mark.parametrize("typed", ["Maria", "  MARIA ", "ｍａｒｉａ"])
def test_a_name_is_the_same_however_it_is_typed(shop, typed):
    add(shop)
    with pytest.raises(AccountRefused) as refused:
        add(shop, typed)
    assert refused.value.why == "name_taken"
    shop.users.disable(typed, at=shop.at)


@pytest.mark.parametrize("name", ["", "a b", "a@b.example", "-a", "_a", "x" * 41, "a\0", "a/b", "tf_<b>"])
def test_a_name_that_cannot_be_is_refused(shop, name):
    with pytest.raises(AccountRefused) as refused:
        add(shop, name)
    assert refused.value.why == "name_wrong"


@pytest.mark.parametrize("name", ["张伟", "lin.wei", "tablet-309", "a", "j_2"])
def test_names_of_any_script_can_be(shop, name):
    assert add(shop, name).user_id == name


@pytest.mark.parametrize(
    ("role", "store_id", "why"),
    [
        (Role.ASSOCIATE, None, "store_missing"),
        (Role.ASSOCIATE, "", "store_wrong"),
        (Role.ASSOCIATE, "s" * 256, "store_wrong"),
        (Role.MARKETER, "s1", "store_given"),
        (Role.ADMIN, "s1", "store_given"),
    ],
)
def test_an_associate_is_bound_to_a_store_and_nobody_else(shop, role, store_id, why):
    with pytest.raises(AccountRefused) as refused:
        add(shop, role=role, store_id=store_id)
    assert refused.value.why == why
    assert shop.users.all(at=shop.at) == ()


def test_each_role_has_scopes_and_only_an_associates_fit_into_a_store():
    assert set(SCOPES) == set(Role)
    assert all(SCOPES.values())
    assert [role for role in Role if SCOPES[role] <= OF_ONE_STORE] == [Role.ASSOCIATE]


@pytest.mark.parametrize(
    ("role", "lacking"),
    [
        (Role.MARKETER, {Scope.ADMIN, Scope.PRIVACY, Scope.RELEASES, Scope.EVENTS, Scope.ASSOCIATE}),
        (Role.ANALYST, {Scope.ADMIN, Scope.PRIVACY, Scope.EXPORT, Scope.EVENTS, Scope.ASSOCIATE}),
        (Role.ASSOCIATE, {Scope.ADMIN, Scope.PRIVACY, Scope.EXPORT, Scope.EVENTS, Scope.AUDIENCES, Scope.RELEASES}),
        (Role.ADMIN, set()),
    ],
)
def test_what_a_role_may_not_do(shop, role, lacking):
    holder = add(shop, role=role, store_id="s1" if role is Role.ASSOCIATE else None).holder()
    assert {scope for scope in Scope if not holder.may(scope)} == lacking


def test_a_users_holder_stands_for_a_key_in_audits(shop):
    holder = add(shop, "tablet", Role.ASSOCIATE, "s1").holder()
    assert (holder.key_id, holder.store_id) == ("user:tablet", "s1")
    assert holder.may(Scope.MEMBERS)
    assert not holder.may(Scope.AUDIENCES)


@pytest.mark.parametrize("act", ["disable", "enable", "unlock"])
def test_what_is_done_to_a_user_is_audited(shop, act):
    add(shop)
    shop.pass_time(seconds=1)
    getattr(shop.users, act)("maria", at=shop.at)
    what = {"disable": "user_disabled", "enable": "user_enabled", "unlock": "user_unlocked"}[act]
    assert shop.acts()[-1] == (what, "command", {"user": "maria"})


def test_nothing_can_be_done_to_a_user_that_there_is_not(shop):
    for act in (shop.users.disable, shop.users.enable, shop.users.unlock):
        with pytest.raises(AccountRefused, match="there is no 'nobody'"):
            act("nobody", at=shop.at)
    with pytest.raises(AccountRefused, match="there is no 'nobody'"):
        shop.users.set_password("nobody", GOOD, at=shop.at)
    assert shop.acts() == []


def test_users_are_listed_by_name_with_what_became_of_them(shop):
    add(shop, "zoe")
    add(shop, "anna")
    shop.users.disable("zoe", at=shop.at)
    assert [(user.user_id, user.disabled_at) for user in shop.users.all(at=shop.at)] == [
        ("anna", None),
        ("zoe", shop.at),
    ]


def test_the_same_name_may_be_in_another_shop(shop, settings):
    from serving.records.opening import Records

    add(shop)
    other = type(shop)(
        settings=settings,
        records=Records(shop="other", engine=shop.records.engine),
        passwords=shop.passwords,
        at=shop.at,
    )
    assert other.users.all(at=shop.at) == ()
    add(other)
