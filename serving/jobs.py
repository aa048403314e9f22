"""Durable jobs: audiences that were accepted are built even when a process is killed. The only file that imports DBOS.

A workflow's id is its audience's id, so the same audience is never built twice at once.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from dbos import DBOS, DBOSClient, DBOSConfig, Serializer
from sqlalchemy.exc import SQLAlchemyError

from features.contracts.ids import AudienceId
from features.contracts.settings import Settings
from serving.records.databases import postgresql_url
from serving.records.opening import unavailable

APPLICATION = "thousand_faces"
QUEUE = "audiences"
WORKFLOW = "build_audience"
# Fixed: a job that a killed worker began is taken up only by a worker of the same name and version.
EXECUTOR = "worker"
VERSION = "1"
POLL_SECONDS = 0.2
MOST_ATTEMPTS = 5
"""A job that takes the worker down with it is given up after this many tries."""

POOL = 8
"""Connections of the worker to the jobs' database."""

UNFINISHED = frozenset({"ENQUEUED", "PENDING", "DELAYED"})
FINISHED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
PRUNED = 500
"""Finished jobs removed in one step."""


class JsonSerializer(Serializer):
    """Writes what DBOS keeps as JSON; its own serializer pickles."""

    def name(self) -> str:
        """Stands beside each stored value."""
        return "faces_json"

    def serialize(self, data: Any) -> str:
        """`Any` because DBOS hands over whatever a workflow takes and returns."""
        if isinstance(data, BaseException):
            data = {"__error__": f"{type(data).__name__}: {data}"}
        return json.dumps(data, sort_keys=True)

    def deserialize(self, serialized_data: str) -> Any:
        """`Any` because DBOS expects what was handed over."""
        value = json.loads(serialized_data)
        if isinstance(value, dict) and set(value) == {"__error__"}:
            return RuntimeError(value["__error__"])
        if isinstance(value, dict) and set(value) == {"args", "kwargs"}:
            return {"args": tuple(value["args"]), "kwargs": value["kwargs"]}
        return value


def jobs_url(settings: Settings) -> str:
    """Where the jobs live, as an SQLAlchemy URL with its password: beside the records."""
    if settings.records.store == "postgresql":
        return postgresql_url(settings).render_as_string(hide_password=False)
    return f"sqlite:///{settings.paths.records / 'jobs.db'}"


def jobs_schema(settings: Settings) -> str:
    """Schema of the jobs' tables in a PostgreSQL database, one for each shop; SQLite has a file for each shop."""
    return f"jobs_{settings.shop}"


def prepare_jobs(settings: Settings) -> None:
    """Brings the jobs' tables to the newest schema; a client never does. Raises RecordsUnavailable."""
    settings.paths.records.mkdir(parents=True, exist_ok=True)
    logging.getLogger("dbos").addFilter(_is_no_noise)
    try:
        DBOS.migrate(jobs_url(settings), schema=jobs_schema(settings))
    except SQLAlchemyError as error:
        raise unavailable(settings, error) from error


class JobQueue:
    """The queue of audiences as the service and the worker's sweep see it."""

    def __init__(self, settings: Settings) -> None:
        prepare_jobs(settings)
        self._client = DBOSClient(
            system_database_url=jobs_url(settings),
            dbos_system_schema=jobs_schema(settings),
            serializer=JsonSerializer(),
            application_name=APPLICATION,
            # an error is better than a request that waits for ever: the worker's sweep mends it
            retry_connection_errors=False,
        )

    def enqueue(self, audience_id: AudienceId) -> None:
        """Asks for a build; the same id again changes nothing."""
        self._client.enqueue(
            {"workflow_name": WORKFLOW, "queue_name": QUEUE, "workflow_id": audience_id, "app_version": VERSION},
            audience_id,
        )

    def is_known(self, audience_id: AudienceId) -> bool:
        """Whether the audience was ever enqueued."""
        return bool(self._client.list_workflows(workflow_ids=[audience_id], load_input=False, load_output=False))

    def is_unfinished(self, audience_id: AudienceId) -> bool:
        """Whether the audience waits or is being built."""
        found = self._client.list_workflows(workflow_ids=[audience_id], load_input=False, load_output=False)
        return any(workflow.status in UNFINISHED for workflow in found)

    def forget_finished(self, *, before: datetime) -> int:
        """How many jobs that ended were removed for having been asked for before that moment."""
        removed = 0
        while True:
            found = self._client.list_workflows(
                status=list(FINISHED), end_time=before.isoformat(), limit=PRUNED, load_input=False, load_output=False
            )
            if not found:
                return removed
            self._client.delete_workflows([workflow.workflow_id for workflow in found])
            removed += len(found)

    def close(self) -> None:
        """Closes every connection."""
        self._client.destroy()


def work_until(stop: threading.Event, settings: Settings, run: Callable[[AudienceId], None]) -> None:
    """Runs the jobs that come until `stop` is set; first those that a killed worker left.

    One at a time: a job taken up again does not pass through the queue, so the queue's own limit is not enough.
    A job that runs when `stop` is set goes on in its thread; end the process, and the next worker takes it up again.
    """
    logging.getLogger("dbos").addFilter(_is_no_noise)
    turn = threading.Lock()

    def build_step(audience_id: str) -> None:
        with turn:
            run(AudienceId(audience_id))

    step = DBOS.step(name=f"{WORKFLOW}_step")(build_step)

    def build_workflow(audience_id: str) -> None:
        step(audience_id)

    DBOS(config=_config(settings))
    DBOS.workflow(name=WORKFLOW, max_recovery_attempts=MOST_ATTEMPTS)(build_workflow)
    DBOS.launch()
    try:
        DBOS.register_queue(QUEUE, worker_concurrency=1, polling_interval_sec=POLL_SECONDS, on_conflict="always_update")
        stop.wait()
    finally:
        DBOS.destroy(workflow_completion_timeout_sec=0)


def _config(settings: Settings) -> DBOSConfig:
    return {
        "name": APPLICATION,
        "system_database_url": jobs_url(settings),
        "dbos_system_schema": jobs_schema(settings),
        "sys_db_pool_size": POOL,
        "serializer": JsonSerializer(),
        "application_version": VERSION,
        "executor_id": EXECUTOR,
        "log_level": "WARNING",
        "enable_otlp": False,
    }


def _is_no_noise(record: logging.LogRecord) -> bool:
    # a job that ended badly is told by its own record and the worker's log, not by a second trace
    text = str(record.msg)
    if "psycopg.OperationalError" in text:
        # in an outage each of its threads says so several times a second; the worker's sweep says it once in a while
        return False
    return not text.startswith("Exception encountered in background workflow") and "no longer owned" not in text
