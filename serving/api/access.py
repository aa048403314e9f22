"""Who asks, and whether they may: API keys, or a browser's session, as dependencies of routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from features.contracts.errors import Unauthorized
from serving.api.sessions import CSRF_HEADER, refuse_forged, refuse_other_sites, session_of
from serving.auth import ApiKey, Scope
from serving.state import ServiceState

_BEARER = HTTPBearer(auto_error=False, scheme_name="Bearer", description="Authorization: Bearer YOUR_KEY")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="X-API-Key", description="The key by itself")


def state_of(request: Request) -> ServiceState:
    """The running service's parts."""
    state: ServiceState = request.app.state.service
    return state


async def _key(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    header: Annotated[str | None, Depends(_HEADER)],
) -> ApiKey:
    text = bearer.credentials if bearer else header
    if not text:
        return await _signed_in(request)
    keys = state_of(request).keys
    # the records are read in a thread, and only once in a few seconds for each key
    if (trusted := keys.trusted(text)) is not None:
        return trusted
    return await run_in_threadpool(keys.check, text)


async def _signed_in(request: Request) -> ApiKey:
    session = await session_of(request, state_of(request))
    if session is None:
        raise Unauthorized("a key is needed; send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'")
    # reading too: an export is told of in the audit, and another site's link could ask for it
    refuse_other_sites(request)
    refuse_forged(request, session, token=request.headers.get(CSRF_HEADER))
    return session.holder


def _holder_of(scope: Scope) -> Callable[[ApiKey], Awaitable[ApiKey]]:
    async def key_with_scope(key: Annotated[ApiKey, Depends(_key)]) -> ApiKey:
        key.require(scope)
        return key

    return key_with_scope


async def _state(request: Request) -> ServiceState:
    return state_of(request)


State = Annotated[ServiceState, Depends(_state)]
RecommendKey = Annotated[ApiKey, Depends(_holder_of(Scope.RECOMMEND))]
MembersKey = Annotated[ApiKey, Depends(_holder_of(Scope.MEMBERS))]
EventsKey = Annotated[ApiKey, Depends(_holder_of(Scope.EVENTS))]
AudiencesKey = Annotated[ApiKey, Depends(_holder_of(Scope.AUDIENCES))]
PrivacyKey = Annotated[ApiKey, Depends(_holder_of(Scope.PRIVACY))]
ReleasesKey = Annotated[ApiKey, Depends(_holder_of(Scope.RELEASES))]
ExportKey = Annotated[ApiKey, Depends(_holder_of(Scope.EXPORT))]
