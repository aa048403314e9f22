"""The FastAPI application; BentoML mounts it, and tests call it as it is."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from features.contracts.settings import Settings
from serving.api import (
    audience_exports,
    audience_parts,
    audiences,
    catalogue,
    events,
    exports,
    forget,
    lists,
    members,
    pages,
    products,
    recommendations,
    releases,
    reports,
    results,
    scenarios,
    stores,
    tags,
)
from serving.api.errors import add_error_handlers
from serving.api.frame import RequestFrame
from serving.console.routes import add_console
from serving.state import ServiceState

PARTS = (
    recommendations,
    scenarios,
    products,
    catalogue,
    members,
    forget,
    stores,
    events,
    audiences,
    audience_parts,
    tags,
    results,
    reports,
    releases,
    exports,
    audience_exports,
    lists,
    pages,
)

DESCRIPTION = """What to show each member, and which members to tell.

Send a key with every request: `Authorization: Bearer KEY` or `X-API-Key: KEY`. Every failure has one shape:
`{"error": code, "detail": sentence, "status": number}`. Answers carry `X-Request-Id` (yours, or one made here);
a POST may carry `Idempotency-Key`. A revoked key stops working within 5 seconds. The console's pages call with the
session cookie of whoever has signed in, and send `X-CSRF-Token` with everything but GET.
"""


def make_app(open_state: Callable[[], ServiceState]) -> FastAPI:
    """The application; `open_state` is called when it starts, and what it opened is closed when it ends.

    A launcher that has opened the state itself sets `app.state.service` before the start.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if not hasattr(app.state, "service"):
            app.state.service = await run_in_threadpool(open_state)
        state = service_of(app)
        state.start()
        try:
            yield
        finally:
            await run_in_threadpool(state.close)

    app = FastAPI(
        title="Thousand Faces",
        version="1",
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    for part in PARTS:
        app.include_router(part.router)
    pages.mount_documentation(app)
    add_error_handlers(app)
    app.add_middleware(
        RequestFrame,
        max_body_bytes=lambda path: _max_body_bytes(service_of(app).settings, path),
        on_unexpected=lambda: service_of(app).metrics.unexpected_error(),
    )
    # last, and so around the frame: a failure that the frame answers becomes a page too
    add_console(app)
    return app


def _max_body_bytes(settings: Settings, path: str) -> int:
    return settings.events.max_body_bytes if path == events.ROUTE else settings.serving.max_body_bytes


def service_of(app: FastAPI) -> ServiceState:
    """What the running application holds."""
    state: ServiceState = app.state.service
    return state
