"""Time of the feature build from nothing, group by group, and of `faces release` with its online writing.

`python -m benchmarks.feature_build`, from the repository's root, on the tables and champions of FACES_HOME; everything
is written to a folder that goes afterwards.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.processes import machine
from features.contracts.atomic import write_json
from features.contracts.ids import ReleaseId
from features.contracts.settings import Settings, load_settings
from features.groups.catalogue import GROUPS
from features.store.history import History, open_history
from features.store.online import PackedMember, publish_members
from features.tables.storage import current_tables
from serving.cli.screen import say, show_table
from serving.cli.steps import build_to
from training.release.build import make_release, packed_for_release
from training.release.members import identities
from training.release.products import load_products
from training.tracking import Tracking, open_tracking

PREPARING = "tables prepared"
"""Purchases, visits and category orders from order lines; the first small snapshot is counted with them."""


@dataclass
class Stopwatch:
    """Wall and CPU seconds by name; CPU is that of every thread of this process."""

    wall: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    _wall: float = field(default_factory=time.perf_counter)
    _cpu: float = field(default_factory=time.process_time)

    def lap(self, name: str) -> None:
        """Counts the time since the lap before towards `name`."""
        wall, cpu = time.perf_counter(), time.process_time()
        self.wall[name] = self.wall.get(name, 0.0) + wall - self._wall
        self.cpu[name] = self.cpu.get(name, 0.0) + cpu - self._cpu
        self._wall, self._cpu = wall, cpu

    def rows(self) -> list[list[object]]:
        """Name, wall and CPU seconds, and their sums last."""
        found: list[list[object]] = [[name, round(self.wall[name], 2), round(self.cpu[name], 2)] for name in self.wall]
        return [*found, ["all", round(sum(self.wall.values()), 2), round(sum(self.cpu.values()), 2)]]


def main() -> None:
    """Prints one table for the build and one for the release."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--no-release", action="store_true", help="the feature build alone")
    asked = parser.parse_args()
    # Ibis calls a function that DuckDB has renamed
    warnings.filterwarnings("ignore", message="fetch_arrow_table", category=DeprecationWarning)
    settings = load_settings()
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        scratch = _scratch(settings, Path(folder))
        figures["features"] = _show("feature build from nothing", _build(scratch))
        if not asked.no_release:
            watch, folder_of_release = _release(scratch)
            figures["release"] = _show("faces release", watch)
            figures["online"] = _show("writing members online, by itself", _online(scratch, folder_of_release))
    if asked.json:
        write_json(asked.json, figures)


def _scratch(settings: Settings, folder: Path) -> Settings:
    """Settings of a home with the shop's tables and models and nothing else."""
    scratch = load_settings(home=folder)
    scratch.paths.root.mkdir(parents=True)
    scratch.paths.tables.symlink_to(settings.paths.tables.absolute())
    if settings.paths.mlflow.is_dir():
        shutil.copytree(settings.paths.mlflow, scratch.paths.mlflow)
    return scratch


def _build(settings: Settings) -> Stopwatch:
    watch = Stopwatch()

    def report(done: int, _all: int, group: str) -> None:
        watch.lap(PREPARING if done == 1 else group)

    build = build_to(settings, None, report)
    watch.lap("pointer")
    tables = current_tables(settings.paths)
    say(f"{tables.counts['order_lines']:,} order lines, {len(GROUPS)} groups, {len(build.moments)} moments")
    return watch


def _release(settings: Settings) -> tuple[Stopwatch, Path]:
    watch = Stopwatch()
    # a step is told when it begins, the members after each chunk
    names = {
        "product matrix": "models copied",
        "products bought together": "product matrix",
        "what newcomers buy": "products bought together",
        "members online": "what newcomers buy, members packed and written",
    }
    history, tracking = _opened(settings)
    watch.lap("features and models opened")
    made = make_release(
        settings,
        history,
        tracking,
        as_of=history.build.as_of,
        progress=lambda _done, _all, step: watch.lap(names[step]),
    )
    watch.lap("ids written, checked and put into service")
    return watch, made.folder


def _online(settings: Settings, folder: Path) -> Stopwatch:
    history, _ = _opened(settings)
    watch = Stopwatch()
    as_of = history.build.as_of
    tables = current_tables(settings.paths).folder
    packed = packed_for_release(
        folder, settings, history, load_products(folder), tables, as_of=as_of, progress=lambda *_: None
    )
    watch.lap("models and purchases read")
    ids = identities(tables)
    online = publish_members(settings, ReleaseId("benchmark"), _lapped(packed, watch), ids, as_of=as_of)
    watch.lap("written")
    say(f"{online.members:,} members, {len(ids):,} other ids")
    return watch


def _lapped(chunks: Iterator[Sequence[PackedMember]], watch: Stopwatch) -> Iterator[Sequence[PackedMember]]:
    watch.lap("written")
    for chunk in chunks:
        watch.lap("packed")
        yield chunk
        watch.lap("written")


def _opened(settings: Settings) -> tuple[History, Tracking]:
    build = build_to(settings, None, lambda _done, _all, _what: None)
    return open_history(settings, build), open_tracking(settings)


def _show(title: str, watch: Stopwatch) -> dict[str, object]:
    beside = machine()
    show_table(f"{title}; {beside}", ["what", "seconds", "CPU seconds"], watch.rows())
    return {"machine": beside, "seconds": watch.wall, "cpu_seconds": watch.cpu}


if __name__ == "__main__":
    main()
