"""The log of recommendations, written off the request path.

What a kill -9 loses is at most the queue's size, and it is counted: the count of answers survives in a file, and the
next start compares it with the rows that were stored.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from features.contracts.forgotten import Forgotten
from serving.recommendations.answered_counter import AnsweredCounter, ended_processes
from serving.records.audit import AuditEntry, add_audit
from serving.records.opening import Records
from serving.records.recommendations import (
    LoggedRecommendation,
    NumberedRecommendation,
    add_recommendations,
    count_recommendations,
)

BATCH = 200
RETRY_SECONDS = 1.0
STOP_SECONDS = 5.0

log = logging.getLogger(__name__)


class RecommendationLog:
    """A bounded queue and the thread that stores it.

    A row stays in the queue until it is stored, so no more than the queue's size is ever at risk.
    """

    def __init__(
        self,
        records: Records,
        *,
        folder: Path,
        queue_size: int,
        flush_seconds: float,
        on_unlogged: Callable[[int], None],
        forgotten: Callable[[], Forgotten] = Forgotten.nobody,
    ) -> None:
        self._records = records
        self._queue_size = queue_size
        self._flush_seconds = flush_seconds
        self._on_unlogged = on_unlogged
        self._forgotten = forgotten
        self._folder = folder
        self._waiting: deque[NumberedRecommendation] = deque()
        self._lock = threading.Lock()
        self._enough = threading.Event()
        self._stopping = threading.Event()
        self.process_id = uuid.uuid4().hex
        self._counter = AnsweredCounter(folder, self.process_id)
        self._thread = threading.Thread(target=self._write_until_stopped, name="recommendation-log", daemon=True)

    def start(self, *, at: datetime) -> None:
        """Counts what processes that ended before left unlogged, then starts storing."""
        lost = settle_ended_processes(self._records, self._folder, at=at)
        if lost:
            self._on_unlogged(lost)
        self._thread.start()

    def add(self, recommendation: LoggedRecommendation) -> bool:
        """Whether the recommendation will be stored; a full queue drops it and counts it."""
        with self._lock:
            sequence = self._counter.next()
            is_kept = len(self._waiting) < self._queue_size
            if is_kept:
                self._waiting.append(NumberedRecommendation(sequence=sequence, logged=recommendation))
            is_enough = len(self._waiting) >= BATCH
        if is_enough:
            self._enough.set()
        if not is_kept:
            self._on_unlogged(1)
        return is_kept

    def stop(self, *, at: datetime) -> None:
        """Stores what waits, then settles this process's own count."""
        self._stopping.set()
        self._enough.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)
        self._counter.close()
        settle_ended_processes(self._records, self._folder, at=at)

    def _write_until_stopped(self) -> None:
        while not self._stopping.is_set():
            self._enough.wait(self._flush_seconds)
            self._enough.clear()
            while self._waiting and self._store_batch():
                pass
        while self._waiting and self._store_batch():
            pass

    def _store_batch(self) -> bool:
        with self._lock:
            batch = list(islice(self._waiting, BATCH))
        try:
            with self._records.writing() as transaction:
                add_recommendations(transaction, self.process_id, self._without_forgotten(batch))
        except SQLAlchemyError as error:
            log.warning("recommendation_log: %s rows wait, the records cannot be written: %s", len(batch), error)
            self._stopping.wait(RETRY_SECONDS)
            return False
        with self._lock:
            for _ in batch:
                self._waiting.popleft()
        return True

    def _without_forgotten(self, batch: list[NumberedRecommendation]) -> list[NumberedRecommendation]:
        """The batch; of somebody who asked to be forgotten while the row waited it tells nothing."""
        forgotten = self._forgotten()
        if not forgotten:
            return batch
        return [
            replace(each, logged=replace(each.logged, member_id=None, items=()))
            if each.logged.member_id is not None and forgotten.is_member(each.logged.member_id)
            else each
            for each in batch
        ]


def settle_ended_processes(records: Records, folder: Path, *, at: datetime) -> int:
    """How many recommendations of ended processes were answered and never stored; each process is audited once."""
    lost = 0
    for ended in ended_processes(folder):
        with ended, records.writing() as transaction:
            logged = count_recommendations(transaction, ended.process_id)
            missing = max(ended.answered - logged, 0)
            if missing:
                details = {"process_id": ended.process_id, "answered": ended.answered, "logged": logged}
                entry = AuditEntry(
                    what="recommendations_unlogged", who="service", at=at, details={**details, "lost": missing}
                )
                add_audit(transaction, entry)
        lost += missing
    return lost
