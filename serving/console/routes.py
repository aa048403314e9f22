"""Every page of the console, and what surrounds them."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from starlette.responses import RedirectResponse, Response

from serving.console.assets import ADDRESS
from serving.console.charts import vega_route
from serving.console.failures import FailuresAsPages
from serving.console.kept_files import kept_files
from serving.console.languages import COOKIE, LANGUAGES
from serving.console.local_address import local_address
from serving.console.pages import (
    account,
    audience,
    audiences,
    home,
    launch,
    lists,
    member,
    members,
    new_audience,
    quality,
    recommendations,
    sign_in,
    stores,
    users,
    worklist,
)

PREFIX = "/console"
PAGES = (
    home,
    new_audience,
    launch,
    audiences,
    audience,
    lists,
    account,
    sign_in,
    users,
    recommendations,
    quality,
    members,
    member,
    stores,
    worklist,
)

router = APIRouter(include_in_schema=False)


@router.get(PREFIX + "/language/{code}")
def choose_language(code: str, next: str = "") -> Response:
    """Remembers the reader's language, and goes back to the page."""
    answer = RedirectResponse(local_address(next), status_code=303)
    if code in LANGUAGES:
        answer.set_cookie(COOKIE, code, max_age=400 * 86_400, path=PREFIX, httponly=True, samesite="lax")
    return answer


def add_console(app: FastAPI) -> None:
    """Adds the console to the application."""
    for page in PAGES:
        app.include_router(page.router)
    app.include_router(router)
    app.include_router(vega_route.router)
    app.mount(ADDRESS, kept_files(), name="console-static")
    app.add_middleware(FailuresAsPages)
