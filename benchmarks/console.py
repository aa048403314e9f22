"""Time, CPU and size of every page of the console over a million generated members, and what a browser loads.

`python -m benchmarks.console`, from the repository's root, after the released shop of FACES_HOME; the home of generated
members stays in `--folder`, to be used again. Needs Chromium unless `--no-browser`.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import quote, urlencode

import numpy as np
import psutil
from fastapi.routing import APIRoute

from benchmarks.console_in_browser import LoadedPage, Slid, load_pages, slide
from benchmarks.processes import cpu_seconds, free_port, machine, running
from benchmarks.served_home import served_home
from features.contracts.atomic import write_json
from features.contracts.settings import Settings
from serving.auth import Scope, create_key
from serving.cli.screen import say, show_table
from serving.console.languages import COOKIE as LANGUAGE_COOKIE
from serving.console.languages import LANGUAGES
from serving.console.routes import PAGES
from serving.guard import SUPERVISOR
from serving.records.audiences import AudienceState, page_of_audiences
from serving.records.id_lists import page_of_lists
from serving.records.opening import open_records
from serving.supervisor import SERVER, WORKER
from training.release.member_list import member_ids
from training.release.shelf import release_folder, require_active_release
from training.release.stores import load_stores

WARM_UP = 3
GOAL_MS = 150
SIGN_IN = "/console/sign-in"
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
_FORM_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')


@dataclass(frozen=True, kw_only=True)
class PageTime:
    """One page in one language."""

    page: str
    language: str
    status: int
    median_ms: float
    p95_ms: float
    cpu_ms: float
    """Of the server, all its threads: what is left of a busy machine's delay."""
    kilobytes: float
    """The HTML, as it is sent."""


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/thousand-faces-console"))
    parser.add_argument("--rounds", type=int, default=20, help="requests for each page and language")
    parser.add_argument("--only", default="", help="only pages whose path holds this text")
    parser.add_argument("--no-browser", action="store_true")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    asked = parser.parse_args()
    settings = served_home(asked.folder, members=asked.members)
    pages = {path: address for path, address in _addresses(settings).items() if asked.only in path}
    loaded: list[LoadedPage] = []
    slid: Slid | None = None
    with _served(settings) as (process, port, key):
        cookie = _signed_in(port, key)
        times = _page_times(port, process, cookie, pages, rounds=asked.rounds)
        _show_times(times, asked.members)
        if not asked.no_browser:
            loaded = load_pages(f"http://127.0.0.1:{port}", cookie, pages)
            _show_loaded(loaded)
            if not asked.only:
                with _working(settings):
                    slid = slide(f"http://127.0.0.1:{port}", cookie)
                say(
                    f"slider: median {slid.median_ms:.0f} ms, slowest of {slid.times} {slid.slowest_ms:.0f} ms "
                    "from the input to the changed figure on the screen"
                )
    if asked.json:
        told = {
            "members": asked.members,
            "machine": machine(),
            "pages": [asdict(each) for each in times],
            "loaded": [asdict(each) for each in loaded],
            "slider": None if slid is None else asdict(slid),
        }
        write_json(asked.json, told)


@contextlib.contextmanager
def _served(settings: Settings) -> Iterator[tuple[psutil.Process, int, str]]:
    records = open_records(settings)
    try:
        key = create_key(records, name="benchmark", scopes=[Scope.ADMIN], at=datetime.now(UTC)).text
    finally:
        records.close()
    port = free_port()
    environment = {
        **_environment(settings),
        "FACES_SERVING__HOST": "127.0.0.1",
        "FACES_SERVING__PORT": str(port),
        "BENTOML_DO_NOT_TRACK": "True",
    }
    with running(SERVER, port=port, environment=environment) as process:
        yield process, port, key


@contextlib.contextmanager
def _working(settings: Settings) -> Iterator[None]:
    """A worker: the slider's figures are those of an audience that it counts."""
    worker = subprocess.Popen(WORKER, env=_environment(settings))
    try:
        yield
    finally:
        worker.terminate()
        worker.wait()


def _environment(settings: Settings) -> dict[str, str]:
    return {**os.environ, "FACES_HOME": str(settings.home), SUPERVISOR: str(os.getpid())}


