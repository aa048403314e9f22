"""Time of a single view and of a worklist at the server, beside its own empty route; and what a profile takes online.

FACES_HOME=var .venv/bin/python -m benchmarks.single_view
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import numpy as np

from benchmarks.measured_server import EMPTY_ROUTE
from benchmarks.processes import free_port, running
from features.contracts.settings import Settings, load_settings
from serving.auth import Scope, create_key
from serving.guard import SUPERVISOR
from serving.records.events import NewEvent, add_events
from serving.records.opening import open_records
from serving.supervisor import CHILD
from training.release.loaded import LoadedRelease, load_release
from training.release.shelf import require_active_release

EVENTS_PER_MEMBER = 30
WARM_UP = 50


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A route, and how long its answers took."""

    name: str
    method: str
    paths: Sequence[str]
    milliseconds: list[float]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000, help="requests to each route, taking turns")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    settings = load_settings()
    release = load_release(settings, require_active_release(settings.paths))
    members, stores = _sample(settings, release)
    asked = [
        Asked(name="empty route", method="POST", paths=[EMPTY_ROUTE], milliseconds=[]),
        Asked(
            name="single view",
            method="GET",
            paths=[f"/v1/members/{quote(m, safe='')}" for m in members],
            milliseconds=[],
        ),
        Asked(
            name="worklist", method="GET", paths=[f"/v1/stores/{quote(s)}/worklist" for s in stores], milliseconds=[]
        ),
    ]
    with tempfile.TemporaryDirectory() as home, _server(settings, Path(home), members) as (port, key):
        _ask(port, key, asked, rounds=options.rounds)
    figures = _figures(asked, release)
    print(json.dumps(figures, indent=2))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _sample(settings: Settings, release: LoadedRelease) -> tuple[list[str], list[str]]:
    if release.stores is None:
        raise SystemExit("this release knows no stores; make one with `faces release`")
    largest = sorted(release.stores.by_id.values(), key=lambda store: -store.members)[:20]
    members = [
        member for store in largest for member in release.stores.members(store.store_id)["member_id"].to_pylist()
    ]
    random.Random(settings.seed).shuffle(members)
    return members[:500], [store.store_id for store in largest]


@contextlib.contextmanager
def _server(settings: Settings, home: Path, members: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The real server, on the shop's releases and on records of its own that hold events of the members."""
    own = load_settings(home=home)
    own.paths.root.mkdir(parents=True)
    for shared in (settings.paths.releases, settings.paths.online, settings.paths.secrets):
        (own.paths.root / shared.name).symlink_to(shared.absolute())
    records = open_records(own)
    try:
        key = create_key(records, name="benchmark", scopes=[Scope.MEMBERS], at=datetime.now(UTC)).text
        with records.writing() as transaction:
            add_events(
                transaction, [_event(member, number) for member in members for number in range(EVENTS_PER_MEMBER)]
            )
    finally:
        records.close()
    port = free_port()
    environment = {
        **os.environ,
        "FACES_HOME": str(home),
        "FACES_SERVING__HOST": "127.0.0.1",
        "FACES_SERVING__PORT": str(port),
        SUPERVISOR: str(os.getpid()),
        "BENTOML_DO_NOT_TRACK": "True",
    }
    with running([*CHILD, "benchmarks.measured_server"], port=port, environment=environment):
        yield port, key


def _event(member: str, number: int) -> NewEvent:
    at = datetime(2017, 12, 31, tzinfo=UTC) + timedelta(seconds=number)
    return NewEvent(
        message_id=f"{member} {number}",
        type="Product Viewed",
        occurred_at=at,
        received_at=at,
        source="app",
        source_id=member,
        member_key=member,
        product_id=str(number),
    )


def _ask(port: int, key: str, asked: Sequence[Asked], *, rounds: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    for number in range(rounds + WARM_UP):
        for each in asked:
            started = time.perf_counter()
            body = "{}" if each.method == "POST" else None
            connection.request(each.method, each.paths[number % len(each.paths)], body=body, headers=headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise SystemExit(f"{each.name}: {answer.status} {text[:300]!r}")
            if number >= WARM_UP:
                each.milliseconds.append((time.perf_counter() - started) * 1000)
    connection.close()


def _figures(asked: Sequence[Asked], release: LoadedRelease) -> dict[str, object]:
    empty = float(np.median(asked[0].milliseconds))
    figures: dict[str, object] = {
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 2),
        "members": release.manifest.members,
        "profiles": release.manifest.profiles,
        "bytes_per_profile": release.manifest.bytes_per_profile,
    }
    for each in asked:
        median, p99 = (float(np.percentile(each.milliseconds, share)) for share in (50, 99))
        figures[each.name] = {
            "median_ms": round(median, 2),
            "p99_ms": round(p99, 2),
            "median_over_empty": round(median / empty, 2),
            "requests": len(each.milliseconds),
        }
    return figures


if __name__ == "__main__":
    main()
