"""Without a mouse, and on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from serving.accounts.roles import Role

pytestmark = pytest.mark.slow

MOST_TABS = 60
SORTED = re.compile("ascending|descending")


def tab_to(page, wanted):
    """Goes to an element by Tab alone; the focus can be seen all the way."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if wanted.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"no way by Tab to {wanted}")


def test_the_first_tab_leads_past_the_menu(console):
    visitor = console.visit(Role.MARKETER)
    page = visitor.page
    visitor.go("/console")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def test_an_audience_is_described_and_built_by_the_keyboard_alone(console):
    visitor = console.visit(Role.MARKETER)
    page = visitor.page
    visitor.go("/console/audiences/new")
    search = page.get_by_role("combobox", name="Products, brands or categories")
    tab_to(page, search)
    page.keyboard.type("soft drin")
    expect(search).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(search).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("ArrowDown")
    found = page.get_by_role("listbox").get_by_role("option")
    expect(found.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    expect(found.last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(found.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=re.compile("Remove .*DRINK"))).to_be_visible()
    tab_to(page, page.get_by_label("Name", exact=True))
    page.keyboard.type("By hand")
    tab_to(page, page.get_by_role("button", name="Build the audience"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="By hand")).to_be_visible()
    assert visitor.complaints == []


def test_a_table_is_sorted_by_the_keyboard_and_says_how(console):
    visitor = console.visit(Role.ADMIN)
    page = visitor.page
    visitor.go("/console/users")
    table = page.get_by_role("table", name="What was done lately")
    header = table.get_by_role("columnheader", name="Who")
    header.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(header).to_have_attribute("aria-sort", SORTED)
    first = header.get_attribute("aria-sort")
    page.keyboard.press("Enter")
    expect(header).not_to_have_attribute("aria-sort", first)
    expect(header).to_have_attribute("aria-sort", SORTED)


def test_on_a_phone_the_menu_opens_and_escape_closes_it(console):
    visitor = console.visit(Role.MARKETER, phone=True)
    page = visitor.page
    visitor.go("/console")
    link = page.get_by_role("navigation", name="Pages").get_by_role("link", name="Lists")
    expect(link).to_be_hidden()
    menu = page.get_by_role("button", name="Menu")
    menu.press("Enter")
    expect(link).to_be_visible()
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()
    expect(menu).to_be_focused()
    menu.click()
    link.click()
    expect(page).to_have_url(f"{console.url}/console/lists")


def test_a_language_is_chosen_on_the_page_and_stays_chosen(console):
    visitor = console.visit(Role.MARKETER)
    page = visitor.page
    visitor.go("/console/audiences")
    page.get_by_role("link", name="中文").click()
    expect(page).to_have_url(f"{console.url}/console/audiences")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    visitor.go("/console/lists")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
