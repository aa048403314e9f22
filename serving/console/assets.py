"""The files that a page loads: ours from static/, all under one address that changes with what any of them holds."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
ADDRESS = "/console/static"
VERSION_LENGTH = 12


@lru_cache
def asset(name: str) -> str:
    """The address of a file of static/: browsers may keep it for good, for another content has another address.

    The version stands before the name, so that what a script imports as `./api.js` has it too.
    """
    if not (STATIC / name).is_file():
        raise FileNotFoundError(f"console: there is no {name} in {STATIC.name}/")
    return f"{ADDRESS}/{version()}/{name}"


@lru_cache
def version() -> str:
    """The version of the files as they are now."""
    digest = hashlib.sha256()
    for file in sorted(STATIC.rglob("*")):
        if file.is_file():
            digest.update(f"{file.relative_to(STATIC)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:VERSION_LENGTH]
