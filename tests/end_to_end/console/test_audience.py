"""A marketer's way from a search to a file, and what came of an audience of two months ago."""

from __future__ import annotations

import csv
import re
from datetime import timedelta

import pyarrow.parquet as pq
import pytest
from console_samples import CATEGORY
from playwright.sync_api import expect
from sqlalchemy import select

from features.contracts.clock import moment_text, parse_moment
from features.tables.storage import current_tables
from serving.accounts.roles import Role
from serving.records.audience_members import member_batches
from serving.records.opening import open_records
from serving.records.tables import AudienceRow, ExportedMemberRow

pytestmark = pytest.mark.slow

SIZE = 40
MOVED = """(slider) => {
  const shown = () => [...document.querySelectorAll(".tile")].map((tile) => tile.textContent).join();
  const before = shown();
  slider.value = String(Number(slider.max) / 3);
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  return shown() !== before;
}"""
"""Moves the slider, and says whether the figures beside it had changed when the browser went on."""


def begin(page):
    """The page New audience with soft drinks chosen by the keyboard alone, and figures for them."""
    page.goto("/console")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="New audience").click()
    page.wait_for_url("**/console/audiences/new")
    # what is typed before the page's scripts have come is not searched for
    page.wait_for_load_state("networkidle")
    search = page.get_by_role("combobox", name="Products, brands or categories")
    search.focus()
    page.keyboard.type("soft drin")
    option = page.get_by_role("option", name=re.compile(rf"{CATEGORY}\s*category"))
    expect(option).to_be_visible()
    for _ in range(12):
        if option.get_attribute("aria-selected") == "true":
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=f"Remove {CATEGORY}")).to_be_visible()
    slider = page.get_by_role("slider", name="How many members")
    expect(slider).to_be_visible()
    return slider


def audience_id_of(page):
    return re.search(r"/console/audiences/([0-9a-f-]{36})", page.url).group(1)


def members_of(console, audience_id):
    """The members of an audience as the record store holds them."""
    records = open_records(console.service.shop.settings)
    try:
        batches = member_batches(records, audience_id, ("member_id", "is_held_out"))
        return [row for batch in batches for row in batch.to_pylist()]
    finally:
        records.close()


def agreed_to_sms(console):
    members = pq.read_table(current_tables(console.service.shop.settings.paths).file("members"))
    return {row["member_id"] for row in members.select(["member_id", "consent_sms"]).to_pylist() if row["consent_sms"]}


def test_an_audience_goes_from_a_search_to_a_file_with_those_who_may_be_told(console, tmp_path):
    visitor = console.visit(Role.MARKETER)
    page = visitor.page
    begin(page)
    page.get_by_role("spinbutton", name="How many members").fill(str(SIZE))
    page.get_by_label("Hold out, in percent").fill("25")
    page.get_by_label("Name", exact=True).fill("Lemonade in January")
    page.get_by_role("button", name="Build the audience").click()
    expect(page.get_by_role("heading", level=1, name="Lemonade in January")).to_be_visible()
    download = page.get_by_role("button", name="Download the file")
    expect(download).to_be_enabled()
    audience_id = audience_id_of(page)
    summary = console.service.send("GET", f"/v1/audiences/{audience_id}").json()["summary"]
    assert summary["size"] == SIZE

    page.get_by_role("radio", name=re.compile("Phone numbers, for a sender")).check()
    said = page.get_by_text(re.compile(rf"\d+ of {SIZE} members would be in the file"))
    expect(said).to_be_visible()
    expect(download).to_be_enabled()
    told = int(said.inner_text().split()[0])
    with page.expect_download() as coming:
        download.click()
    file = tmp_path / coming.value.suggested_filename
    coming.value.save_as(file)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        rows = list(reader)
    assert reader.fieldnames == ["phone", "member_id", "coupon_id"]
    stored = members_of(console, audience_id)
    assert (len(stored), sum(row["is_held_out"] for row in stored)) == (SIZE, summary["held_out"])
    may_be_told = {row["member_id"] for row in stored if not row["is_held_out"]} & agreed_to_sms(console)
    assert {row["member_id"] for row in rows} <= may_be_told
    # a contact that somebody else has too stays
    assert len(may_be_told) * 0.9 <= len(rows) == told
    assert all(re.fullmatch(r"\+1555\d{7}", row["phone"]) for row in rows)

    visitor.go(page.url)
    made = page.get_by_role("region", name="Exports made").get_by_role("row").nth(1)
    expect(made).to_contain_text("marketer")
    expect(made).to_contain_text(str(told))
    assert visitor.complaints == []


