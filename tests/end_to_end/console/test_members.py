"""An associate in a shop: a member found as a guest says it, what to offer, and the store's worklist."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from serving.accounts.roles import Role

pytestmark = pytest.mark.slow

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def somebody(served, samples):
    """A member who is in an audience and may be called: the id and the phone number."""
    file = served.send("GET", f"/v1/audiences/{samples['audience_id']}/members?destination=sms_csv").text
    row = next(csv.DictReader(io.StringIO(file)))
    return row["member_id"], row["phone"]


def find(visitor, text):
    visitor.go("/console/members")
    visitor.page.get_by_label("Member number, phone number or card").fill(text)
    visitor.page.keyboard.press("Enter")


def test_an_associate_finds_a_member_by_the_number_as_a_guest_says_it(console, somebody):
    member_id, phone = somebody
    national = phone.removeprefix("+1")
    visitor = console.visit(Role.ASSOCIATE)
    page = visitor.page
    for said in (f"({national[:3]}) {national[3:6]}-{national[6:]}", phone, member_id):
        find(visitor, said)
        expect(page).to_have_url(f"{console.url}/console/members/{member_id}")
        # neither in the address nor on the page, where it is masked
        assert national not in page.url + page.content()
    expect(page.get_by_role("heading", level=1)).to_contain_text(member_id)
    assert visitor.complaints == []


def test_whoever_is_not_found_is_told_what_to_try(console):
    visitor = console.visit(Role.ASSOCIATE)
    find(visitor, "(555) 019-9999")
    expect(visitor.page.get_by_role("heading", name="Nobody was found")).to_be_visible()
    assert "019" not in visitor.page.url


def test_the_page_of_a_member_says_what_to_offer_and_why_in_each_place(console, somebody):
    visitor = console.visit(Role.ASSOCIATE)
    page = visitor.page
    visitor.go(f"/console/members/{somebody[0]}")
    offers = page.get_by_role("region", name="What to offer now")
    expect(offers.get_by_role("listitem").first).to_be_visible()
    ideas = page.get_by_role("region", name="More ideas, place by place")
    places = ideas.get_by_role("navigation", name="Places").get_by_role("link")
    for place in places.all_inner_texts():
        ideas.get_by_role("link", name=place, exact=True).click()
        expect(ideas.get_by_role("link", name=place, exact=True)).to_have_attribute("aria-current", "true")
    assert len(places.all_inner_texts()) > 3
    assert visitor.complaints == []


def test_the_reasons_on_a_chinese_page_are_chinese(console, somebody):
    visitor = console.visit(Role.ASSOCIATE, language="zh")
    visitor.go(f"/console/members/{somebody[0]}")
    reasons = visitor.page.locator(".why").all_inner_texts()
    assert reasons
    assert [reason for reason in reasons if not CHINESE.search(reason)] == []


def test_an_associate_comes_to_the_own_store_and_to_no_other_one(console):
    visitor = console.visit(Role.ASSOCIATE)
    page = visitor.page
    assert visitor.go("/console/stores") == 200
    expect(page).to_have_url(f"{console.url}/console/stores/{console.store_id}")
    for reason in page.get_by_role("navigation", name="Why").get_by_role("link").all():
        expect(reason).to_contain_text(re.compile(r"\d"))
    others = [store["id"] for store in console.service.send("GET", "/v1/stores").json()["items"]]
    other = next(store_id for store_id in others if store_id != console.store_id)
    assert visitor.go(f"/console/stores/{other}") == 403


def test_a_member_who_just_came_in_stands_on_the_worklist(console, somebody, until):
    member_id = somebody[0]
    event = {
        "message_id": "came-in-1",
        "type": "Store Entered",
        "occurred_at": datetime.now(UTC).isoformat(),
        "member_id": member_id,
        "store_id": console.store_id,
    }
    taken = console.service.send("POST", "/v1/events", {"events": [event]})
    assert taken.json()["accepted"] == 1
    visitor = console.visit(Role.ASSOCIATE)
    page = visitor.page

    def is_here():
        visitor.go("/console/stores")
        return page.get_by_role("link", name=re.compile(r"Here now\s*[1-9]")).count()

    until(is_here)
    page.get_by_role("link", name="Here now").click()
    page.locator("#worklist").get_by_role("link", name=re.compile(rf"^{member_id}\b")).click()
    expect(page).to_have_url(f"{console.url}/console/members/{member_id}")
    expect(page.get_by_role("region", name="Just now").get_by_role("listitem")).not_to_have_count(0)
    assert visitor.complaints == []
