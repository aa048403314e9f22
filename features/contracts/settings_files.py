"""Where settings are written: settings.toml, and a file of the shop's own that names only what differs there."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

SETTINGS_FILE = "FACES_SETTINGS"
"""Environment variable that names the shop's own settings file."""
WHOLE = ("scenarios", "destinations", "tags")
"""Tables whose names are free: a file that has any of one has all of them."""


def default_file() -> Path:
    """The settings.toml beside the packages (checkout or bento)."""
    return Path(__file__).resolve().parents[2] / "settings.toml"


def settings_file() -> Path:
    """The file named by FACES_SETTINGS, else the default one."""
    named = os.environ.get(SETTINGS_FILE)
    return Path(named) if named else default_file()


def written_settings() -> dict[str, Any]:
    """What the files say; `Any` because the types are checked later. Raises ValueError for a file that is no TOML.

    Keys that the shop's own file does not name are those of settings.toml; tables below a section are taken whole.
    """
    file, default = settings_file(), default_file()
    own = _read(file)
    if file.resolve() == default or not default.is_file():
        return own
    found = _read(default)
    for name, value in own.items():
        is_part = isinstance(value, dict) and isinstance(found.get(name), dict) and name not in WHOLE
        found[name] = {**found[name], **value} if is_part else value
    return found


def _read(file: Path) -> dict[str, Any]:
    with file.open("rb") as handle:
        return tomllib.load(handle)
