"""Runs the server and the worker in the foreground, and starts again what dies."""

from __future__ import annotations

import contextlib
import http.client
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from features.contracts.clock import moment_text
from features.contracts.settings import Settings
from features.contracts.settings_files import SETTINGS_FILE, settings_file
from serving.guard import REFUSED, SUPERVISOR, UNREACHABLE, require_free_port

CHILD = (sys.executable, "-m", "serving.child")
"""Runs the module that is named after it, bound to this process from its first moment on."""

SERVER = (*CHILD, "serving.server")
WORKER = (*CHILD, "serving.worker")

CODE = Path(__file__).resolve().parents[1]
"""Folder of the packages."""

LOOK_SECONDS = 0.1
STOP_SECONDS = 9.0
"""How long a child may take to stop before it is killed."""

STEADY_SECONDS = 60.0
"""A child that ran this long has recovered: its next failure counts as the first."""

LONGEST_PAUSE_SECONDS = 20.0

log = logging.getLogger(__name__)


@dataclass
class Child:
    """A process that is kept running."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    started_at: float = field(default=0.0)
    start_at: float = field(default=0.0)

    def look(self) -> int | None:
        """The exit code when it has just ended; a child that waits to be started is started when its time has come."""
        if self.process is None:
            if time.monotonic() >= self.start_at:
                self._start()
            return None
        code = self.process.poll()
        if code is None:
            return None
        _kill_group(self.process)
        self.process = None
        now = time.monotonic()
        self.failures = 1 if now - self.started_at > STEADY_SECONDS else self.failures + 1
        self.start_at = now + min(0.1 * 2**self.failures, LONGEST_PAUSE_SECONDS)
        return code

    def ask_to_stop(self) -> None:
        """Sends SIGTERM."""
        if self.process is not None:
            self.process.terminate()

    def wait_or_kill(self, until: float) -> None:
        """Waits for its end until a moment of the monotonic clock, then kills it and what it started."""
        if self.process is None:
            return
        try:
            self.process.wait(max(until - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            log.warning("%s did not stop in time and was killed", self.name)
        _kill_group(self.process)
        self.process.wait()

    def _start(self) -> None:
        # a session of its own: Ctrl-C reaches the supervisor alone, which then stops its children in order
        self.process = subprocess.Popen(self.command, env=self.environment, start_new_session=True)
        self.started_at = time.monotonic()


def supervise(
    settings: Settings,
    *,
    say: Callable[[str], None],
    server: Sequence[str] = SERVER,
    worker: Sequence[str] = WORKER,
) -> int:
    """0 after SIGINT or SIGTERM, 1 when a child refused to start (its line is on stderr then).

    Call it in the main thread; `say` is told the address once the service answers. Raises Refused when the port is
    taken. When the supervisor itself is killed, the kernel kills its children.
    """
    require_free_port(settings.serving.host, settings.serving.port)
    environment = child_environment(settings)
    server_child = Child(name="server", command=server, environment=environment)
    worker_child = Child(name="worker", command=worker, environment=environment)
    children = [server_child]
    stop = threading.Event()
    with _stopping_on_signals(stop):
        try:
            while not stop.wait(LOOK_SECONDS):
                for child in children:
                    code = child.look()
                    # a database that is away at the start is told and that is all; one that goes away later is awaited
                    if code == REFUSED or (code == UNREACHABLE and worker_child not in children):
                        return 1
                    if code is not None:
                        log.warning("%s ended with %s and is started again", child.name, code)
                # the worker comes second: where the server refuses to start there is nothing to work for
                if worker_child not in children and is_ready(settings):
                    children.append(worker_child)
                    say(f"Thousand Faces answers on {address(settings)} (documentation: {address(settings)}/docs)")
        finally:
            _stop(children)
    return 0


def child_environment(settings: Settings) -> dict[str, str]:
    """The environment of the children: the same settings whatever their folder and whatever set them here."""
    return {
        **os.environ,
        "FACES_HOME": str(settings.home.absolute()),
        "FACES_SHOP": settings.shop,
        "FACES_SERVING__HOST": settings.serving.host,
        "FACES_SERVING__PORT": str(settings.serving.port),
        **({} if settings.as_of is None else {"FACES_AS_OF": moment_text(settings.as_of)}),
        SETTINGS_FILE: str(settings_file().absolute()),
        SUPERVISOR: str(os.getpid()),
        "BENTOML_DO_NOT_TRACK": "True",
        # this code, not another installation of it: a bento's folder is on no other path
        "PYTHONPATH": os.pathsep.join(filter(None, (str(CODE), os.environ.get("PYTHONPATH")))),
    }


def address(settings: Settings) -> str:
    """Where a client on this machine reaches the service."""
    host = settings.serving.host
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{settings.serving.port}"


def is_ready(settings: Settings) -> bool:
    """Whether the service answers."""
    connection = http.client.HTTPConnection(address(settings).removeprefix("http://"), timeout=1.0)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextlib.contextmanager
def _stopping_on_signals(stop: threading.Event) -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stop.set()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _stop(children: Sequence[Child]) -> None:
    for child in children:
        child.ask_to_stop()
    until = time.monotonic() + STOP_SECONDS
    for child in children:
        child.wait_or_kill(until)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    # what the child itself started (workers of bentoml) goes with it
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