def test_a_build_can_be_stopped_and_begun_again_from_the_same_wishes(console):
    visitor = console.visit(Role.MARKETER)
    page = visitor.page
    begin(page)
    page.get_by_label("Name", exact=True).fill("Thought better of it")
    page.get_by_role("spinbutton", name="How many members").fill(str(SIZE))
    # a shop of this size is counted faster than anybody clicks: the worker sleeps meanwhile
    worker = console.service.child("worker")
    worker.suspend()
    try:
        page.get_by_role("button", name="Build the audience").click()
        page.get_by_role("button", name="Stop building").click()
        expect(page.get_by_text("It stops at the next step.")).to_be_visible()
    finally:
        worker.resume()
    expect(page.get_by_role("heading", name="It was stopped before it was ready")).to_be_visible()
    audience_id = audience_id_of(page)
    assert console.service.send("GET", f"/v1/audiences/{audience_id}").json()["state"] == "cancelled"
    page.get_by_role("link", name="Start again from it").click()
    expect(page.get_by_role("button", name=f"Remove {CATEGORY}")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="How many members")).to_have_value(str(SIZE))
    assert visitor.complaints == []


def test_the_slider_changes_the_figures_at_once_and_the_form_with_them(console):
    visitor = console.visit(Role.MARKETER)
    slider = begin(visitor.page)
    assert slider.evaluate(MOVED)
    size = visitor.page.get_by_role("spinbutton", name="How many members")
    by_hand = int(size.input_value())
    slider.press("End")
    assert int(size.input_value()) > by_hand
    # the reasons follow when it rests
    expect(visitor.page.get_by_text("Why these members")).to_be_visible()
    assert visitor.complaints == []


def test_a_draft_survives_a_reload_and_can_be_thrown_away(console):
    visitor = console.visit(Role.MARKETER)
    page = visitor.page
    begin(page)
    page.get_by_label("Name", exact=True).fill("Half done")
    page.reload()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Half done")
    expect(page.get_by_role("button", name=f"Remove {CATEGORY}")).to_be_visible()
    page.get_by_role("button", name="Start anew").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("")
    expect(page.get_by_role("button", name=f"Remove {CATEGORY}")).to_have_count(0)


def test_the_request_that_is_shown_builds_the_same_audience(console):
    page = console.visit(Role.MARKETER).page
    begin(page)
    page.get_by_role("spinbutton", name="How many members").fill(str(SIZE))
    page.get_by_text("The same by the API").click()
    shown = page.get_by_label("The request").inner_text()
    assert "YOUR_KEY" in shown
    assert f'"category": "{CATEGORY}"' in shown
    assert f'"size": {SIZE}' in shown


def grow_old(console, audience_id, *, days):
    """Moves an audience and what left with it into the past, as if its days had gone by meanwhile."""
    records = open_records(console.service.shop.settings)
    try:
        with records.writing() as transaction:
            (row,) = transaction.session.scalars(select(AudienceRow).filter_by(audience_id=audience_id))
            moment = parse_moment(row.summary["as_of"]) - timedelta(days=days)
            row.summary = {**row.summary, "as_of": moment_text(moment)}
            for left in transaction.session.scalars(select(ExportedMemberRow).filter_by(audience_id=audience_id)):
                left.exported_at = moment + timedelta(hours=1)
    finally:
        records.close()


def test_an_audience_of_two_months_ago_tells_what_came_of_it(console, make_audience):
    audience_id = make_audience("Two months ago")["id"]
    assert console.service.send("GET", f"/v1/audiences/{audience_id}/members?channel=sms").status_code == 200
    visitor = console.visit(Role.ANALYST)
    page = visitor.page
    visitor.go(f"/console/audiences/{audience_id}")
    expect(page.get_by_text("Too early to tell")).to_be_visible()
    grow_old(console, audience_id, days=60)
    visitor.go(f"/console/audiences/{audience_id}")
    groups = page.get_by_role("region", name="What each group did")
    expect(groups).to_be_visible()
    known = console.service.send("GET", f"/v1/audiences/{audience_id}/results").json()
    assert known["is_placebo"] is False
    for name, group in (("Chosen to be told", "selected"), ("Held out", "held_out")):
        row = groups.get_by_role("row", name=re.compile(f"^{name}"))
        expect(row.get_by_role("cell").nth(1)).to_have_text(str(known[group]["members"]))
        expect(row.get_by_role("cell").nth(2)).to_have_text(str(known[group]["buyers"]))
    # an analyst may look, and may not export
    expect(page.get_by_text("Your account may not export members.")).to_be_visible()
    expect(page.get_by_role("button", name="Download the file")).to_have_count(0)
    assert page.context.request.get(f"/v1/audiences/{audience_id}/members").status == 403
    assert visitor.complaints == []
