"""Ranker rows of several cut-offs, made by as many processes as there are threads to use.

A stage is Python most of the time: threads would wait for one another.
"""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from features.contracts.settings import Settings
from features.snapshots import FeatureBuild
from features.store.history import History, open_history
from training.cutoffs import Cutoff
from training.ranker.rows import RankerRows, rows_of_stage, sampled
from training.ranker.stage import stage_at

CUTOFFS_PER_PROCESS = 3
"""Fewer are not worth the seconds that a process needs to import and open everything."""


@dataclass(frozen=True, kw_only=True)
class Draw:
    """Which rows of a cut-off are kept."""

    cutoff: Cutoff
    negative_share: float | None
    """Share of what was not bought; None keeps every row."""
    seed: int


Making = Callable[[Draw], RankerRows | None]


def drawn_rows(
    settings: Settings, history: History, draws: Sequence[Draw], *, tables_folder: Path
) -> Generator[RankerRows | None]:
    """The rows of each draw, in its turn; None where nobody bought anything of the catalogue in the week after.

    The same rows whatever the number of processes. Memory is that of one stage for each process, and of the rows.
    """
    processes = min(settings.threads, len(draws) // CUTOFFS_PER_PROCESS)
    if processes < 2:
        yield from (rows_at(settings, history, draw, tables_folder=tables_folder) for draw in draws)
        return
    with _pool(settings, history.build, tables_folder, processes=processes) as pool:
        waiting: list[Future[RankerRows | None]] = [pool.submit(_work, draw) for draw in draws]
        while waiting:
            # taken from the list, so that rows are not held here and there
            yield waiting.pop(0).result()


def rows_at(settings: Settings, history: History, draw: Draw, *, tables_folder: Path) -> RankerRows | None:
    """The rows of one draw."""
    stage = stage_at(settings, history, draw.cutoff, tables_folder=tables_folder)
    if not len(stage.holdout.member_ids):
        return None
    rows = rows_of_stage(stage)
    return rows if draw.negative_share is None else sampled(rows, negative_share=draw.negative_share, seed=draw.seed)


@contextlib.contextmanager
def _pool(
    settings: Settings, build: FeatureBuild, tables_folder: Path, *, processes: int
) -> Iterator[ProcessPoolExecutor]:
    # Spawned: the libraries of this process have threads by now, whose locks a fork would inherit.
    pool = ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start,
        initargs=(settings.model_copy(update={"threads": 1}), build, tables_folder),
    )
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


class _Process:
    """A process of the pool: how it makes rows, opened with its first task.

    Not when the process starts: an error of a task reaches the command in words, one of a start does not.
    """

    handed: tuple[Settings, FeatureBuild, Path]
    making: Making | None = None


def _start(settings: Settings, build: FeatureBuild, tables_folder: Path) -> None:
    _Process.handed = (settings, build, tables_folder)


def _work(draw: Draw) -> RankerRows | None:
    if _Process.making is None:
        settings, build, tables_folder = _Process.handed
        history = open_history(settings, build)

        def making(draw: Draw) -> RankerRows | None:
            return rows_at(settings, history, draw, tables_folder=tables_folder)

        _Process.making = making
    return _Process.making(draw)
