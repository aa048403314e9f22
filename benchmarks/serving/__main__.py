"""Load on `POST /v1/recommendations` for `home`, on both online stores, beside empty endpoints in the same run.

`python -m benchmarks.serving`, from the repository's root, on the active release of FACES_HOME.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

# before Feast, which would else switch the process's metrics to files
import prometheus_client  # noqa: F401

from benchmarks.processes import cpu_seconds, machine
from benchmarks.serving.breakdown import breakdown
from benchmarks.serving.endpoints import BENTOML, EMBEDDED, OUR_EMPTY, Endpoint, serving
from benchmarks.serving.http_load import as_fast_as_possible, at_rate
from features.contracts.atomic import write_json
from features.contracts.settings import load_settings
from serving.cli.screen import say, show_table
from training.release.member_list import member_ids
from training.release.shelf import release_folder, require_active_release

WARM_UP_SECONDS = 1.0


@dataclass
class Measured:
    """What was measured of an endpoint, over all rounds."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    at_half: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Requests a second at full load."""
        return len(self.latencies) / self.seconds


@dataclass(frozen=True, kw_only=True)
class Figures:
    """An endpoint's figures; milliseconds where it says so."""

    requests: int
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    half_rate: float
    half_p50_ms: float
    half_p99_ms: float
    half_ratio: float
    """p99 over p50 at half of the full rate."""


def main() -> None:
    """Prints the load's table, what our answer costs over the empty default BentoML, and where the time goes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="seconds of load in a round, for each endpoint")
    parser.add_argument("--rounds", type=int, default=3, help="rounds in which the endpoints take turns")
    parser.add_argument("--connections", type=int, default=8, help="keep-alive connections at full load")
    parser.add_argument("--members", type=int, default=1000, help="members asked for in turn")
    parser.add_argument("--no-redis", action="store_true", help="leave Redis out")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    asked = parser.parse_args()
    settings = load_settings()
    release_id = require_active_release(settings.paths)
    with serving(settings, release_id, members=asked.members, with_redis=not asked.no_redis) as endpoints:
        measured = _measure(endpoints, asked)
    figures = {name: _figures(each) for name, each in measured.items()}
    show_table(
        f"As fast as {asked.connections} connections go, release {release_id}; {machine()}",
        ["endpoint", "requests", "a second", "p50 ms", "p99 ms", "CPU ms"],
        [[name, *list(asdict(row).values())[:5]] for name, row in figures.items()],
    )
    show_table(
        "At half of that rate, requests coming at even distances",
        ["endpoint", "a second", "p50 ms", "p99 ms", "p99/p50"],
        [[name, *list(asdict(row).values())[5:]] for name, row in figures.items()],
    )
    ratio = figures[EMBEDDED].cpu_ms / figures[BENTOML].cpu_ms
    say(f"CPU of a recommendation over the empty default BentoML endpoint: {ratio:.2f} (goal: at most 1.3)")
    say(f"p99 over p50 at half of the full rate: {figures[EMBEDDED].half_ratio:.1f} (goal: at most 4)")
    members = next(member_ids(release_folder(settings.paths, release_id), at_once=asked.members))
    parts = breakdown(settings, release_id, members, requests=len(members))
    inside = sum(parts.values())
    parts["HTTP, route, key"] = figures[OUR_EMPTY].cpu_ms * 1e3
    parts["log, metrics and the rest"] = figures[EMBEDDED].cpu_ms * 1e3 - figures[OUR_EMPTY].cpu_ms * 1e3 - inside
    show_table(
        "Where the CPU time of one recommendation goes (embedded store)",
        ["part", "microseconds"],
        [[part, round(microseconds)] for part, microseconds in parts.items()],
    )
    if asked.json:
        rows = {name: asdict(row) for name, row in figures.items()}
        write_json(asked.json, {"machine": machine(), "release": release_id, "endpoints": rows, "parts_us": parts})


def _measure(endpoints: Sequence[Endpoint], asked: argparse.Namespace) -> dict[str, Measured]:
    """The endpoints in turn, round after round, so that a busy machine is busy for all of them."""
    measured = {endpoint.name: Measured() for endpoint in endpoints}
    for endpoint in endpoints:
        as_fast_as_possible(endpoint.target, connections=asked.connections, seconds=WARM_UP_SECONDS)
    for _ in range(asked.rounds):
        for endpoint in endpoints:
            own = measured[endpoint.name]
            before = cpu_seconds(endpoint.process)
            load = as_fast_as_possible(endpoint.target, connections=asked.connections, seconds=asked.seconds)
            own.cpu_seconds += cpu_seconds(endpoint.process) - before
            own.latencies += load.latencies
            own.seconds += load.seconds
    for _ in range(asked.rounds):
        for endpoint in endpoints:
            own = measured[endpoint.name]
            connections = 4 * asked.connections
            half = at_rate(
                endpoint.target, per_second=own.per_second / 2, connections=connections, seconds=asked.seconds
            )
            own.at_half += half.latencies
    return measured


def _figures(measured: Measured) -> Figures:
    p50, p99 = np.percentile(measured.latencies, [50, 99]) * 1e3
    half_p50, half_p99 = np.percentile(measured.at_half, [50, 99]) * 1e3
    return Figures(
        requests=len(measured.latencies),
        per_second=measured.per_second,
        p50_ms=float(p50),
        p99_ms=float(p99),
        cpu_ms=measured.cpu_seconds / len(measured.latencies) * 1e3,
        half_rate=measured.per_second / 2,
        half_p50_ms=float(half_p50),
        half_p99_ms=float(half_p99),
        half_ratio=float(half_p99 / half_p50),
    )


if __name__ == "__main__":
    main()
