"""Writes a picture of every page of the console, in each language, at a desk and on a phone.

Run by `make pictures`. The shop of FACES_HOME is copied and the copy is served, so that nothing is left behind in it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import httpx
from chromium import running_chromium
from console_pages import address_of, page_paths
from console_samples import CATEGORY, make_samples
from playwright.sync_api import Browser, Page, expect
from processes import free_port
from watched_page import PATIENCE_MS, WatchedPage, visitor_context, watched

from features.contracts.settings import Settings, load_settings
from serving.auth import Scope, create_key
from serving.console.languages import LANGUAGES
from serving.records.opening import open_records

READY_SECONDS = 120
SIGN_IN = "sign-in"
STATE_OF_PROCESSES = ("locks", "spill")


def main() -> int:
    """0 when all are written."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path, help="where the pictures go")
    asked.add_argument("--only", default="", help="only pages whose address has this in it")
    given = asked.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE_MS)
    with _served_copy(load_settings()) as (url, key), running_chromium() as browser:
        with httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=120, trust_env=False) as client:
            samples = make_samples(client)
        addresses = {_name(path): address_of(path, samples) for path in page_paths() if given.only in path}
        for language in LANGUAGES:
            for is_phone in (False, True):
                _take(browser, url, key, addresses, given.folder, language=language, phone=is_phone)
    return 0


def _take(
    browser: Browser, url: str, key: str, addresses: dict[str, str], folder: Path, *, language: str, phone: bool
) -> None:
    context = visitor_context(browser, url, language=language, phone=phone)
    visitor = watched(context)
    kind = f"{language}-{'phone' if phone else 'desk'}"
    is_signed_in = False
    # the page before the sign-in is seen before it
    for name, address in sorted(addresses.items(), key=lambda named: named[0] != SIGN_IN):
        if name != SIGN_IN and not is_signed_in:
            is_signed_in = True
            _sign_in(visitor, key)
        _picture(visitor, name, address, folder, kind)
    context.close()


def _name(path: str) -> str:
    """A page's name for its files: `/console/audiences/{audience_id}` is `audiences-one`."""
    return re.sub(r"\{\w+\}", "one", path).removeprefix("/console").strip("/").replace("/", "-") or "home"


def _sign_in(visitor: WatchedPage, key: str) -> None:
    visitor.go("/console/sign-in")
    visitor.page.locator("summary").click()
    visitor.page.locator("input[name=key]").fill(key)
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_url(lambda address: "sign-in" not in address)


def _picture(visitor: WatchedPage, name: str, address: str, folder: Path, kind: str) -> None:
    visitor.go(address)
    # one after the other: each picture is taken before the page goes on
    for state in chain([""], _acts(visitor.page, address)):
        file = folder / f"{name}{state}-{kind}.png"
        visitor.page.screenshot(path=file, full_page=True)
        print(f"wrote {file}")


def _acts(page: Page, address: str) -> Iterator[str]:
    """Fills in what is empty at first, and names each state that is worth a picture."""
    if address.endswith("/audiences/new"):
        _choose_category(page, "#what-search")
        _wait_for_preview(page)
        yield "-chosen"
    if address.endswith("/launch"):
        _choose_category(page, "#category")
        page.locator("#price").fill("2.49")
        page.locator("#describe button").last.click()
        _wait_for_preview(page)
        yield "-step-2"
        for step in ("3", "4", "5"):
            page.locator(f"[data-to='{step}']:visible").last.click()
            yield f"-step-{step}"


def _choose_category(page: Page, field: str) -> None:
    page.locator(field).press_sequentially(CATEGORY[:-2])
    page.locator(f"{field}-list [role=option]").first.click()


def _wait_for_preview(page: Page) -> None:
    expect(page.locator("#preview-found > *")).not_to_have_count(0)
    expect(page.locator("#preview-found")).to_have_attribute("aria-busy", "false")


@contextlib.contextmanager
def _served_copy(settings: Settings) -> Iterator[tuple[str, str]]:
    """The address of a service on a copy of the shop, and a key for all of it."""
    with tempfile.TemporaryDirectory(prefix="faces-pictures-") as folder:
        home = Path(folder) / "home"
        copied = home / settings.paths.root.name
        shutil.copytree(settings.paths.root, copied, ignore=shutil.ignore_patterns(*STATE_OF_PROCESSES))
        # records in files of the copy, wherever those of the shop are
        environment = {**os.environ, "FACES_HOME": str(home), "FACES_RECORDS__STORE": "sqlite"}
        own = load_settings(home=home, records=settings.records.model_copy(update={"store": "sqlite"}))
        records = open_records(own)
        key = create_key(records, name="Pictures", scopes=[Scope.ADMIN], at=datetime.now(UTC)).text
        records.close()
        port = free_port()
        command = [sys.executable, "-m", "serving.cli.main", "serve", "--port", str(port)]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}", key
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/readyz", timeout=5, trust_env=False).status_code == 200:
                return
        time.sleep(0.2)
    raise SystemExit("the copy of the shop could not be served: see what the service says above")


if __name__ == "__main__":
    raise SystemExit(main())
