"""A route that answers the ordinary request without FastAPI's walk through dependencies, which costs a third of a
millisecond. Whatever is not ordinary takes FastAPI's way: one place decides what is wrong and how it is said.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from serving.api.access import state_of
from serving.auth import ApiKey, Scope
from serving.state import ServiceState

_BEARER = b"Bearer "
_PLAIN_JSON = frozenset({b"application/json", b"application/json; charset=utf-8"})


def quick_route(body_type: type[BaseModel], scope: Scope) -> type[APIRoute]:
    """The class of routes whose endpoint takes `body`, `state` and `key` and gives a Response.

    Ordinary is JSON that `body_type` accepts, sent with a trusted bearer key of `scope` and without Idempotency-Key.
    """

    class QuickRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            # `Any` because the base class has it so.
            careful = super().get_route_handler()

            async def handle(request: Request) -> Response:
                state = state_of(request)
                key = _trusted_key(request, state, scope)
                if key is None:
                    return await careful(request)
                try:
                    body = body_type.model_validate_json(await request.body())
                except ValidationError:
                    # the request keeps its body: it is read again, and refused in words
                    return await careful(request)
                answer: Response = await self.endpoint(body=body, state=state, key=key)
                return answer

            return handle

    return QuickRoute


def _trusted_key(request: Request, state: ServiceState, scope: Scope) -> ApiKey | None:
    """The key of an ordinary request, None of any other."""
    text: bytes | None = None
    is_json = False
    for name, value in request.scope["headers"]:
        if name == b"authorization" and text is None and value.startswith(_BEARER):
            text = value[len(_BEARER) :]
        elif name == b"content-type":
            is_json = value.lower() in _PLAIN_JSON
        elif name in (b"authorization", b"x-api-key", b"idempotency-key"):
            return None
    key = state.keys.trusted(text.decode("latin-1")) if text and is_json else None
    return key if key is not None and key.may(scope) else None
