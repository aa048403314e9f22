"""The pages without a key: the documentation, and what Prometheus reads. Nothing here asks another host."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from features.contracts.errors import Refused
from serving.api.access import State
from serving.metrics import CONTENT_TYPE

STATIC = "/docs-static"

router = APIRouter(include_in_schema=False)


@router.get("/")
async def start() -> Response:
    """The console; whoever programs against the service knows to ask for /docs."""
    return RedirectResponse("/console")


@router.get("/docs")
async def documentation() -> HTMLResponse:
    """The documentation, to be read and tried out."""
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Thousand Faces",
        swagger_js_url=f"{STATIC}/swagger-ui-bundle.js",
        swagger_css_url=f"{STATIC}/swagger-ui.css",
        swagger_favicon_url=f"{STATIC}/favicon-light-32x32.png",
    )


@router.get("/metrics")
def metrics(state: State) -> Response:
    """The service's counters and gauges."""
    return Response(state.metrics.text(), headers={"Content-Type": CONTENT_TYPE})


def mount_documentation(app: FastAPI) -> None:
    """Serves Swagger's files as BentoML ships them."""
    found = find_spec("bentoml")
    if found is None or found.origin is None:
        raise Refused("service: bentoml is not installed; install the requirements")
    folder = Path(found.origin).parent / "_internal" / "server" / "static_content"
    app.mount(STATIC, StaticFiles(directory=folder), name="docs-static")
