"""Opening the records: migrated to the newest schema, then read and written in transactions of one shop."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.orm import Session

from features.contracts.errors import Busy
from features.contracts.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 30
WRITES = "faces_writes"
"""Execution option that marks a connection whose transactions write."""


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """A session of one shop; what is asked through it happens together or not at all."""

    session: Session
    shop: str


@dataclass(frozen=True, kw_only=True)
class Records:
    """The operational records of one shop."""

    shop: str
    engine: Engine

    @contextlib.contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A transaction that only reads; it sees one moment and waits for nobody."""
        with Session(self.engine) as session:
            yield Transaction(session=session, shop=self.shop)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Transaction]:
        """A transaction that is committed when the block ends without an error."""
        with (
            Session(self.engine.execution_options(**{WRITES: True}), expire_on_commit=False) as session,
            session.begin(),
        ):
            yield Transaction(session=session, shop=self.shop)

    def close(self) -> None:
        """Closes every connection."""
        self.engine.dispose()


def records_url(settings: Settings) -> str:
    """Where the records live, as an SQLAlchemy URL."""
    return f"sqlite:///{settings.paths.records / 'records.db'}"


def open_records(settings: Settings) -> Records:
    """The shop's records, at the newest schema. Raises Busy when another process migrates for over half a minute."""
    settings.paths.records.mkdir(parents=True, exist_ok=True)
    settings.paths.locks.mkdir(parents=True, exist_ok=True)
    engine = _engine(records_url(settings))
    if not _is_at_head(engine):
        try:
            with FileLock(settings.paths.locks / "records.lock", timeout=BUSY_SECONDS):
                migrate(engine)
        except Timeout as error:
            raise Busy("records: another process is migrating them; wait for it and try again") from error
    return Records(shop=settings.shop, engine=engine)


def migrate(engine: Engine) -> None:
    """Brings the tables to the newest schema."""
    config = _config()
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _is_at_head(engine: Engine) -> bool:
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    return found == ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _engine(url: str) -> Engine:
    engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


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
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(WRITES) else "BEGIN")
