"""Members a second of `faces recommend --all`, with LightGBM's Booster and with the compiled ranker.

`python -m benchmarks.batch`, from the repository's root, on the active release of FACES_HOME.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

# before Feast, which would else switch the process's metrics to files
import prometheus_client  # noqa: F401

from benchmarks.processes import machine
from features.contracts.atomic import write_json
from features.contracts.ids import ReleaseId
from features.contracts.settings import Settings, load_settings
from serving.cli.screen import say, show_table
from serving.recommendations.batch import BatchQuery, recommend_everybody
from training.release.shelf import require_active_release


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One run over every member."""

    members: int
    seconds: float
    """From the command's start to the finished file."""
    opening_seconds: float
    """Until the first members were written: every process has loaded the release by then."""
    per_second: float
    """Members a second after that."""
    cpu_ms: float
    """CPU of all processes a member, loading included."""
    peak_mb: float
    """Largest memory of one of the processes, up to this run."""


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="items for each member")
    parser.add_argument("--scenario", default="home")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2], help="processes, one run for each")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    asked = parser.parse_args()
    settings = load_settings()
    release_id = require_active_release(settings.paths)
    query = BatchQuery(scenario=asked.scenario, count=asked.count)
    figures = {
        processes: _run(settings.model_copy(update={"threads": processes}), release_id, query)
        # forked ones first: a process that has read a release already is not the one that the command forks
        for processes in sorted(asked.processes, reverse=True)
    }
    show_table(
        f"faces recommend --all --scenario {asked.scenario} --count {asked.count}, release {release_id}; {machine()}",
        ["processes", "members", "seconds", "opening", "a second", "CPU ms", "peak MB"],
        [[processes, *vars(row).values()] for processes, row in figures.items()],
    )
    say("goal: 2,000 members a second on 2 cores with a compiled ranker, 900 with Booster")
    if asked.json:
        write_json(asked.json, {"machine": machine(), "runs": {str(n): vars(row) for n, row in figures.items()}})


def _run(settings: Settings, release_id: ReleaseId, query: BatchQuery) -> Figures:
    moments: list[tuple[float, int]] = []
    cpu_before = _cpu_seconds()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        written = recommend_everybody(
            settings,
            release_id,
            query,
            Path(folder) / "out.parquet",
            progress=lambda done, _all, _what: moments.append((time.perf_counter() - started, done)),
        )
    seconds = time.perf_counter() - started
    (first, first_members), (last, _) = moments[0], moments[-1]
    return Figures(
        members=written.members,
        seconds=seconds,
        opening_seconds=first,
        per_second=(written.members - first_members) / (last - first) if last > first else float("nan"),
        cpu_ms=(_cpu_seconds() - cpu_before) / written.members * 1e3,
        peak_mb=max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        / 1e3,
    )


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main()
