"""The worker's process: `python -m serving.worker` builds the audiences that the service accepted."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from datetime import timedelta

from filelock import FileLock, Timeout
from sqlalchemy.exc import OperationalError

from features.contracts.errors import FacesError, RecordsUnavailable
from features.contracts.ids import AudienceId
from features.contracts.settings import Settings, load_settings
from serving.audiences.build import build_audience
from serving.audiences.forgotten import without_forgotten
from serving.audiences.job import run_audience_job
from serving.audiences.kept import Kept
from serving.audiences.prune import prune
from serving.audiences.rule import AudienceRule
from serving.audiences.sweep import sweep_audiences
from serving.guard import log_to_stderr, refuse
from serving.jobs import JobQueue, work_until
from serving.live_clock import wall_clock
from serving.ports import BuildAudience, BuiltAudience, Progress
from serving.records.audience_world import AudienceWorld
from serving.records.opening import Records, open_records

SWEEP_SECONDS = 5.0
PRUNE_EVERY = timedelta(hours=1)
LOCK_SECONDS = 0.5
MOST_OUTAGES = 5
"""An audience is given up after so many outages of the records during its build."""

log = logging.getLogger(__name__)


def main() -> None:
    """Works until SIGTERM or SIGINT; a build that runs then is taken up by the next worker."""
    log_to_stderr()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        settings = load_settings()
        work(settings, stop=stop)
    except FacesError as error:
        refuse(error)
    logging.shutdown()
    # not waiting for a build in its thread: it is safe to cut off and would hold up the stop
    os._exit(0)


def work(settings: Settings, *, stop: threading.Event) -> None:
    """Builds audiences until `stop` is set; waits while another process is this shop's worker."""
    settings.paths.locks.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.paths.locks / "worker.lock")
    if not _acquire(lock, stop):
        return
    records = open_records(settings)
    queue = JobQueue(settings)
    build = builder(settings, records)
    sweeper = threading.Thread(target=_sweep, args=(stop, settings, records, queue), name="audience-sweep", daemon=True)
    sweeper.start()
    try:
        work_until(stop, settings, lambda audience_id: _build(records, build, audience_id))
    finally:
        sweeper.join(SWEEP_SECONDS)
        lock.release()


def builder(settings: Settings, records: Records) -> BuildAudience:
    """The build with the shop's settings and records."""
    world = AudienceWorld(records=records, settings=settings)
    kept = Kept()

    def build(rule: AudienceRule, *, is_dry_run: bool, progress: Progress) -> BuiltAudience:
        built = build_audience(settings, rule, world=world, is_dry_run=is_dry_run, kept=kept, progress=progress)
        return without_forgotten(built, world)

    return build


def _build(records: Records, build: BuildAudience, audience_id: AudienceId) -> None:
    """Builds an audience, from the start again after an outage of the records; a stop of the worker ends the wait."""
    for _ in range(MOST_OUTAGES):
        try:
            run_audience_job(records, build, audience_id, now=wall_clock)
        except OperationalError:
            log.warning("audience_waits audience=%s: the records cannot be reached", audience_id)
        else:
            return
        while not records.can_be_read():
            time.sleep(LOCK_SECONDS)
    raise RecordsUnavailable(f"audience {audience_id}: the records went away {MOST_OUTAGES} times while it was built")


def _acquire(lock: FileLock, stop: threading.Event) -> bool:
    while not stop.is_set():
        try:
            lock.acquire(timeout=0)
        except Timeout:
            stop.wait(LOCK_SECONDS)
        else:
            return True
    return False


def _sweep(stop: threading.Event, settings: Settings, records: Records, queue: JobQueue) -> None:
    prune_at = wall_clock()
    while not stop.is_set():
        try:
            at = wall_clock()
            sweep_audiences(records, queue, at=at)
            if at >= prune_at:
                prune(records, queue, settings, at=at)
                prune_at = at + PRUNE_EVERY
        except OperationalError as error:
            log.warning("audience_sweep waits, the records cannot be reached: %s", error.orig)
        except Exception:
            log.exception("audience_sweep failed; it will be tried again")
        stop.wait(SWEEP_SECONDS)


if __name__ == "__main__":
    main()
