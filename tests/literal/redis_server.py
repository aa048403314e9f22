"""A real Redis server on a free port, with nothing in it and nothing kept."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

START_SECONDS = 20.0


@contextlib.contextmanager
def running_redis(folder: Path, *, port: int, password: str | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """The server's process, once it answers. A machine without `redis-server` is an error, never a skipped test."""
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    if password is not None:
        command += ["--requirepass", password]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_SECONDS
        with Redis(port=port, password=password) as client:
            while True:
                try:
                    client.ping()
                    break
                except RedisError:
                    if time.monotonic() > deadline or process.poll() is not None:
                        raise
                    time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait(10)
