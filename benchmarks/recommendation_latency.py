"""Time of POST /v1/recommendations at one keep-alive client, beside empty endpoints in the same run.

`python -m benchmarks.recommendation_latency`, from the repository's root, on the active release of FACES_HOME.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

import duckdb
import numpy as np
import psutil

from benchmarks.measured_server import EMPTY_ROUTE
from benchmarks.processes import cpu_seconds, free_port, machine, running
from features.contracts.atomic import write_json
from features.contracts.settings import Settings, load_settings
from features.tables.storage import current_tables
from serving.auth import Scope, create_key
from serving.cli.screen import say, show_table
from serving.guard import SUPERVISOR
from serving.records.opening import open_records
from training.release.shelf import require_active_release

BLOCK = 50
"""Requests to one endpoint before the next one's turn: machine noise hits them all, CPU time is still readable."""

RECOMMENDATION = "recommendation"
EMPTY = "empty route, same server"
EMPTY_BENTOML = "empty default BentoML"


@dataclass
class Endpoint:
    """One endpoint, its bodies in turn, and what its requests cost."""

    name: str
    route: str
    bodies: Iterator[bytes]
    headers: Mapping[str, str]
    connection: http.client.HTTPConnection
    process: psutil.Process
    seconds: list[float] = field(default_factory=list)
    cpu: float = 0.0
    not_personal: int = 0

    def block(self, *, counts: bool = True) -> None:
        """A block of requests, one after the other. Ends the benchmark on any status but 200."""
        cpu_before = cpu_seconds(self.process)
        taken = [self._request(next(self.bodies)) for _ in range(BLOCK)]
        if counts:
            self.cpu += cpu_seconds(self.process) - cpu_before
            self.seconds += taken

    def figures(self, *, base: Endpoint) -> dict[str, float]:
        """Milliseconds, and the median over that of `base`."""
        p50, p99 = np.percentile(self.seconds, [50, 99]) * 1e3
        return {
            "requests": len(self.seconds),
            "p50_ms": float(p50),
            "p99_ms": float(p99),
            "cpu_ms": self.cpu / len(self.seconds) * 1e3,
            "median_ratio": float(np.median(self.seconds) / np.median(base.seconds)),
        }

    def _request(self, body: bytes) -> float:
        started = time.perf_counter()
        self.connection.request("POST", self.route, body=body, headers=dict(self.headers))
        answer = self.connection.getresponse()
        text = answer.read()
        taken = time.perf_counter() - started
        if answer.status != 200:
            raise SystemExit(f"benchmark: {self.name} answered {answer.status} {text[:300]!r}")
        self.not_personal += json.loads(text).get("fallback") is not None
        return taken


def main() -> None:
    """Prints p50, p99, CPU and the ratio of medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000, help="most requests to each endpoint")
    parser.add_argument("--seconds", type=float, default=60.0, help="most time for all requests")
    parser.add_argument("--members", type=int, default=1000, help="members asked for in turn")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    asked = parser.parse_args()
    settings = load_settings()
    release_id = require_active_release(settings.paths)
    with tempfile.TemporaryDirectory() as folder:
        endpoints = _measure(settings, Path(folder), asked)
    base = next(each for each in endpoints if each.name == EMPTY)
    figures = {each.name: each.figures(base=base) for each in endpoints}
    show_table(
        f"One keep-alive client, release {release_id}; {machine()}",
        ["endpoint", "requests", "p50 ms", "p99 ms", "CPU ms", "ratio"],
        [[name, int(row["requests"]), *list(row.values())[1:]] for name, row in figures.items()],
    )
    say(f"{sum(each.not_personal for each in endpoints):,} answers were not personal (nothing was bought before)")
    if asked.json:
        write_json(asked.json, {"machine": machine(), "release": release_id, "endpoints": figures})


def _measure(settings: Settings, home: Path, asked: argparse.Namespace) -> list[Endpoint]:
    members = _members(settings, most=asked.members)
    key = _prepare_home(settings, home)
    environment = {
        **os.environ,
        "FACES_HOME": str(home),
        "FACES_SHOP": settings.shop,
        SUPERVISOR: str(os.getpid()),
        "BENTOML_HOME": str(home / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "True",
    }
    with contextlib.ExitStack() as stack:
        port, other_port = free_port(), free_port()
        environment |= {"FACES_SERVING__HOST": "127.0.0.1", "FACES_SERVING__PORT": str(port)}
        server = stack.enter_context(
            running([sys.executable, "-m", "benchmarks.measured_server"], port=port, environment=environment)
        )
        bento = [sys.executable, "-m", "bentoml", "serve", "benchmarks.empty_bentoml:Empty", "--port", str(other_port)]
        other = stack.enter_context(running(bento, port=other_port, environment=environment))
        # one connection to the server for both of its routes: the same client, the same worker
        connection = stack.enter_context(contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)))
        bento_connection = stack.enter_context(
            contextlib.closing(http.client.HTTPConnection("127.0.0.1", other_port, timeout=30))
        )
        bodies = [json.dumps({"member": {"member_id": member}, "scenario": "home"}).encode() for member in members]
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        empty = cycle([b"{}"])
        endpoints = [
            Endpoint(RECOMMENDATION, "/v1/recommendations", cycle(bodies), headers, connection, server),
            Endpoint(EMPTY, EMPTY_ROUTE, empty, headers, connection, server),
            Endpoint(EMPTY_BENTOML, "/empty", empty, headers, bento_connection, other),
        ]
        _alternate(endpoints, requests=asked.requests, seconds=asked.seconds)
    return endpoints


def _alternate(endpoints: list[Endpoint], *, requests: int, seconds: float) -> None:
    """Blocks in turn until either bound is reached; the first round warms up and is not counted."""
    deadline = time.monotonic() + seconds
    for done in range(-BLOCK, requests, BLOCK):
        for endpoint in endpoints:
            endpoint.block(counts=done >= 0)
        if done > 0 and time.monotonic() > deadline:
            say(f"stopped after {done + BLOCK} requests to each endpoint: {seconds:.0f} seconds are over")
            return


def _prepare_home(settings: Settings, home: Path) -> str:
    """A key of a home that shares the shop's releases and has records of its own: the shop's log stays as it is."""
    shop = load_settings(home=home).paths
    shop.root.mkdir(parents=True)
    for shared in (settings.paths.releases, settings.paths.online):
        (shop.root / shared.name).symlink_to(shared.absolute())
    records = open_records(load_settings(home=home))
    key = create_key(records, name="benchmark", scopes=[Scope.RECOMMEND], at=datetime.now(UTC)).text
    records.close()
    return key


def _members(settings: Settings, *, most: int) -> list[str]:
    file = current_tables(settings.paths).folder / "members.parquet"
    found = duckdb.execute("SELECT member_id FROM read_parquet($file) ORDER BY member_id", {"file": str(file)})
    members = [str(member) for (member,) in found.fetchall()]
    return random.Random(settings.seed).sample(members, min(most, len(members)))


if __name__ == "__main__":
    main()
