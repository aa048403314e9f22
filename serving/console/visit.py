"""Who visits the console, and how the pages are written for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated

from babel import Locale
from fastapi import Depends, Request

from features.contracts.errors import Unauthorized
from features.contracts.settings import Settings
from serving.accounts.sessions import Session
from serving.api.access import state_of
from serving.api.sessions import CSRF_HEADER, READING, refuse_forged, session_of
from serving.auth import ApiKey, Scope
from serving.console.languages import COOKIE, Language, chosen_language, language_of, number_locale
from serving.console.written import Written

CSRF_FIELD = "csrf_token"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Somebody in front of a page, signed in or not."""

    language: Language
    number_locale: Locale
    settings: Settings
    now: datetime

    @cached_property
    def written(self) -> Written:
        """How numbers, days and amounts are written for the reader."""
        return Written(
            locale=self.number_locale,
            words=Locale.parse("zh_Hans_CN" if self.language.code == "zh" else "en_GB"),
            zone=self.settings.zone,
            currency=self.settings.currency,
        )


@dataclass(frozen=True, kw_only=True)
class Visitor(Reader):
    """Somebody who has signed in."""

    holder: ApiKey
    """What the visitor may do, as if it were a key's."""
    role: str | None
    """None for a visitor who signed in with a key."""
    csrf_token: str

    def may(self, scope: Scope) -> bool:
        """Whether the visitor has the scope."""
        return self.holder.may(scope)


def reader_of(request: Request) -> Reader:
    """The reader that a request comes from."""
    accepted = request.headers.get("accept-language", "")
    code = chosen_language(cookie=request.cookies.get(COOKIE), accepted=accepted)
    state = state_of(request)
    return Reader(
        language=language_of(code),
        number_locale=number_locale(code, accepted),
        settings=state.settings,
        now=state.now(),
    )


async def visitor_of(request: Request) -> Visitor | None:
    """Who is signed in, None for nobody. Raises Unauthorized when the session has ended."""
    session = await session_of(request, state_of(request))
    return None if session is None else _visitor_with(request, session)


async def _visitor(request: Request) -> Visitor:
    session = await session_of(request, state_of(request))
    if session is None:
        raise Unauthorized("sign in first")
    refuse_forged(request, session, token=await _sent_token(request))
    return _visitor_with(request, session)


def _visitor_with(request: Request, session: Session) -> Visitor:
    reader = reader_of(request)
    return Visitor(
        language=reader.language,
        number_locale=reader.number_locale,
        settings=reader.settings,
        now=reader.now,
        holder=session.holder,
        role=session.role,
        csrf_token=session.csrf_token,
    )


async def _sent_token(request: Request) -> str | None:
    """The session's token as a script's header or a form's field carries it."""
    if (header := request.headers.get(CSRF_HEADER)) is not None:
        return header
    if request.method in READING or not request.headers.get("content-type", "").startswith(FORMS):
        return None
    given = (await request.form()).get(CSRF_FIELD)
    return given if isinstance(given, str) else None


AnyReader = Annotated[Reader, Depends(reader_of)]
SignedIn = Annotated[Visitor, Depends(_visitor)]
"""The visitor of a page; somebody who has not signed in is led to the sign-in."""
