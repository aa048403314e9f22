"""Files that browsers keep for good, compressed on their way.

Only these are compressed, never a page: a page holds the visitor's token beside what the address said, and the length
of the two compressed together tells of the token (BREACH). Pages are small; scripts are what a browser waits for.
"""

from __future__ import annotations

import re

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from serving.console.assets import STATIC, VERSION_LENGTH, version

FOR_GOOD = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
"""Kept too, but the browser asks each time whether it is still the same."""
LEAST_BYTES = 500
"""Smaller files are sent as they are."""

_VERSION = re.compile(f"[0-9a-f]{{{VERSION_LENGTH}}}")


class _Kept(StaticFiles):
    """The files of static/ under VERSION/NAME, for good, and under NAME.

    A page of before an upgrade names another version; it gets the files of now, and asks again for them.
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        named, _, rest = path.replace("\\", "/").partition("/")
        answer = await super().get_response(rest if _VERSION.fullmatch(named) else path, scope)
        if answer.status_code in (200, 304):
            answer.headers["Cache-Control"] = FOR_GOOD if named == version() else ASK_AGAIN
        return answer


def kept_files() -> ASGIApp:
    """What answers with the files of static/."""
    return GZipMiddleware(_Kept(directory=STATIC), minimum_size=LEAST_BYTES)
