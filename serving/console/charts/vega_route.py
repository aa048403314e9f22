"""GET /console/assets/vega-VERSION.js: the script that charts run on."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from serving.api.access import State
from serving.console.charts.vega_script import ADDRESS, vega_name, vega_script
from serving.console.kept_files import FOR_GOOD

router = APIRouter(include_in_schema=False)


@router.get(ADDRESS + "/{name}")
def vega(name: str, request: Request, state: State) -> Response:
    """The script; while it is being made the request waits."""
    if name != vega_name():
        return PlainTextResponse("not found", 404)
    script = vega_script(state.settings.paths.console).get()
    if script is None:
        return PlainTextResponse("the script of the charts could not be made; the service's log tells why", 503)
    headers = {"Cache-Control": FOR_GOOD, "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(script.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type="text/javascript")
    return Response(script.plain, headers=headers, media_type="text/javascript")
