"""The sign-in, with a user's password or an API key, and the sign-out."""

from __future__ import annotations

import hmac
import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from features.contracts.errors import Unauthorized
from serving.accounts.sign_in import SignIn
from serving.api.access import State
from serving.api.sessions import SESSION_COOKIE, refuse_other_sites
from serving.console.local_address import local_address
from serving.console.rendering import render
from serving.console.visit import AnyReader, Reader, SignedIn, visitor_of
from serving.console.words.account import locked_words
from serving.state import ServiceState

ADDRESS = "/console/sign-in"
FORM_COOKIE = "faces_sign_in"
"""Holds what the form sends back: another site can send the form, but cannot know this."""

router = APIRouter(include_in_schema=False)


@router.get(ADDRESS)
async def show(
    request: Request,
    state: State,
    reader: AnyReader,
    next: str = "",
    expired: bool = False,
    left: bool = False,
    changed: bool = False,
) -> Response:
    """The form; whoever is signed in already is led on."""
    try:
        if await visitor_of(request) is not None:
            return RedirectResponse(local_address(next), status_code=303)
    except Unauthorized:
        expired = True
    say = reader.language.say
    notice = None
    if expired:
        notice = (
            "warning",
            say("Your sign-in has ended, because it was long ago or was ended by somebody. Sign in again."),
        )
    elif left:
        notice = ("good", say("You have signed out."))
    elif changed:
        notice = ("good", say("Your password is changed. Sign in with the new one."))
    return _form(request, state, reader, next=next, notice=notice)


@router.post(ADDRESS)
async def sign_in(
    request: Request,
    state: State,
    reader: AnyReader,
    *,
    by: Annotated[str, Form(max_length=10)] = "password",
    user: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=4096)] = "",
    key: Annotated[str, Form(max_length=200)] = "",
    next: Annotated[str, Form(max_length=2000)] = "",
    form_token: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Signs in and leads on, or says why not: in one sentence that does not tell which users there are."""
    refuse_other_sites(request)
    expected = request.cookies.get(FORM_COOKIE, "")
    say = reader.language.say
    if not expected or not hmac.compare_digest(expected.encode(), form_token.encode("utf-8", "replace")):
        notice = ("warning", say("This page was open for too long, or your browser keeps no cookies. Try again."))
        return _form(request, state, reader, next=next, by=by, notice=notice, status=403)
    address = request.client.host if request.client is not None else ""
    desk = state.accounts.desk
    if by == "key":
        came = await state.accounts.run(lambda: desk.by_key(key.strip(), address=address))
    else:
        came = await state.accounts.run(lambda: desk.by_password(user, password, address=address))
    if came.token is None:
        notice = ("error", _why_not(reader, came, by=by))
        status = 401 if came.locked_until is None else 429
        return _form(request, state, reader, next=next, by=by, notice=notice, status=status)
    answer = RedirectResponse(local_address(next), status_code=303)
    _set_cookie(answer, state, SESSION_COOKIE, came.token, path="/")
    return answer


@router.post("/console/sign-out")
async def sign_out(request: Request, state: State, visitor: SignedIn) -> Response:
    """Ends the session, here and in the records."""
    token = request.cookies.get(SESSION_COOKIE, "")
    await run_in_threadpool(state.accounts.desk.sign_out, token, who=visitor.holder.key_id)
    answer = RedirectResponse(f"{ADDRESS}?left=1", status_code=303)
    answer.delete_cookie(SESSION_COOKIE, path="/")
    return answer


def _form(
    request: Request,
    state: ServiceState,
    reader: Reader,
    *,
    next: str,
    by: str = "password",
    notice: tuple[str, str] | None = None,
    status: int = 200,
) -> Response:
    known = request.cookies.get(FORM_COOKIE)
    token = known or secrets.token_urlsafe(32)
    answer = render(
        request,
        "sign_in.html",
        reader,
        status=status,
        next=local_address(next),
        by=by,
        notice=notice,
        form_token=token,
    )
    if known is None:
        _set_cookie(answer, state, FORM_COOKIE, token, path=ADDRESS)
    return answer


def _why_not(reader: Reader, came: SignIn, *, by: str) -> str:
    say = reader.language.say
    if came.locked_until is not None:
        return locked_words(reader, came.locked_until)
    if by == "key":
        return say("This key is not known, or was revoked.")
    return say("The user or the password is not right.")


def _set_cookie(answer: Response, state: ServiceState, name: str, value: str, *, path: str) -> None:
    # without an age: the browser forgets it when it is closed, the records when its hours are over
    secure = state.settings.console.secure_cookies
    answer.set_cookie(name, value, path=path, httponly=True, samesite="lax", secure=secure)
