"""Failures of pages as pages, in words; whoever is not signed in is led to the sign-in."""

from __future__ import annotations

import json
from urllib.parse import quote

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api.sessions import SESSION_COOKIE
from serving.console.local_address import HOME
from serving.console.rendering import render
from serving.console.visit import reader_of

SIGN_IN = "/console/sign-in"
JSON = "application/json"


class FailuresAsPages:
    """Turns the one JSON error into a page, for everything under /console."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_page(scope["path"]):
            await self._app(scope, receive, send)
            return
        started: Message | None = None
        text = b""

        async def send_page(message: Message) -> None:
            nonlocal started, text
            if message["type"] == "http.response.start" and _is_failure(message):
                started = message
                return
            if started is None:
                await send(message)
                return
            text += message.get("body", b"")
            if not message.get("more_body"):
                await _page(Request(scope, receive), started, text)(scope, receive, send)

        await self._app(scope, receive, send_page)


def _page(request: Request, started: Message, text: bytes) -> Response:
    status: int = started["status"]
    if status == 401 and request.url.path != SIGN_IN:
        return _to_sign_in(request)
    try:
        detail = str(json.loads(text)["detail"])
    except (ValueError, KeyError):
        detail = ""
    answer = render(request, "failure.html", reader_of(request), status=status, code=status, detail=detail)
    for name, value in started["headers"]:
        if name.lower() not in (b"content-length", b"content-type", b"cache-control"):
            answer.raw_headers.append((name, value))
    return answer


def _to_sign_in(request: Request) -> Response:
    is_expired = SESSION_COOKIE in request.cookies
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    to = wanted if request.method == "GET" and wanted != HOME else HOME
    return RedirectResponse(f"{SIGN_IN}?next={quote(to, safe='')}{'&expired=1' if is_expired else ''}", status_code=303)


def _is_page(path: str) -> bool:
    return path == HOME or path.startswith(HOME + "/")


def _is_failure(message: Message) -> bool:
    is_json = str(MutableHeaders(raw=list(message["headers"])).get("content-type", "")).startswith(JSON)
    return int(message["status"]) >= 400 and is_json
