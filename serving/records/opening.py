"""Opening the records: migrated to the newest schema, then read and written in transactions of one shop."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from features.contracts.errors import Busy, RecordsUnavailable
from features.contracts.settings import Settings
from serving.records.databases import BUSY_SECONDS, DURABLE, WRITES, postgresql_engine, sqlite_engine
from serving.records.tables import Table

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATING = "thousand faces: migrating the records"

RowT = TypeVar("RowT", bound=Table)


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """A session of one shop; what is asked through it happens together or not at all."""

    session: Session
    shop: str
    is_writing: bool = False

    def row(self, table: type[RowT], *key: str) -> RowT | None:
        """The row of that key (the shop leads it by itself); None when there is none.

        In a transaction that writes nobody else changes the row until the end, so that what was decided by it holds.
        """
        # SQLite has one writer at a time and leaves the lock out
        return self.session.get(table, (self.shop, *key), with_for_update=True if self.is_writing else None)

    def wait_for_turn(self, *what: str) -> None:
        """Waits until no other transaction has its turn with these words; the turn ends with this transaction.

        For what cannot be locked because it is not there yet. SQLite has one writer at a time anyhow.
        """
        _wait_for_turn(self.session.connection(), self.shop, *what)


@dataclass(frozen=True, kw_only=True)
class Records:
    """The operational records of one shop."""

    shop: str
    engine: Engine

    @contextlib.contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A transaction that only reads; it sees one moment and waits for nobody."""
        with Session(self._readers) as session:
            yield Transaction(session=session, shop=self.shop)

    @contextlib.contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[Transaction]:
        """A transaction that is committed when the block ends without an error; `durable` outlives a power cut."""
        engine = self._durable_writers if durable else self._writers
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield Transaction(session=session, shop=self.shop, is_writing=True)

    def can_be_read(self) -> bool:
        """Whether the database answers right now."""
        try:
            with self.reading() as transaction:
                transaction.session.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True

    def close(self) -> None:
        """Closes every connection."""
        self.engine.dispose()

    @cached_property
    def _readers(self) -> Engine:
        if self.engine.dialect.name == "sqlite":
            return self.engine
        return self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @cached_property
    def _writers(self) -> Engine:
        return self.engine.execution_options(**{WRITES: True})

    @cached_property
    def _durable_writers(self) -> Engine:
        return self.engine.execution_options(**{WRITES: True, DURABLE: True})


def open_records(settings: Settings) -> Records:
    """The shop's records, at the newest schema.

    Raises Busy when another process migrates for over half a minute, RecordsUnavailable when no database answers.
    """
    settings.paths.records.mkdir(parents=True, exist_ok=True)
    settings.paths.locks.mkdir(parents=True, exist_ok=True)
    engine = _engine(settings)
    try:
        if not _is_at_head(engine):
            with _alone(settings):
                migrate(engine)
    except SQLAlchemyError as error:
        engine.dispose()
        raise unavailable(settings, error) from error
    return Records(shop=settings.shop, engine=engine)


def migrate(engine: Engine) -> None:
    """Brings the tables to the newest schema; on PostgreSQL, one machine at a time."""
    config = _config()
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        _wait_for_turn(connection, MIGRATING)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def unavailable(settings: Settings, error: Exception) -> RecordsUnavailable:
    """The error that tells where the records should be and what was said instead."""
    said = " ".join(str(getattr(error, "orig", None) or error).split())[:300]
    if settings.records.store == "sqlite":
        return RecordsUnavailable(f"records: {settings.paths.records} cannot be opened: {said}")
    place = f"{settings.records.database} as {settings.records.user}"
    return RecordsUnavailable(
        f"records: PostgreSQL at {place} cannot be used: {said}; start it, create the role and the database, or see "
        "`records` in docs/settings.md"
    )


def _engine(settings: Settings) -> Engine:
    if settings.records.store == "postgresql":
        return postgresql_engine(settings)
    return sqlite_engine(settings.paths.records / "records.db")


@contextlib.contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    try:
        with FileLock(settings.paths.locks / "records.lock", timeout=BUSY_SECONDS):
            yield
    except Timeout as error:
        raise Busy("records: another process is migrating them; wait for it and try again") from error


def _wait_for_turn(connection: Connection, *what: str) -> None:
    if connection.dialect.name == "postgresql":
        turn = text("SELECT pg_advisory_xact_lock(hashtextextended(:turn, 0))")
        connection.execute(turn, {"turn": "\n".join(what)})


def _is_at_head(engine: Engine) -> bool:
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    return found == ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
