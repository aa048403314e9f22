"""Signing in and out, as a browser sees it."""

from __future__ import annotations

import re
from urllib.parse import quote

from serving.records.audit import list_audit

PASSWORD = "river-lantern-42"


def field(page, name):
    return re.findall(rf'name="{name}" value="([^"]*)"', page.text)[0]


def test_a_page_leads_to_the_sign_in_and_the_sign_in_back_to_the_page(browser):
    led = browser.get("/console/account?x=1")
    assert (led.status_code, led.headers["location"]) == (303, "/console/sign-in?next=%2Fconsole%2Faccount%3Fx%3D1")
    form = browser.get(led.headers["location"])
    assert field(form, "next") == "/console/account?x=1"
    came = browser.sign_in("marketer", next="/console/account?x=1")
    assert (came.status_code, came.headers["location"]) == (303, "/console/account?x=1")
    assert browser.get("/console/account").status_code == 200


ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example",
    "/v1/audiences",
    "/console//evil.example",
    "/console/../v1",
    "javascript:alert(1)",
    "/console@evil.example",
    "/console.evil.example",
    "/console\n/x",
    "\u2028/console",
)


def test_the_sign_in_leads_to_no_other_place(browser):
    for next in ELSEWHERE:
        browser.cookies.clear()
        assert field(browser.send("GET", f"/console/sign-in?next={quote(next)}"), "next") == "/console"
        assert browser.sign_in("marketer", next=next).headers["location"] == "/console"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browser):
    (cookie,) = browser.sign_in("marketer").headers.get_list("set-cookie")
    assert cookie.startswith("faces_session=")
    told = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert told == {"httponly", "samesite=lax", "path=/", "secure"}


def test_plain_http_in_a_lan_needs_a_setting(browser, api, monkeypatch):
    console = api.state.settings.console.model_copy(update={"secure_cookies": False})
    monkeypatch.setitem(api.state.settings.__dict__, "console", console)
    assert "secure" not in browser.sign_in("marketer").headers["set-cookie"].lower()


def test_each_sign_in_begins_a_session_of_its_own(browser):
    browser.cookies["faces_session"] = "chosen-by-somebody-else"
    browser.sign_in("marketer")
    first = browser.cookies["faces_session"]
    del browser.cookies["faces_session"]
    browser.sign_in("marketer")
    assert len({"chosen-by-somebody-else", first, browser.cookies["faces_session"]}) == 3


def test_a_wrong_password_and_an_unknown_user_are_answered_alike(browser):
    answers = [browser.sign_in("marketer", "wrong"), browser.sign_in("nobody", "wrong")]
    assert {answer.status_code for answer in answers} == {401}
    assert len({re.sub(r'value="[^"]*"', "", answer.text) for answer in answers}) == 1
    assert "The user or the password is not right." in answers[0].text
    assert "nobody" not in answers[1].text
    assert "faces_session" not in browser.cookies


def test_after_too_many_failures_the_time_to_wait_is_told(browser):
    for _ in range(5):
        browser.sign_in("marketer", "wrong")
    answer = browser.sign_in("marketer")
    assert answer.status_code == 429
    # 12:00 UTC and 15 minutes, as New York writes it
    assert "Try again after 22 Nov 2026, 07:15" in answer.text


def test_a_form_that_another_site_sends_signs_nobody_in(browser):
    form = {"by": "password", "user": "marketer", "password": PASSWORD}
    assert browser.send("POST", "/console/sign-in", data=form).status_code == 403
    assert browser.send("POST", "/console/sign-in", data={**form, "form_token": "guess"}).status_code == 403
    told = browser.send("POST", "/console/sign-in", data=browser.form(**form), headers={"Sec-Fetch-Site": "cross-site"})
    assert told.status_code == 403
    told = browser.send(
        "POST", "/console/sign-in", data=browser.form(**form), headers={"Origin": "https://evil.example"}
    )
    assert told.status_code == 403
    assert "faces_session" not in browser.cookies


def test_a_key_signs_in_and_the_page_says_so(browser, api):
    assert browser.sign_in_with_key(api.keys["audiences"]).headers["location"] == "/console"
    page = browser.get("/console/account")
    assert "Signed in with an API key" in page.text
    assert "Change your password" not in page.text


def test_a_wrong_key_is_refused_in_words(browser):
    answer = browser.sign_in_with_key("tf_a_b")
    assert answer.status_code == 401
    assert "This key is not known, or was revoked." in answer.text


def test_signing_out_ends_the_session_for_whoever_kept_the_cookie_too(browser):
    browser.sign_in("marketer")
    kept = dict(browser.cookies)
    out = browser.post("/console/sign-out")
    assert (out.status_code, out.headers["location"]) == (303, "/console/sign-in?left=1")
    assert "You have signed out." in browser.get("/console/sign-in?left=1").text
    browser.cookies = kept
    assert browser.get("/console/account").status_code == 303


def test_a_form_without_the_sessions_token_does_nothing(browser):
    browser.sign_in("marketer")
    for token in (None, "", "guess"):
        assert browser.post("/console/sign-out", token=token).status_code == 403
    assert browser.get("/console/account").status_code == 200


def test_a_session_that_has_ended_says_so_and_leads_back(browser, api, now):
    browser.sign_in("marketer")
    api.state.accounts.users(who="command").disable("marketer", at=now)
    api.state.accounts.sessions.forget_trusted()
    led = browser.get("/console/account")
    assert led.headers["location"] == "/console/sign-in?next=%2Fconsole%2Faccount&expired=1"
    form = browser.get(led.headers["location"])
    assert "Your sign-in has ended" in form.text
    assert field(form, "next") == "/console/account"


def test_who_is_signed_in_already_is_led_on(browser):
    browser.sign_in("marketer")
    assert browser.get("/console/sign-in?next=/console/account").headers["location"] == "/console/account"


def test_signing_in_and_out_is_audited_without_passwords(browser, api):
    browser.sign_in("marketer", "not-the-password-1")
    browser.sign_in("marketer")
    browser.post("/console/sign-out")
    with api.state.records.reading() as transaction:
        acts = [each for each in list_audit(transaction, limit=99) if each.what.startswith("sign")]
    assert {(each.what, each.who) for each in acts} == {
        ("sign_in_refused", "unknown"),
        ("signed_in", "user:marketer"),
        ("signed_out", "user:marketer"),
    }
    assert PASSWORD not in str(acts)
    assert "not-the-password-1" not in str(acts)


def test_the_sign_in_speaks_chinese(browser):
    browser.language = "zh-CN"
    assert "用户名或密码不正确。" in browser.sign_in("marketer", "wrong").text
