"""A real PostgreSQL server on a free port, with nothing in it and nothing kept."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from processes import free_port

START_SECONDS = 30.0
USER = "faces"
# Sorted as a dictionary is: whoever relies on the order of bytes must say so.
INITDB = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US")
TABLES = """
    SELECT schemaname, tablename FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
      AND tablename NOT IN ('alembic_version', 'dbos_migrations')
"""
# Nothing is kept, so nothing needs to reach the disk.
OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}


@dataclass(kw_only=True)
class Postgres:
    """A server that trusts whoever connects from this machine; it can be stopped and started again."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once it answers."""
        command = [binary("postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), "-h", "127.0.0.1"]
        command += ["-k", "", *(part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}"))]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, user=user_of_servers(), cwd="/", **quiet)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self._ask("SELECT 1")
                return
            except psycopg.Error:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        """Ends it, and every connection to it."""
        if self.process is not None:
            # SIGTERM would wait for whoever is still connected
            self.process.send_signal(signal.SIGINT)
            self.process.wait(START_SECONDS)
            self.process = None

    def database(self, *, like: str = "template1") -> str:
        """A new database, as `records.database` names it: empty, or a copy of another one that nobody uses."""
        name = f"faces_{uuid.uuid4().hex[:12]}"
        self._ask(f'CREATE DATABASE "{name}" TEMPLATE "{like.rpartition("/")[2]}"')
        return f"127.0.0.1:{self.port}/{name}"

    def empty(self, database: str) -> None:
        """Removes every row, but for those that tell how far the tables were migrated."""
        with self._connected(database.rpartition("/")[2]) as connection:
            connection.execute("SET lock_timeout = 2000; SET session_replication_role = replica")
            tables = connection.execute(TABLES).fetchall()
            connection.execute(";".join(f'DELETE FROM "{schema}"."{name}"' for schema, name in tables))

    def drop(self, database: str) -> None:
        """Removes a database, whoever still uses it."""
        self._ask(f'DROP DATABASE IF EXISTS "{database.rpartition("/")[2]}" WITH (FORCE)')

    def _ask(self, statement: str) -> None:
        with self._connected("postgres") as connection:
            connection.execute(statement)

    def _connected(self, name: str) -> psycopg.Connection:
        place = f"host=127.0.0.1 port={self.port} user={USER} dbname={name} connect_timeout=2"
        return psycopg.connect(place, autocommit=True)


def binary(name: str) -> str:
    """A program of PostgreSQL; Debian keeps its own out of the path. Without it, an error: never a skipped test."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = shutil.which(name) or (str(installed[-1]) if installed else None)
    if found is None:
        raise FileNotFoundError(f"{name}: install PostgreSQL (Debian: apt-get install postgresql)")
    return found


def user_of_servers() -> str | None:
    """PostgreSQL refuses to run as root; anybody else runs it as they are."""
    return "postgres" if os.geteuid() == 0 else None


@contextlib.contextmanager
def running_postgres() -> Iterator[Postgres]:
    """The server, once it answers."""
    folder = Path(tempfile.mkdtemp(prefix="faces-postgres-"))
    if (user := user_of_servers()) is not None:
        shutil.chown(folder, user)
    made = [binary("initdb"), "--pgdata", str(folder / "data"), "--username", USER, "--no-sync", *INITDB]
    server = Postgres(folder=folder, port=free_port())
    try:
        subprocess.run(made, user=user, check=True, capture_output=True, cwd="/")
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
