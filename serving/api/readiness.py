"""GET /readyz: whether the service answers, and whether its record store does."""

from __future__ import annotations

import json
from collections.abc import Callable

import anyio
from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.state import ServiceState

PATH = "/readyz"
WAIT_SECONDS = 0.5
"""A record store that takes longer to answer is told as not reachable; whoever asks here waits for a second at most."""


class Readiness:
    """Puts the state of the parts into BentoML's empty answer.

    The status stays 200 while the records are away: recommendations are answered all the same.
    """

    def __init__(self, app: ASGIApp, *, state: Callable[[], ServiceState]) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        is_ready = False

        async def send_told(message: Message) -> None:
            nonlocal is_ready
            if message["type"] == "http.response.start" and message["status"] == 200:
                is_ready = True
            if not is_ready:
                await send(message)

        await self._app(scope, receive, send_told)
        if is_ready:
            await (await readiness(self._state()))(scope, receive, send)


async def readiness(state: ServiceState) -> Response:
    """The release in service, the record store and whether it answers, and the online store."""
    is_reachable = False
    with anyio.move_on_after(WAIT_SECONDS):
        is_reachable = await run_sync(state.records.can_be_read, abandon_on_cancel=True)
    told = {
        "status": "ready",
        "release": state.releases.engine.release_id,
        "records": {"store": state.settings.records.store, "reachable": is_reachable},
        "online": {"store": state.settings.online.store},
    }
    return Response(json.dumps(told), media_type="application/json", headers={"Cache-Control": "no-store"})
