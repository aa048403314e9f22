"""The BentoML service: the HTTP API mounted at the root, refused to start without a sound release.

`python -m serving.server` runs it in one process; `bentoml serve serving.service:ThousandFaces` and a bento run it too.
"""

from __future__ import annotations

import logging
import os

# before bentoml is imported: no usage is reported, whoever starts the service
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")

import bentoml
from bentoml._internal.context import server_context

from features.contracts.errors import FacesError
from features.contracts.settings import load_settings
from serving.api.app import make_app, service_of
from serving.api.frame import JsonErrors
from serving.api.readiness import Readiness
from serving.guard import die_with, die_with_supervisor, log_to_stderr, refuse
from serving.live import check_release, open_live_state
from serving.state import ServiceState
from serving.worker_beside import keep_worker_beside

PARENT = "THOUSAND_FACES_BENTOML_PID"
"""Environment variable that tells a worker of `bentoml serve` its parent."""

NO_TIMEOUT_SECONDS = 86_400
"""BentoML would else end a long export after a minute, in a shape of its own."""


def open_service() -> ServiceState:
    """The parts of the service, from the settings of this process, with a worker beside it."""
    log_to_stderr()
    settings = load_settings()
    state = open_live_state(settings)
    keep_worker_beside(settings)
    return state


def check_service() -> None:
    """Ends the process with one line when there is no sound release to serve."""
    try:
        check_release(load_settings())
    except FacesError as error:
        refuse(error)


def _leave_no_orphans() -> None:
    # a killed `bentoml serve` would leave its worker behind, still answering on the port
    if server_context.worker_index is None:
        die_with_supervisor()
        os.environ[PARENT] = str(os.getpid())
    elif (parent := os.environ.get(PARENT)) is not None:
        die_with(int(parent))


logging.getLogger("bentoml").setLevel(logging.WARNING)
_leave_no_orphans()
app = make_app(open_service)


@bentoml.service(
    name="thousand_faces",
    workers=1,
    traffic={"timeout": NO_TIMEOUT_SECONDS},
    # our own registry answers /metrics: BentoML's carries each path as a label
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
    tracing={"excluded_urls": ".*"},
)
@bentoml.asgi_app(app, path="/")
class ThousandFaces:
    """Recommendations and audiences over HTTP."""

    # BentoML types neither the decorator nor that it calls the function without an instance, before any worker starts
    @bentoml.on_deployment  # type: ignore[untyped-decorator]
    def check() -> None:
        """Refuses to start without a sound release."""
        check_service()


ThousandFaces.add_asgi_middleware(JsonErrors)  # type: ignore[attr-defined]  # the decorator makes it a Service
ThousandFaces.add_asgi_middleware(Readiness, state=lambda: service_of(app))  # type: ignore[attr-defined]  # as above
