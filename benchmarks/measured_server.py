"""The real server with one route more: `POST /benchmark/empty`, which answers nothing through the same layers."""

from __future__ import annotations

from features.contracts.errors import FacesError
from features.contracts.settings import load_settings
from serving.guard import log_to_stderr, refuse
from serving.live import open_live_state
from serving.server import serve

EMPTY_ROUTE = "/benchmark/empty"


async def empty() -> dict[str, str]:
    """Answers `{}`."""
    return {}


def main() -> None:
    """Serves until it is stopped, as `python -m serving.child serving.server` does."""
    log_to_stderr()
    settings = load_settings()
    try:
        state = open_live_state(settings)
    except FacesError as error:
        refuse(error)
    # after the state: what serving.live imports has to come before bentoml
    from serving import service

    service.app.post(EMPTY_ROUTE)(empty)
    serve(settings, state)


if __name__ == "__main__":
    main()
