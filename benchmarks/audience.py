"""Seconds and memory of an audience over generated members, for targets never asked before and for stored ones.

`python -m benchmarks.audience`, from the repository's root, after the active release of FACES_HOME. The members are
synthetic (`faces generate`); the homes stay in `--folder`, to be used again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# before Feast, which would else switch the process's metrics to files
import prometheus_client  # noqa: F401

from benchmarks.processes import machine
from features.contracts.atomic import write_json
from features.contracts.settings import load_settings
from serving.cli.screen import say, show_table

TARGETS: dict[str, dict[str, Any]] = {
    "a category": {"category": "SOFT DRINKS"},
    "a brand in a category": {"category": "YOGURT", "brand": "Maker 69"},
    "a filter": {"filter": 'department == "PRODUCE" and price < 3'},
    "a launch": {"launch": {"category": "YOGURT", "price": 1.5}},
}
"""Targets that differ in how much has to be read; `Any` because requests are JSON."""
SHARE = 0.05
"""Of the members that an audience takes."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One audience."""

    members: int
    target: str
    size: int
    new_seconds: float
    """Never asked before, in a process that has built another audience."""
    again_seconds: float
    """The same target at another size, in the same process: the whole answer."""
    again_dry_seconds: float
    """The same without members: what a page asks for when a slider comes to rest."""
    stored_seconds: float
    """Scored before by `faces score`: the whole answer."""
    counts_seconds: float
    """Scored before: the funnel, the expected numbers and the curve alone (a dry run)."""
    peak_mb: float
    """Memory of the process at its highest, up to this audience."""


def main() -> None:
    """Prints one table, and how the time grows with the members."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--folder", type=Path, default=Path("/tmp/thousand-faces-generated"))
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--build", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.build is not None:
        json.dump([asdict(run) for run in _runs(asked.build)], sys.stdout)
        return
    runs = [run for members in asked.members for run in _in_a_process(_home(asked.folder, members), members)]
    show_table(
        f"SYNTHETIC members, the likeliest {SHARE:.0%}, {machine()}",
        [
            "members",
            "target",
            "audience",
            "new: seconds",
            "again: seconds",
            "again, dry run: seconds",
            "stored: seconds",
            "stored, dry run: seconds",
            "peak MB",
        ],
        [
            [
                r.members,
                r.target,
                r.size,
                r.new_seconds,
                r.again_seconds,
                r.again_dry_seconds,
                r.stored_seconds,
                r.counts_seconds,
                round(r.peak_mb),
            ]
            for r in runs
        ],
    )
    least, most = min(asked.members), max(asked.members)
    if least < most:
        ratio = _median(runs, most) / _median(runs, least)
        say(f"{most:,} members take {ratio:.1f} times as long as {least:,} (medians over the new targets)")
    if asked.json:
        write_json(asked.json, [asdict(run) for run in runs])


def _median(runs: Sequence[Run], members: int) -> float:
    return statistics.median(run.new_seconds for run in runs if run.members == members)


def _home(folder: Path, members: int) -> Path:
    home = folder / str(members)
    if not home.exists():
        say(f"generating {members:,} members")
        command = [sys.executable, "-m", "serving.cli.main", "generate", "--members", str(members), "--to", str(home)]
        subprocess.run(command, check=True)
    return home


def _in_a_process(home: Path, members: int) -> list[Run]:
    command = [sys.executable, "-m", "benchmarks.audience", "--build", str(members)]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, env={**os.environ, "FACES_HOME": str(home)})
    return [Run(**run) for run in json.loads(ended.stdout)]


def _quiet(_done: int, _all: int, _what: str) -> None:
    """No progress."""


def _runs(members: int) -> list[Run]:
    from features.snapshots import current_build
    from serving.audiences.build import build_audience
    from serving.audiences.kept import Kept
    from serving.audiences.rule import AudienceRule
    from serving.cli.score import score
    from training.propensity.stored_scores import SCORES_FOLDER

    settings = load_settings()
    # what an earlier run has scored is new again
    shutil.rmtree(current_build(settings.paths).folder / SCORES_FOLDER, ignore_errors=True)

    def seconds(
        target: dict[str, Any], *, kept: Kept | None = None, share: float = SHARE, is_dry_run: bool = False
    ) -> tuple[float, int]:
        rule = AudienceRule.from_json({"target": target, "size": round(share * members)})
        started = time.perf_counter()
        built = build_audience(settings, rule, is_dry_run=is_dry_run, kept=kept, progress=_quiet)
        return time.perf_counter() - started, len(built.members)

    # what a worker has done long before: libraries imported, the release read once
    seconds({"category": "BAKED BREAD/BUNS/ROLLS"})
    runs = []
    for name, target in TARGETS.items():
        kept = Kept()
        new, size = seconds(target, kept=kept)
        again, _ = seconds(target, kept=kept, share=SHARE * 1.5)
        again_dry, _ = seconds(target, kept=kept, share=SHARE * 1.2, is_dry_run=True)
        with contextlib.redirect_stdout(sys.stderr):
            score(targets=[json.dumps(target)], horizon=None, as_of=None, json=None)
        stored, _ = seconds(target)
        counts, _ = seconds(target, is_dry_run=True)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        runs.append(
            Run(
                members=members,
                target=name,
                size=size,
                new_seconds=new,
                again_seconds=again,
                again_dry_seconds=again_dry,
                stored_seconds=stored,
                counts_seconds=counts,
                peak_mb=peak,
            )
        )
    return runs


if __name__ == "__main__":
    main()
