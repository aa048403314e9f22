"""What tests of real processes share: a port, an end, and patience that a busy machine does not run out of."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import psutil

PATIENCE_SECONDS = 90.0


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether a service could listen there; a killed process holds its port until its last thread has ended."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_for(truth: Callable[[], Any], *, seconds: float = PATIENCE_SECONDS) -> Any:
    """What `truth` says once it says something true; fails when it does not in time."""
    deadline = time.monotonic() + seconds
    while not (found := truth()):
        assert time.monotonic() < deadline, f"it did not come true within {seconds} seconds"
        time.sleep(0.05)
    return found


def is_dead(process: psutil.Process) -> bool:
    """Whether a process has ended; whether init has taken note of it is not ours to say."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
