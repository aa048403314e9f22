"""The pages of accounts: one's own, and everybody's for administrators."""

from __future__ import annotations

PASSWORD = "river-lantern-42"
OTHER = "another-lantern-7"


def test_only_administrators_see_and_change_users(signed_in):
    for role in ("marketer", "associate", "analyst"):
        browser = signed_in(role)
        assert browser.get("/console/users").status_code == 403
        assert browser.post("/console/users/change", {"act": "disable", "user": "admin"}).status_code == 403
        form = {"user": "eve", "role": "admin", "password": PASSWORD}
        assert browser.post("/console/users", form).status_code == 403
        assert "/console/users" not in browser.get("/console/account").text


def test_an_administrator_adds_a_user_who_can_sign_in(signed_in, browser):
    admin = signed_in("admin")
    done = admin.post("/console/users", {"user": "Lin.Wei", "role": "analyst", "password": PASSWORD, "store_id": ""})
    assert (done.status_code, done.headers["location"]) == (303, "/console/users?done=added")
    page = admin.get(done.headers["location"]).text
    assert "The user can sign in now." in page
    assert "Added lin.wei as Analyst." in page
    assert PASSWORD not in page
    assert browser.sign_in("lin.wei").status_code == 303


def test_what_cannot_be_is_said_and_what_was_typed_stays_but_for_the_password(signed_in):
    admin = signed_in("admin")
    said = admin.post("/console/users", {"user": "tablet", "role": "associate", "password": "a good long one"})
    assert said.status_code == 422
    assert "A store associate works in a store." in said.text
    assert 'value="tablet"' in said.text
    assert "a good long one" not in said.text


def test_a_user_is_disabled_enabled_unlocked_and_given_another_password(signed_in, browser):
    admin = signed_in("admin")

    def change(act, **more):
        return admin.post("/console/users/change", {"act": act, "user": "marketer", **more}).status_code

    assert change("disable") == 303
    assert browser.sign_in("marketer").status_code == 401
    assert change("enable") == 303
    assert change("password", password=OTHER) == 303
    assert browser.sign_in("marketer", OTHER).status_code == 303
    browser.cookies.clear()
    for _ in range(5):
        assert browser.sign_in("marketer", "wrong").status_code == 401
    assert "Locked until" in admin.get("/console/users").text
    assert change("unlock") == 303
    assert browser.sign_in("marketer", OTHER).status_code == 303


def test_a_disabled_users_open_page_is_over_at_once_in_this_process(signed_in):
    marketer, admin = signed_in("marketer"), signed_in("admin")
    assert marketer.get("/console/account").status_code == 200
    admin.post("/console/users/change", {"act": "disable", "user": "marketer"})
    assert marketer.get("/console/account").status_code == 303


def test_an_administrator_cannot_disable_oneself(signed_in):
    admin = signed_in("admin")
    said = admin.post("/console/users/change", {"act": "disable", "user": "admin"})
    assert said.status_code == 422
    assert "You cannot disable yourself." in said.text


def test_names_that_look_like_markup_stay_text(signed_in, api, now):
    from serving.auth import Scope, create_key

    create_key(api.state.records, name="<script>alert(1)</script>", scopes=[Scope.EVENTS], at=now)
    page = signed_in("admin").get("/console/users").text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_own_password_is_changed_with_the_current_one(signed_in, browser):
    marketer = signed_in("marketer")

    def change(current, new, again=None):
        form = {"password": current, "new_password": new, "again": again or new}
        return marketer.post("/console/account/password", form)

    assert "The current password is not right." in change("wrong", OTHER).text
    assert "The two new passwords differ." in change(PASSWORD, OTHER, "else").text
    assert "This password is too short." in change(PASSWORD, "short").text
    assert change(PASSWORD, OTHER).headers["location"] == "/console/sign-in?changed=1"
    assert marketer.get("/console/sign-in?changed=1").status_code == 200
    assert browser.sign_in("marketer").status_code == 401
    assert browser.sign_in("marketer", OTHER).status_code == 303


def test_a_key_has_no_password_to_change(browser, api):
    browser.sign_in_with_key(api.keys["recommend"])
    form = {"password": "x", "new_password": OTHER, "again": OTHER}
    assert browser.post("/console/account/password", form).status_code == 403


def test_the_account_says_what_one_may_do(signed_in):
    said = {"marketer": "Export members with their contacts", "associate": "Work with the lists of a store"}
    for role, sentence in said.items():
        page = signed_in(role).get("/console/account").text
        assert sentence in page
        assert "Make accounts" not in page
