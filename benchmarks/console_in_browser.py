"""What a browser does with the console's pages: bytes that it loads, hosts that it asks, and the slider's answer."""

from __future__ import annotations

import contextlib
import shutil
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from serving.console.languages import COOKIE as LANGUAGE_COOKIE
from serving.console.languages import LANGUAGES

PATIENCE_MS = 120_000
SETTLE_MS = 15_000
COUNTED_MS = 400_000
"""A million members counted for a target never asked before take half a minute, on a busy machine minutes."""
SLIDER = "#preview-slider"
QUIET = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync")
"""Chromium's own requests to its maker are none of the pages'."""

SLIDES = 30
_SLIDE = """async ([selector, steps]) => {
  const slider = document.querySelector(selector);
  const times = [];
  for (let step = 1; step <= steps; step++) {
    const before = document.querySelector("main").innerText;
    const least = Number(slider.min), most = Number(slider.max);
    slider.value = String(least + (most - least) * ((step * 7) % steps) / steps);
    const started = performance.now();
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    let changed = NaN;
    for (let frame = 0; frame < 120; frame++) {
      // a frame's callbacks run before it is painted: the figure is on the screen with the frame after it
      await new Promise((resume) => requestAnimationFrame(resume));
      if (document.querySelector("main").innerText !== before) { changed = performance.now() - started; break; }
    }
    times.push(changed);
    await new Promise((resume) => setTimeout(resume, 120));
  }
  return times;
}"""


@dataclass(frozen=True, kw_only=True)
class LoadedPage:
    """One page, loaded by a browser with an empty cache."""

    page: str
    language: str
    requests: int
    kilobytes: float
    """What has crossed the wire, headers and all."""
    largest: str
    """Its largest file, and how large."""
    hosts: tuple[str, ...]
    """Every host that was asked for anything."""


@dataclass(frozen=True, kw_only=True)
class Slid:
    """From an input of the slider to the figures changed on the screen."""

    times: int
    median_ms: float
    slowest_ms: float


def load_pages(base: str, cookie: str, pages: Mapping[str, str]) -> list[LoadedPage]:
    """Every page in every language, each with an empty cache."""
    loaded = []
    with _browser() as browser:
        for path, address in pages.items():
            for language in LANGUAGES:
                context = _context(browser, base, cookie, language)
                loaded.append(_load(context, base + address, path, language))
                context.close()
    return loaded


def slide(base: str, cookie: str) -> Slid:
    """Moves the slider of a new audience, once its figures are there."""
    with _browser() as browser:
        context = _context(browser, base, cookie, "en")
        page = context.new_page()
        _ask_for_figures(page, base)
        times: list[float] = page.evaluate(_SLIDE, [SLIDER, SLIDES])
        context.close()
    if any(each != each for each in times):
        raise SystemExit(f"the slider changed nothing: {times}")
    return Slid(times=len(times), median_ms=round(statistics.median(times), 1), slowest_ms=round(max(times), 1))


def _ask_for_figures(page: Page, base: str) -> None:
    page.goto(f"{base}/console/audiences/new")
    page.locator("#what-search").press_sequentially("yogurt", delay=30)
    page.locator("[role=option]:visible").first.click(timeout=PATIENCE_MS)
    page.locator(SLIDER).wait_for(state="visible", timeout=COUNTED_MS)


@contextlib.contextmanager
def _browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise SystemExit("chromium: install it (Debian: apt-get install chromium), or give --no-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        try:
            yield browser
        finally:
            browser.close()


def _context(browser: Browser, base: str, cookie: str, language: str) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    given = [each.partition("=")[::2] for each in cookie.split("; ")] + [(LANGUAGE_COOKIE, language)]
    context.add_cookies([{"name": name, "value": value, "url": base} for name, value in given])
    return context


def _load(context: BrowserContext, address: str, path: str, language: str) -> LoadedPage:
    page = context.new_page()
    told = context.new_cdp_session(page)
    asked: dict[str, str] = {}
    sizes: dict[str, float] = {}

    # Any: events of Chromium are JSON
    def sent(event: dict[str, Any]) -> None:
        asked[event["requestId"]] = event["request"]["url"]

    def ended(event: dict[str, Any]) -> None:
        sizes[event["requestId"]] = event["encodedDataLength"]

    told.on("Network.requestWillBeSent", sent)
    told.on("Network.loadingFinished", ended)
    told.send("Network.enable")
    page.goto(address, wait_until="load", timeout=PATIENCE_MS)
    with contextlib.suppress(PlaywrightTimeout):
        # a page that keeps asking, or that waits for a long count, has loaded its files all the same
        page.wait_for_load_state("networkidle", timeout=SETTLE_MS)
    largest = max(sizes, key=sizes.__getitem__)
    hosts = {urlsplit(each).hostname or "" for each in asked.values() if not each.startswith("data:")}
    return LoadedPage(
        page=path,
        language=language,
        requests=len(asked),
        kilobytes=round(sum(sizes.values()) / 1000, 1),
        largest=f"{urlsplit(asked.get(largest, '')).path.rpartition('/')[2]} {sizes[largest] / 1000:.0f} kB",
        hosts=tuple(sorted(hosts)),
    )
