"""A page of the console as a browser shows it, with all that it complained of, asked for and loaded."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

LOCALES = {"en": "en-US", "zh": "zh-CN"}
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}
PATIENCE_MS = 30_000
"""How long a test waits for what must come: a busy machine is slow."""

AXE_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
LATIN_WORDS = re.compile(r"\b[A-Za-z][a-z]+(?:[ \u00a0]+[A-Za-z][a-z]*)+")
"""Two words or more of an alphabet, as an English sentence has and a brand or a code has not."""

ALONE = re.compile(r"[A-Za-z]*[a-z]{2,}")
NEVER_TRANSLATED = frozenset({"English", "Parquet", "Thousand Faces"})
SEEN_TEXTS = """() => {
  const texts = [document.title];
  const leftAlone = "script, noscript, style, code, pre, [lang='en'], [translate='no'], [aria-hidden='true']";
  const isLeftAlone = (element) => element.closest(leftAlone);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    if (text && !isLeftAlone(walker.currentNode.parentElement)) texts.push(text);
  }
  for (const element of document.querySelectorAll("[aria-label], [placeholder], [title], [alt]")) {
    if (isLeftAlone(element)) continue;
    for (const name of ["aria-label", "placeholder", "title", "alt"]) {
      if (element.getAttribute(name)) texts.push(element.getAttribute(name));
    }
  }
  return texts;
}"""
SEEN_LABELS = """() => [...document.querySelectorAll(
    "h1, h2, h3, th, label, legend, button, summary, caption, nav a, dt"
  )]
  .filter((element) => !element.closest("[lang='en'], [translate='no'], [aria-hidden='true']"))
  .filter((element) => !element.querySelector("code, [translate='no']"))
  .map((element) => element.textContent.trim())"""
WIDER_THAN_THE_SCREEN = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > width + 1)
    .map((element) => element.outerHTML.slice(0, 120));
}"""


@dataclass(kw_only=True)
class WatchedPage:
    """A browser's tab; `Any` of Playwright's answers is JSON."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    """Errors of scripts and everything that the browser refused."""
    hosts: set[str] = field(default_factory=set)
    """Hosts that were asked for anything."""
    loaded_bytes: float = 0.0
    """What has crossed the wire, headers and all; a new tab's cache is empty."""

    def problems(self) -> list[str]:
        """What axe-core finds serious or critical, each with the elements that it is about."""
        options = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": list(AXE_TAGS)}}
        found = Axe().run(self.page, options=options).response["violations"]
        return [_told(problem) for problem in found if problem["impact"] in ("serious", "critical")]

    def english(self, *, names: str) -> list[str]:
        """Sentences with English words in a row, and labels of one, that stand nowhere in `names`: the shop's own names
        in lower case."""
        texts: list[str] = self.page.evaluate(SEEN_TEXTS)
        sentences = [
            text
            for text in dict.fromkeys(texts)
            if any(words.lower() not in names for words in LATIN_WORDS.findall(text))
        ]
        labels: list[str] = self.page.evaluate(SEEN_LABELS)
        return sentences + [
            label
            for label in dict.fromkeys(labels)
            if ALONE.fullmatch(label) and label not in NEVER_TRANSLATED and label.lower() not in names
        ]

    def too_wide(self) -> list[str]:
        """Elements that make the page wider than the screen."""
        found: list[str] = self.page.evaluate(WIDER_THAN_THE_SCREEN)
        return found

    def go(self, address: str) -> int:
        """The status of a page, once its scripts have asked for all that it shows."""
        answer = self.page.goto(address, wait_until="load")
        self.page.wait_for_load_state("networkidle")
        return answer.status if answer is not None else 0


def watched(context: BrowserContext) -> WatchedPage:
    """A new tab that notes what goes wrong in it."""
    page = context.new_page()
    seen = WatchedPage(page=page)
    page.on("console", lambda message: _note(seen, message))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("request", lambda request: _note_host(seen, request))
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda event: _note_bytes(seen, event["encodedDataLength"]))
    return seen


def visitor_context(browser: Browser, url: str, *, language: str = "en", phone: bool = False) -> BrowserContext:
    """A browser of its own, with no cookies and nothing kept, of a reader of that language."""
    context = browser.new_context(
        base_url=url,
        locale=LOCALES[language],
        viewport=PHONE if phone else DESK,
        accept_downloads=True,
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    return context


def _note(seen: WatchedPage, message: ConsoleMessage) -> None:
    if message.type == "error":
        seen.complaints.append(f"{message.text} ({message.location.get('url', '')})")


def _note_host(seen: WatchedPage, request: Request) -> None:
    parts = urlsplit(request.url)
    if parts.scheme not in ("data", "blob"):
        seen.hosts.add(parts.hostname or parts.scheme)


def _note_bytes(seen: WatchedPage, loaded: float) -> None:
    seen.loaded_bytes += loaded


def _told(problem: Any) -> str:
    # `Any`: axe-core's own JSON
    where = "; ".join(f"{' '.join(map(str, node['target']))}: {node['html'][:160]}" for node in problem["nodes"][:5])
    return f"{problem['id']} ({problem['impact']}): {problem['help']}: {where}"
