"""What every process of the service does first: die with its parent, log to stderr, refuse in one readable line."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import socket
import sys
import warnings
from typing import NoReturn

from features.contracts.errors import FacesError, RecordsUnavailable, Refused, StoreUnavailable

SUPERVISOR = "THOUSAND_FACES_SUPERVISOR_PID"
"""Environment variable that tells a child its supervisor."""

REFUSED = 78
"""Exit code of a process that will not start however often it is tried (EX_CONFIG)."""

UNREACHABLE = 75
"""Exit code of a process whose database did not answer; later it may (EX_TEMPFAIL)."""

_PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Has the kernel kill this process when `parent` ends, so that no orphan keeps the port."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    # asked after the kernel was told: the parent may have ended before
    if os.getppid() != parent:
        os._exit(1)


def die_with_supervisor() -> None:
    """The same for a child of the supervisor; a process that was started by hand lives on its own."""
    if (supervisor := os.environ.get(SUPERVISOR)) is not None:
        die_with(int(supervisor))


def log_to_stderr() -> None:
    """Sends warnings and worse, and our own events, to stderr."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # libraries' deprecations are for whoever updates them, not for whoever runs the service
    warnings.simplefilter("ignore", DeprecationWarning)
    for name in ("features", "training", "serving"):
        logging.getLogger(name).setLevel(logging.INFO)


def refuse(error: FacesError) -> NoReturn:
    """Ends the process with one readable line on stderr.

    The supervisor does not try it again, unless it has served before and its database may come back.
    """
    sys.stderr.write(" ".join(str(error).split()) + "\n")
    sys.stderr.flush()
    raise SystemExit(UNREACHABLE if isinstance(error, RecordsUnavailable | StoreUnavailable) else REFUSED)


def require_free_port(host: str, port: int) -> None:
    """Raises Refused when nobody can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # as the server does: connections that have just ended do not count
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Refused(
                f"service: cannot listen on {host}:{port} ({error.strerror}); "
                "stop what uses it, or set FACES_SERVING__PORT to another port"
            ) from error
