"""Answers as bytes: success bodies are written straight from our own types, which needs no second validation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from serving.api.errors import ErrorAnswer

JSON = "application/json"

FAILURES: dict[int, str] = {
    401: "No key, or one that is not known",
    403: "The key lacks the scope",
    404: "There is nothing under that id",
    409: "It contradicts an earlier request",
    413: "The body is too large",
    422: "The request cannot be understood",
    500: "Something unexpected; the service's log tells more",
    503: "A part of the service cannot be reached right now",
}


def failures(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The failures of a route for its documentation; `Any` because FastAPI asks for it."""
    always = (401, 403, 422, 500, 503)
    return {status: {"model": ErrorAnswer, "description": FAILURES[status]} for status in sorted({*always, *statuses})}


def failures_beside_a_file(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The failures of a route that answers a file: FastAPI would document them in the file's type.

    `Any` because FastAPI asks for it.
    """
    content = {JSON: {"schema": {"$ref": f"#/components/schemas/{ErrorAnswer.__name__}"}}}
    return {
        status: {"description": failure["description"], "content": content}
        for status, failure in failures(*statuses).items()
    }


def json_text(value: Mapping[str, Any]) -> str:
    """JSON without spaces; `Any` because JSON is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def json_answer(value: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A success; `Any` because JSON is."""
    return text_answer(json_text(value), status=status, headers=headers)


def text_answer(text: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A success that is JSON text already."""
    # a lone surrogate in a name must not turn an answer into an error
    return Response(text.encode("utf-8", "replace"), status, headers=headers, media_type=JSON)
