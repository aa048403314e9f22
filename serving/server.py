"""The server's process: `python -m serving.server` answers HTTP on the settings' host and port."""

from __future__ import annotations

import os

from features.contracts.errors import FacesError
from features.contracts.settings import Settings, load_settings
from serving.guard import log_to_stderr, refuse, require_free_port
from serving.live import open_live_state
from serving.state import ServiceState

GRACE_SECONDS = 5
"""How long requests that began before a stop may take."""


def main() -> None:
    """Serves until SIGTERM or SIGINT; without a sound release or a free port it ends with one line and exit code 78."""
    log_to_stderr()
    try:
        settings = load_settings()
        require_free_port(settings.serving.host, settings.serving.port)
        state = open_live_state(settings)
    except FacesError as error:
        refuse(error)
    serve(settings, state)


def serve(settings: Settings, state: ServiceState) -> None:
    """Serves an opened state in this process."""
    os.environ.setdefault("BENTOML_HOME", str(settings.paths.records / "bentoml"))
    # bentoml reads its environment when it is imported
    import uvicorn

    from serving import service

    service.app.state.service = state
    uvicorn.run(
        service.ThousandFaces.to_asgi(is_main=True),  # type: ignore[attr-defined]  # bentoml's decorator adds it
        host=settings.serving.host,
        port=settings.serving.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    main()
