"""The guided way of a product that nobody has bought yet: from its description to one file."""

from __future__ import annotations

import csv
import re

import pytest
from console_samples import CATEGORY
from playwright.sync_api import expect

from serving.accounts.roles import Role

pytestmark = pytest.mark.slow


def test_a_launch_goes_from_a_description_to_one_file_with_a_coupon_for_each_member(console, tmp_path):
    visitor = console.visit(Role.MARKETER)
    page = visitor.page
    visitor.go("/console/launch")
    page.get_by_role("combobox", name="Category").press_sequentially("soft drin")
    page.get_by_role("option", name=re.compile(CATEGORY)).first.click()
    page.get_by_label(re.compile("List price of a piece")).fill("2.49")
    page.get_by_role("button", name="Find products like it").click()

    analogues = page.get_by_role("list", name="Products like it").get_by_role("listitem")
    expect(analogues.first).to_be_visible()
    before = analogues.count()
    analogues.first.get_by_role("button").click()
    expect(page.get_by_role("heading", name="Taken away by you")).to_be_visible()
    expect(page.get_by_text("Looking for products like it…")).to_be_hidden()
    assert before > 1

    page.get_by_role("button", name="See who will buy it").click()
    expect(page.get_by_role("slider", name="How many members")).to_be_visible()
    page.get_by_label("Can be told by").select_option("text message")
    page.get_by_role("button", name="See what goes with it").click()
    expect(page.get_by_role("heading", name="Products to show beside it")).to_be_visible()
    page.get_by_role("button", name="Go on to the build").click()
    page.get_by_label("Name", exact=True).fill("New lemonade")
    page.get_by_role("button", name="Build the audience").click()

    expect(page.get_by_text(re.compile(r"\d+ members are ready to be told"))).to_be_visible()
    with page.expect_download() as coming:
        page.get_by_role("button", name="Download the file").click()
    file = tmp_path / coming.value.suggested_filename
    coming.value.save_as(file)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    (launched,) = [
        audience
        for audience in console.service.send("GET", "/v1/audiences?limit=50").json()["items"]
        if audience["name"] == "New lemonade"
    ]
    described = launched["rule"]["target"]["launch"]
    assert (described["category"], described["price"]) == (CATEGORY, 2.49)
    assert launched["rule"]["channel"] == "sms"
    assert 0 < len(rows) <= launched["summary"]["size"]
    assert {"member_id", "coupon_id"} <= set(rows[0])
    page.get_by_role("link", name="Open the audience").click()
    expect(page.get_by_role("heading", level=1, name="New lemonade")).to_be_visible()
    assert visitor.complaints == []
