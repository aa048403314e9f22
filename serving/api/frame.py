"""What surrounds every request: its id, the limit of its body, and an answer whatever happens."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api.errors import code_of, error_answer, error_bytes

REQUEST_ID = b"x-request-id"
_GIVEN_ID = re.compile(rb"[A-Za-z0-9._\-]{1,100}")

log = logging.getLogger(__name__)


class RequestFrame:
    """Innermost: gives each answer its request id and cache rule, and turns an unexpected error into a 500."""

    def __init__(
        self, app: ASGIApp, *, max_body_bytes: Callable[[str], int], on_unexpected: Callable[[], None]
    ) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._on_unexpected = on_unexpected

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        is_started = False

        async def send_framed(message: Message) -> None:
            nonlocal is_started
            if message["type"] == "http.response.start":
                is_started = True
                message["headers"] = [*message["headers"], *_frame_headers(scope, message, request_id)]
            await send(message)

        try:
            await self._app(scope, _limited(receive, self._max_body_bytes(scope["path"])), send_framed)
        except Exception:
            # Starlette's own handler would answer and raise again, and the trace would be logged twice
            log.exception("request %s failed: %s", request_id.decode(), scope["method"])
            self._on_unexpected()
            if is_started:
                raise
            detail = f"something unexpected happened; the service's log tells more under {request_id.decode()}"
            await error_answer(500, "internal", detail)(scope, receive, send_framed)


class JsonErrors:
    """Outermost: failures that BentoML answers as plain text take our shape too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        held: Message | None = None
        text = b""

        async def send_json(message: Message) -> None:
            nonlocal held, text
            if message["type"] == "http.response.start" and _is_plain_failure(message):
                held = message
                return
            if held is None:
                await send(message)
                return
            text += message.get("body", b"")
            if not message.get("more_body"):
                await _send_as_json(scope, held, text, send)

        await self._app(scope, receive, send_json)


def _request_id(scope: Scope) -> bytes:
    given = dict(scope["headers"]).get(REQUEST_ID, b"")
    return given if _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex.encode()


def _frame_headers(scope: Scope, message: Message, request_id: bytes) -> list[tuple[bytes, bytes]]:
    headers = [(REQUEST_ID, request_id)]
    is_ruled = any(name.lower() == b"cache-control" for name, _ in message["headers"])
    if scope["path"].startswith("/v1/") and not is_ruled:
        headers.append((b"cache-control", b"private, no-store"))
    return headers


def _limited(receive: Receive, max_bytes: int) -> Receive:
    seen = 0

    async def receive_limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > max_bytes:
            raise HTTPException(413, f"the body is larger than {max_bytes} bytes")
        return message

    return receive_limited


def _is_plain_failure(message: Message) -> bool:
    kind = next((value for name, value in message["headers"] if name.lower() == b"content-type"), b"")
    # a failure of the console is a page
    return message["status"] >= 400 and not kind.startswith((b"application/json", b"text/html"))


async def _send_as_json(scope: Scope, held: Message, text: bytes, send: Send) -> None:
    status = held["status"]
    said = text.decode("utf-8", "replace").strip()
    detail = f"there is no route {scope['path']}; see /docs" if status == 404 else said or "see the service's log"
    body = error_bytes(status, code_of(status), detail)
    dropped = (b"content-length", b"content-type")
    headers = [(name, value) for name, value in held["headers"] if name.lower() not in dropped]
    headers += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if not any(name.lower() == REQUEST_ID for name, _ in headers):
        headers.append((REQUEST_ID, _request_id(scope)))
    await send({**held, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
