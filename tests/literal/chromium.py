"""Debian's Chromium, headless, driven by Playwright; nothing is downloaded for it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser")
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
)
"""Chromium's own requests to its maker are none of the pages'."""


def chromium_path() -> str:
    """The browser's program. A machine without one is an error, never a skipped test."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise FileNotFoundError("chromium: install it (Debian: apt-get install chromium)")
    return found


@contextlib.contextmanager
def running_chromium() -> Iterator[Browser]:
    """A browser without a window. While it runs, nothing of asyncio can run in the same thread."""
    # Chromium's sandbox refuses to be started by root, which is whom CI runs as
    arguments = [*QUIET, *(("--no-sandbox",) if os.geteuid() == 0 else ())]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=arguments)
        try:
            yield browser
        finally:
            browser.close()
