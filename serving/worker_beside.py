"""A job worker beside a service that nobody supervises: `bentoml serve` and a bento build audiences too."""

from __future__ import annotations

import logging
import threading
import time

from features.contracts.settings import Settings
from serving.supervisor import LOOK_SECONDS, WORKER, Child, child_environment

log = logging.getLogger(__name__)


def keep_worker_beside(settings: Settings) -> None:
    """Keeps a worker running for as long as this process lives; the kernel ends it with this process.

    Its thread is a daemon and never ends by itself: a child dies with the thread that started it.
    """
    child = Child(name="worker", command=WORKER, environment=child_environment(settings))
    threading.Thread(target=_keep, args=(child,), name="worker-beside", daemon=True).start()


def _keep(child: Child) -> None:
    while True:
        code = child.look()
        if code is not None:
            log.warning("%s ended with %s and is started again", child.name, code)
        time.sleep(LOOK_SECONDS)