def _addresses(settings: Settings) -> dict[str, str]:
    """Path of each page to an address of it, the largest audience, a whole member and the largest store among them."""
    samples = _samples(settings)
    routes = [route for page in PAGES for route in page.router.routes if isinstance(route, APIRoute)]
    paths = sorted({route.path for route in routes if "GET" in (route.methods or ())})
    return {path: _PARAMETER.sub(lambda found: quote(samples[found.group(1)], safe=""), path) for path in paths}


def _samples(settings: Settings) -> Mapping[str, str]:
    folder = release_folder(settings.paths, require_active_release(settings.paths))
    stores = load_stores(folder)
    largest = max(stores.by_id.values(), key=lambda store: store.members).store_id if stores is not None else ""
    records = open_records(settings)
    try:
        with records.reading() as transaction:
            audiences = page_of_audiences(transaction, limit=200, before=None)
            lists = page_of_lists(transaction, limit=1, before=None)
    finally:
        records.close()
    done = [each for each in audiences if each.state is AudienceState.DONE and each.summary]
    audience = max(done, key=lambda each: (each.rule["size"], each.audience_id)).audience_id
    return {
        "audience_id": audience,
        "member_id": next(member_ids(folder, at_once=1))[0],
        "store_id": largest,
        "list_id": lists[0].list_id,
    }


def _signed_in(port: int, key: str) -> str:
    """The session's cookie, as a header has it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", SIGN_IN)
    answer = connection.getresponse()
    form = _FORM_TOKEN.search(answer.read().decode())
    cookies = SimpleCookie(answer.headers["Set-Cookie"])
    if form is None:
        raise SystemExit("the sign-in page has no form")
    body = urlencode({"by": "key", "key": key, "form_token": form.group(1)})
    sent = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": _header(cookies)}
    connection.request("POST", SIGN_IN, body=body, headers=sent)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 303:
        raise SystemExit(f"the sign-in answered {answer.status}")
    return _header(SimpleCookie(answer.headers["Set-Cookie"]))


def _header(cookies: SimpleCookie) -> str:
    return "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())


def _page_times(
    port: int, process: psutil.Process, cookie: str, pages: Mapping[str, str], *, rounds: int
) -> list[PageTime]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    times = []
    for path, address in pages.items():
        for language in LANGUAGES:
            # whoever is signed in is led on from the sign-in
            session = [] if path == SIGN_IN else [cookie]
            headers = {"Cookie": "; ".join([*session, f"{LANGUAGE_COOKIE}={language}"])}
            milliseconds, status, size, cpu = [], 0, 0, 0.0
            for number in range(rounds + WARM_UP):
                if number == WARM_UP:
                    cpu = cpu_seconds(process)
                started = time.perf_counter()
                connection.request("GET", address, headers=headers)
                answer = connection.getresponse()
                size, status = len(answer.read()), answer.status
                if number >= WARM_UP:
                    milliseconds.append((time.perf_counter() - started) * 1000)
            median, p95 = (float(np.percentile(milliseconds, share)) for share in (50, 95))
            times.append(
                PageTime(
                    page=path,
                    language=language,
                    status=status,
                    median_ms=round(median, 1),
                    p95_ms=round(p95, 1),
                    cpu_ms=round((cpu_seconds(process) - cpu) * 1000 / rounds, 1),
                    kilobytes=round(size / 1000, 1),
                )
            )
    connection.close()
    return times


def _show_times(times: Sequence[PageTime], members: int) -> None:
    show_table(
        f"HTML over {members:,} SYNTHETIC members, goal {GOAL_MS} ms, {machine()}",
        ["page", "language", "status", "median ms", "p95 ms", "server's CPU ms", "kB"],
        [
            [each.page, each.language, each.status, each.median_ms, each.p95_ms, each.cpu_ms, each.kilobytes]
            for each in times
        ],
    )


def _show_loaded(loaded: Sequence[LoadedPage]) -> None:
    show_table(
        "What a browser with an empty cache loads, goal 1,500 kB",
        ["page", "language", "requests", "kB", "largest", "hosts"],
        [
            [each.page, each.language, each.requests, each.kilobytes, each.largest, ", ".join(each.hosts)]
            for each in loaded
        ],
    )


if __name__ == "__main__":
    main()
