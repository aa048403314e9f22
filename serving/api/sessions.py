"""A browser's session in place of a key: the cookie, and what keeps other sites from using it."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from features.contracts.errors import Forbidden
from serving.accounts.sessions import Session
from serving.state import ServiceState

SESSION_COOKIE = "faces_session"
CSRF_HEADER = "X-CSRF-Token"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
_PORTS = {"http": ":80", "https": ":443"}


async def session_of(request: Request, state: ServiceState) -> Session | None:
    """Who is signed in, None for a request without the cookie. Raises Unauthorized when the session has ended."""
    token = request.cookies.get(SESSION_COOKIE)
    if not token:
        return None
    sessions = state.accounts.sessions
    # as with keys: the records are read in a thread, and only once in a few seconds
    if (trusted := sessions.trusted(token)) is not None:
        return trusted
    return await run_in_threadpool(sessions.check, token)


def refuse_forged(request: Request, session: Session, *, token: str | None) -> None:
    """Raises Forbidden for a request that changes something and was not sent by one of the session's own pages."""
    if request.method in READING:
        return
    refuse_other_sites(request)
    if not session.is_csrf_token(token):
        raise Forbidden(f"this request lacks the session's token; send it as {CSRF_HEADER}, or load the page again")


def refuse_other_sites(request: Request) -> None:
    """Raises Forbidden for what a browser says another site has sent; a client that says nothing passes."""
    # the browser's own word comes first: a proxy in front may have put another Host into the request
    site = request.headers.get("sec-fetch-site")
    if site in ("same-origin", "none"):
        return
    origin = request.headers.get("origin")
    if site is None and (origin is None or _place(origin) == _host(request, origin)):
        return
    raise Forbidden("this request comes from another site; use the console's own pages")


def _place(origin: str) -> str:
    parts = urlsplit(origin)
    return parts.netloc.lower().removesuffix(_PORTS.get(parts.scheme, ""))


def _host(request: Request, origin: str) -> str | None:
    host = request.headers.get("host")
    return host.lower().removesuffix(_PORTS.get(urlsplit(origin).scheme, "")) if host else None
