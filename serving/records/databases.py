"""The two databases that records can live in: a SQLite file below home, or a PostgreSQL server."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from features.contracts.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
    from sqlalchemy.pool import ConnectionPoolEntry

BUSY_SECONDS = 30
"""How long a writer waits for another one."""

RETRY_SECONDS = 0.5
"""A server that did not take a connection is asked again after this time; whoever comes before fails at once."""

IDLE_SECONDS = 60
"""A transaction that nobody goes on with is ended by the server, so that it holds nothing back."""

WRITES = "faces_writes"
"""Execution option that marks a connection whose transactions write."""

DURABLE = "faces_durable"
"""Execution option beside it: what was committed survives a power cut too, at the price of waiting for the disk."""


def sqlite_engine(file: Path) -> Engine:
    """Connections to a SQLite file."""
    engine = create_engine(f"sqlite:///{file}", hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def postgresql_engine(settings: Settings, *, is_pooled: bool = True) -> Engine:
    """Connections to the settings' PostgreSQL database; each is asked whether it still lives before it is used.

    Without a pool every use opens and closes a connection of its own.
    """
    pooled: dict[str, Any] = {  # `Any` because the arguments of an engine have many types
        "pool_pre_ping": True,
        "pool_size": min(settings.records.connections, 5),
        "max_overflow": settings.records.connections - min(settings.records.connections, 5),
        "pool_timeout": settings.records.timeout_seconds,
    }
    engine = create_engine(
        postgresql_url(settings),
        # an error shows what failed, never the values: they may tell of persons
        hide_parameters=True,
        **(pooled if is_pooled else {"poolclass": NullPool}),
    )
    event.listen(engine, "do_connect", _Gate(settings.records.timeout_seconds).connect)
    return engine


def postgresql_url(settings: Settings) -> URL:
    """Where the PostgreSQL database is and how it is spoken to; the URL hides its password when it is printed."""
    place, _, name = settings.records.database.partition("/")
    host, _, port = place.rpartition(":")
    password = settings.secrets.records_password.get_secret_value()
    return URL.create(
        "postgresql+psycopg",
        username=settings.records.user,
        password=password or None,
        host=host.strip("[]"),
        port=int(port),
        database=name,
        query=_asked_of_libpq(settings),
    )


def _asked_of_libpq(settings: Settings) -> dict[str, str]:
    seconds = str(settings.records.timeout_seconds)
    asked = {"lock_timeout": BUSY_SECONDS * 1000, "idle_in_transaction_session_timeout": IDLE_SECONDS * 1000}
    return {
        "application_name": f"thousand_faces_{settings.shop}",
        "connect_timeout": seconds,
        # a server that vanished without a word is given up after as long, not after TCP's quarter of an hour
        "tcp_user_timeout": f"{seconds}000",
        "keepalives_idle": seconds,
        "keepalives_interval": seconds,
        "keepalives_count": "2",
        "sslmode": "verify-full" if settings.records.tls else "prefer",
        "client_encoding": "utf8",
        "options": " ".join(f"-c {name}={value}" for name, value in asked.items()),
    }


class _Gate:
    """Lets one connection attempt through at a time while the server is away; the others fail at once.

    Else every request of an outage would wait for its own attempt, and the service's threads with them.
    """

    def __init__(self, timeout_seconds: int) -> None:
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._closed_until = 0.0

    def connect(self, dialect: Dialect, _entry: ConnectionPoolEntry, args: list[Any], named: dict[str, Any]) -> Any:
        """A connection of the driver; `Any` because it is the driver's."""
        driver: Any = dialect.loaded_dbapi
        now = time.monotonic()
        with self._lock:
            if now < self._closed_until:
                raise driver.OperationalError("the PostgreSQL server could not be reached a moment ago")
            if self._closed_until:
                self._closed_until = now + self._timeout_seconds + RETRY_SECONDS
        try:
            connection = dialect.connect(*args, **named)
        except driver.Error:
            self._closed_until = time.monotonic() + RETRY_SECONDS
            raise
        self._closed_until = 0.0
        return connection


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite, not by the driver
    cursor = connection.cursor()
    # NORMAL: a kill loses nothing; only a power cut may lose the last commits, never consistency
    pragmas = (
        f"busy_timeout = {BUSY_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
    )
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE: a transaction that reads first and writes later would else fail at once instead of waiting
    options = connection.get_execution_options()
    if options.get(WRITES):
        # before the transaction: SQLite takes it no later, and connections go from one kind of writer to the other
        connection.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if options.get(DURABLE) else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(WRITES) else "BEGIN")
