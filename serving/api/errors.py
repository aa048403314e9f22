"""One JSON shape for every failure: `{"error": code, "detail": sentence, "status": number}`."""

from __future__ import annotations

import http
import json
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from features.contracts.errors import (
    FacesError,
    NothingLoaded,
    RecordsUnavailable,
    RequestError,
    StoreUnavailable,
    TooBusy,
)

log = logging.getLogger(__name__)

CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    422: "invalid_request",
    500: "internal",
    503: "unavailable",
    504: "timeout",
}

RECORDS_UNAVAILABLE = ("records_unavailable", "the records cannot be read or written right now; try again")
UNREADABLE = (OperationalError, InterfaceError, ProgrammingError, PoolTimeoutError)
"""What SQLAlchemy raises when the database cannot be reached, has no connection to spare, or lacks a table."""

_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_\-]{0,40}")


class ErrorAnswer(BaseModel):
    """Every failure."""

    error: str = Field(description="a stable code, for programs", examples=["not_found"])
    detail: str = Field(description="a sentence, for people: what, where and how to mend it")
    status: int = Field(description="the HTTP status again", examples=[404])


def error_bytes(status: int, code: str, detail: str) -> bytes:
    """The body of a failure."""
    return json.dumps({"error": code, "detail": detail, "status": status}, ensure_ascii=False).encode(
        "utf-8", "replace"
    )


def error_answer(status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None) -> Response:
    """A failure."""
    return Response(error_bytes(status, code, detail), status, headers=headers, media_type="application/json")


def code_of(status: int) -> str:
    """The stable code of a status that no error of ours stands for."""
    return CODES.get(status) or http.HTTPStatus(status).phrase.lower().replace(" ", "_")


def answer_of(error: FacesError) -> Response:
    """The failure that an error of ours stands for."""
    match error:
        case TooBusy():
            again = {"Retry-After": str(error.retry_seconds)}
            return error_answer(error.status, error.code, str(error), headers=again)
        case RequestError():
            headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
            return error_answer(error.status, error.code, str(error), headers=headers)
        case StoreUnavailable():
            log.warning("store_unavailable %s", error)
            return error_answer(503, "store_unavailable", "the member store cannot be read right now; try again")
        case RecordsUnavailable():
            log.warning("records_unavailable %s", error)
            return error_answer(503, *RECORDS_UNAVAILABLE)
        case NothingLoaded():
            return error_answer(503, "nothing_loaded", str(error))
        case _:
            log.error("refused %s: %s", type(error).__name__, error)
            return error_answer(500, "internal", "the service could not do this; its log says why")


def add_error_handlers(app: FastAPI) -> None:
    """Gives every failure that a route can end in the one shape."""

    @app.exception_handler(FacesError)
    async def _ours(_request: Request, error: FacesError) -> Response:
        return answer_of(error)

    async def _records(_request: Request, error: Exception) -> Response:
        log.error("records_unavailable %s", getattr(error, "orig", None) or error)
        return error_answer(503, *RECORDS_UNAVAILABLE)

    for kind in UNREADABLE:
        app.add_exception_handler(kind, _records)

    @app.exception_handler(DataError)
    async def _unfit(_request: Request, _error: DataError) -> Response:
        # PostgreSQL takes no NUL in a text and no text longer than its column; what it said may repeat the text
        return error_answer(422, "invalid_request", "a text is too long, or holds a character that cannot be stored")

    @app.exception_handler(HTTPException)
    async def _starlette(request: Request, error: HTTPException) -> Response:
        detail = str(error.detail)
        if error.status_code == 404:
            detail = f"there is no route {request.url.path}; see /docs"
        elif error.status_code == 405:
            detail = f"{request.method} is not answered here; see /docs"
        return error_answer(error.status_code, code_of(error.status_code), detail, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, error: RequestValidationError) -> Response:
        return error_answer(422, "invalid_request", sentence_of(error.errors()))


def sentence_of(errors: Sequence[Any]) -> str:
    """Which fields are wrong and why, without what they held (it may be contact data).

    `Any` because pydantic types its errors so.
    """
    return "; ".join(f"{_place(error['loc'])}: {_why(error)}" for error in errors[:5])


def _place(location: Sequence[str | int]) -> str:
    # the name of an unknown field is the client's own text: it is repeated only when it looks like a name
    parts = [str(part) if isinstance(part, int) or _FIELD.fullmatch(part) else "(a field)" for part in location]
    return ".".join(parts)


def _why(error: Mapping[str, Any]) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        return "this field does not exist"
    if kind == "missing":
        return "this field is required"
    if kind == "json_invalid":
        return "this is no JSON"
    return str(error["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
