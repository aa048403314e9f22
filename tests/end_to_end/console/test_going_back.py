"""A release that disappoints: an admin puts the one before back, on a page, while the service answers."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from serving.accounts.roles import Role

pytestmark = pytest.mark.slow


def test_an_admin_goes_back_to_the_release_before_and_no_request_fails(small_shop, tmp_path, serve, until, console_of):
    shop = small_shop.copy_to(tmp_path / "home")
    shop.faces("release")
    with serve(shop) as service, service.hammer().asking() as hammer:
        until(lambda: hammer.releases == ["r000002"])
        console = console_of(service)
        console.add_user(Role.ADMIN.value, Role.ADMIN)
        visitor = console.visit(Role.ADMIN)
        page = visitor.page
        visitor.go("/console/quality")
        page.get_by_role("link", name="Go back to the one before").click()
        page.get_by_role("button", name="Go back to r000001").click()
        expect(page.get_by_role("status").filter(has_text="r000001 goes back into service")).to_be_visible()
        until(lambda: hammer.releases[-1] == "r000001")
        # and the way forth again is the same one
        visitor.go("/console/quality/back")
        expect(page.get_by_role("button", name="Go back to r000002")).to_be_visible()
        visitor.go("/console/users")
        expect(page.get_by_text("Went back to the release r000001")).to_be_visible()
        assert visitor.complaints == []
    hammer.require_every_answer()
    assert hammer.releases == ["r000002", "r000001"]
