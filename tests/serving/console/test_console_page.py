"""docs/console.md names every page."""

from __future__ import annotations

from pathlib import Path

from console_pages import page_paths

PAGE = Path(__file__).parents[3] / "docs" / "console.md"
UNDER_ANOTHER = frozenset({"/console/sign-in"})


def test_every_page_is_described():
    text = PAGE.read_text(encoding="utf-8")
    assert [path for path in page_paths() if path not in UNDER_ANOTHER and f"`{path}`" not in text] == []
