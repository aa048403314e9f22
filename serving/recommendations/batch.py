"""Recommendations for every member of a release, from the stored candidate lists, into one Parquet file."""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from features.contracts.atomic import new_file
from features.contracts.forgotten import Forgotten
from features.contracts.ids import MemberId, ReleaseId
from features.contracts.settings import Settings
from serving.answers import MemberRef, RecommendationQuery
from serving.recommendations.engine import ReleaseEngine, load_engine
from training.release.member_list import count_members, member_ids
from training.release.shelf import release_folder

MEMBERS_AT_ONCE = 250
"""Members of one task and rows of one read: what a process holds does not depend on the size of the shop."""

TASKS_AHEAD = 2
"""Tasks that wait for each process, so that none stands idle while a row group is written."""

START = "fork" if sys.platform == "linux" else "spawn"
"""A fork saves each process the seconds of importing Feast. It comes before this process has read anything: a library
that had started threads would leave its locks to a child as they were. Elsewhere than on Linux, system libraries
themselves do not bear it."""

COLUMNS = pa.schema(
    [
        pa.field("member_id", pa.string(), nullable=False),
        pa.field("rank", pa.int32(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("type", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("reason_code", pa.string()),
    ]
)
"""One row per member and rank, the best first from rank 1; `reason_code` is that of the first reason."""


@dataclass(frozen=True, kw_only=True)
class BatchQuery:
    """What every member is asked for."""

    scenario: str
    count: int
    locale: Literal["en", "zh"] = "en"


@dataclass(frozen=True, kw_only=True)
class WrittenBatch:
    """What was written."""

    members: int
    rows: int


def recommend_everybody(
    settings: Settings,
    release_id: ReleaseId,
    query: BatchQuery,
    out: Path,
    *,
    forgotten: Forgotten | None = None,
    progress: Callable[[int, int, str], None] = lambda _done, _all, _what: None,
) -> WrittenBatch:
    """What was written to `out`: each member's items in the order in which the service answers them.

    The file appears whole or not at all. `settings.threads` processes share the members; a row group holds those of one
    task. Raises StoreUnavailable, ReleaseDamaged, SettingsError, BadRequest.
    """
    folder = release_folder(settings.paths, release_id)
    rows = done = 0
    # The processes first: nothing has been read here when they start.
    with (
        _answering(settings, release_id, query) as answered,
        new_file(out) as partial,
        pq.ParquetWriter(partial, COLUMNS) as writer,
    ):
        everybody = count_members(folder)
        for batch in answered(_known(member_ids(folder, at_once=MEMBERS_AT_ONCE), forgotten or Forgotten.nobody())):
            writer.write_batch(batch.items)
            rows += batch.items.num_rows
            done += batch.members
            progress(done, everybody, "members")
    return WrittenBatch(members=done, rows=rows)


def _known(chunks: Iterable[list[MemberId]], forgotten: Forgotten) -> Iterator[list[MemberId]]:
    """The chunks without who asked to be forgotten."""
    for chunk in chunks:
        yield [member_id for member_id in chunk if not forgotten.is_member(member_id)] if forgotten else chunk


@dataclass(frozen=True, kw_only=True)
class _Answered:
    members: int
    items: pa.RecordBatch


_Answering = Callable[[Iterable[list[MemberId]]], Iterator[_Answered]]
"""Answers chunks of members in turn, whichever process was first."""


@contextlib.contextmanager
def _answering(settings: Settings, release_id: ReleaseId, query: BatchQuery) -> Iterator[_Answering]:
    if settings.threads == 1:
        engine = load_engine(settings, release_id)
        yield lambda chunks: (_answer(engine, query, chunk, as_of=engine.as_of) for chunk in chunks)
        return
    pool = ProcessPoolExecutor(
        settings.threads,
        mp_context=multiprocessing.get_context(START),
        initializer=_start,
        initargs=(settings, release_id, query),
    )
    try:
        pool.submit(_launch).result()
        yield lambda chunks: _in_turn(pool, chunks, ahead=TASKS_AHEAD * settings.threads)
    finally:
        pool.shutdown(cancel_futures=True)


def _in_turn(pool: ProcessPoolExecutor, chunks: Iterable[list[MemberId]], *, ahead: int) -> Iterator[_Answered]:
    waiting: deque[Future[_Answered]] = deque()
    for chunk in chunks:
        waiting.append(pool.submit(_work, chunk))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _answer(engine: ReleaseEngine, query: BatchQuery, chunk: list[MemberId], *, as_of: datetime) -> _Answered:
    columns: list[list[object]] = [[] for _ in COLUMNS]
    for member_id, packed in zip(chunk, engine.online.members(chunk), strict=True):
        asked = RecommendationQuery(
            member=MemberRef(member_id=member_id), scenario=query.scenario, count=query.count, locale=query.locale
        )
        answer = engine.recommend_packed(packed, asked, as_of=as_of)
        for rank, item in enumerate(answer.items, start=1):
            code = item.reasons[0].code if item.reasons else None
            row = (member_id, rank, item.id, item.type, item.score, item.source, code)
            for column, value in zip(columns, row, strict=True):
                column.append(value)
    return _Answered(members=len(chunk), items=pa.record_batch(columns, schema=COLUMNS))


def _launch() -> None:
    """Nothing: with the first task the pool starts every process."""


class _Process:
    """A process of the pool: what it was handed, and its engine, opened with the first task.

    Not when the process starts: an error of a task reaches the command in words, one of a start does not.
    """

    handed: tuple[Settings, ReleaseId, BatchQuery]
    engine: ReleaseEngine | None = None


def _start(settings: Settings, release_id: ReleaseId, query: BatchQuery) -> None:
    _Process.handed = (settings, release_id, query)


def _work(chunk: list[MemberId]) -> _Answered:
    settings, release_id, query = _Process.handed
    if _Process.engine is None:
        _Process.engine = load_engine(settings, release_id)
    return _answer(_Process.engine, query, chunk, as_of=_Process.engine.as_of)
