"""What holds of every page in both languages, at a desk and on a phone; the pages are read from the routes."""

from __future__ import annotations

import pytest
from console_pages import address_of, page_paths
from watched_page import PHONE

from serving.accounts.roles import Role
from serving.console.languages import HTML_LANGUAGES, LANGUAGES

pytestmark = pytest.mark.slow

MOST_BYTES = 1_500_000
BEFORE_SIGN_IN = frozenset({"/console/sign-in"})
"""Pages of whoever has not signed in."""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", page_paths())
def test_a_page_is_in_its_language_open_to_everybody_small_and_asks_nobody_else(
    console, samples, names_of_the_shop, path, language
):
    is_open = path in BEFORE_SIGN_IN
    visitor = console.stranger(language=language) if is_open else console.visit(Role.ADMIN, language=language)
    page, address = visitor.page, address_of(path, samples)
    assert visitor.go(address) == 200
    weight = visitor.loaded_bytes
    desk = visitor.problems()
    page.set_viewport_size(PHONE)
    faults = {
        "axe at a desk": desk,
        "axe on a phone": visitor.problems(),
        "wider than a phone": visitor.too_wide(),
        "still English": visitor.english(names=names_of_the_shop) if language != "en" else [],
        "complaints of the browser": visitor.complaints,
        "asked elsewhere": sorted(visitor.hosts - {"127.0.0.1"}),
    }
    assert {what: found for what, found in faults.items() if found} == {}
    assert page.locator("html").get_attribute("lang") == HTML_LANGUAGES[language]
    assert (page.get_by_role("heading", level=1).count(), page.get_by_role("main").count()) == (1, 1)
    assert 1_000 < weight < MOST_BYTES
