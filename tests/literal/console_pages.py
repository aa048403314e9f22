"""Every page of the console, derived from its routes: a new page cannot be forgotten."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from fastapi.routing import APIRoute

from serving.console.routes import PAGES

CONVERTOR = re.compile(r":\w+\}")
PARAMETER = re.compile(r"\{(\w+)\}")
PARTS = frozenset({"/console/audiences/{audience_id}/results", "/console/audiences/new/preview/{audience_id}"})
"""Parts of a page, which its script asks for: they are seen with the page."""


def page_paths() -> tuple[str, ...]:
    """The paths of all pages that are looked at (GET), with the names of their parameters, sorted."""
    routes = [route for page in PAGES for route in page.router.routes]
    looked_at = [route.path for route in routes if isinstance(route, APIRoute) and "GET" in route.methods]
    return tuple(sorted({CONVERTOR.sub("}", path) for path in looked_at} - PARTS))


def address_of(path: str, samples: Mapping[str, str]) -> str:
    """A page's address with its parameters filled in. Raises KeyError for one that has no sample yet."""
    return PARAMETER.sub(lambda found: quote(samples[found.group(1)], safe="/:"), path)
