"""Coming in and going out: passwords, lock-out, the end of a session, and what a role may not see."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from serving.accounts.roles import Role
from serving.auth import Scope
from serving.records.account_tables import SessionRow
from serving.records.opening import open_records

pytestmark = pytest.mark.slow

SIGN_IN = re.compile("/console/sign-in")
WRONG = "not the password of our grandmother"


def told(page):
    """What the sign-in page says of the last try."""
    return page.get_by_role("alert").inner_text()


def menu(page):
    """The links to the pages that the visitor may see."""
    return page.get_by_role("navigation", name="Pages")


def end_sessions_of(console, user_id):
    """Makes the sessions of a user as old as none may be."""
    records = open_records(console.service.shop.settings)
    try:
        with records.writing() as transaction:
            for row in transaction.session.scalars(select(SessionRow).filter_by(user_id=user_id)):
                row.created_at -= timedelta(days=30)
                row.seen_at -= timedelta(days=30)
    finally:
        records.close()


def test_whoever_has_not_signed_in_is_led_to_the_sign_in_and_back_to_the_page(console):
    visitor = console.stranger()
    page = visitor.page
    visitor.go("/console?from=mail")
    expect(page).to_have_url(SIGN_IN)
    console.sign_in(visitor, "marketer")
    expect(page).to_have_url(f"{console.url}/console?from=mail")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert visitor.complaints == []


def test_nobody_is_led_to_another_site(console):
    visitor = console.stranger()
    visitor.go("/console/sign-in?next=https%3A%2F%2Felsewhere.example%2Fconsole")
    console.sign_in(visitor, "marketer")
    expect(visitor.page).to_have_url(f"{console.url}/console")
    assert visitor.hosts == {"127.0.0.1"}


def test_a_wrong_password_says_the_same_of_somebody_and_of_nobody(console):
    visitor = console.stranger()
    said = []
    for user_id in ("marketer", "nobody-of-that-name"):
        visitor.go("/console/sign-in")
        console.sign_in(visitor, user_id, WRONG)
        said.append(told(visitor.page))
        expect(visitor.page.get_by_label("Password", exact=True)).to_have_value("")
    assert said[0] == said[1] != ""
    visitor.go("/console")
    expect(visitor.page).to_have_url(SIGN_IN)


def test_after_five_wrong_passwords_the_right_one_is_refused_for_a_while_with_the_time_told(console):
    user_id = console.add_user("forgetful", Role.MARKETER)
    visitor = console.stranger()
    visitor.go("/console/sign-in")
    for _ in range(5):
        console.sign_in(visitor, user_id, WRONG)
        wrong = told(visitor.page)
    console.sign_in(visitor, user_id)
    expect(visitor.page.get_by_role("alert")).not_to_have_text(wrong)
    expect(visitor.page.get_by_role("alert")).to_contain_text(re.compile(r"\d"))
    visitor.go("/console")
    expect(visitor.page).to_have_url(SIGN_IN)


def test_a_key_signs_in_and_may_do_what_the_key_may(console):
    visitor = console.stranger()
    page = visitor.page
    visitor.go("/console/sign-in")
    page.get_by_text("With an API key instead").click()
    page.get_by_label("API key", exact=True).fill(console.service.key_for(Scope.AUDIENCES))
    page.get_by_role("button", name="Sign in with the key").click()
    expect(menu(page).get_by_role("link", name="New audience")).to_be_visible()
    expect(menu(page).get_by_role("link", name="Users")).to_have_count(0)
    assert visitor.complaints == []


def test_after_signing_out_the_button_back_shows_nothing(console):
    visitor = console.stranger()
    page = visitor.page
    visitor.go("/console/sign-in")
    console.sign_in(visitor, console.add_user("leaving", Role.MARKETER))
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Sign in")
    cookies = page.context.cookies()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(SIGN_IN)
    page.go_back()
    expect(page).to_have_url(SIGN_IN)
    # the session has ended, not the cookie alone
    page.context.add_cookies(cookies)
    visitor.go("/console")
    expect(page).to_have_url(SIGN_IN)


def test_a_session_that_has_expired_leads_to_the_sign_in_says_so_and_leads_back(console):
    visitor = console.stranger()
    page = visitor.page
    user_id = console.add_user("sleepy", Role.MARKETER)
    visitor.go("/console/sign-in")
    console.sign_in(visitor, user_id)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    end_sessions_of(console, user_id)
    # a session that was checked is trusted for five seconds more
    page.wait_for_timeout(5_500)
    visitor.go("/console?from=yesterday")
    expect(page).to_have_url(SIGN_IN)
    assert "ended" in told(page)
    console.sign_in(visitor, user_id)
    expect(page).to_have_url(f"{console.url}/console?from=yesterday")


def test_an_associate_sees_members_and_the_store_and_no_audiences(console, samples):
    visitor = console.visit(Role.ASSOCIATE)
    page = visitor.page
    visitor.go("/console/members")
    for name in ("New audience", "All audiences", "Quality", "Users"):
        expect(menu(page).get_by_role("link", name=name)).to_have_count(0)
    for address in ("/console/audiences", f"/console/audiences/{samples['audience_id']}", "/console/users"):
        assert visitor.go(address) == 403
        expect(page.get_by_role("heading", level=1)).to_have_text("This is not yours to see")
    asked = page.context.request.get(f"/v1/audiences/{samples['audience_id']}/members")
    assert (asked.status, asked.json()["error"]) == (403, "forbidden")
