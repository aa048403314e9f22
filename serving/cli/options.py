"""Options that several commands share, and the settings they lead to."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from features.contracts.atomic import write_json
from features.contracts.clock import parse_moment
from features.contracts.settings import Settings, load_settings

AsOf = Annotated[
    str | None,
    typer.Option(help="act as if it were this moment, like 2017-09-16 or 2017-09-16T05:00:00Z; default: the clock"),
]
JsonFile = Annotated[Path | None, typer.Option("--json", help="write the figures to this file as JSON")]


def settings_at(as_of: str | None) -> tuple[Settings, datetime | None]:
    """The settings of this command with its moment, and the moment itself (None: the clock's)."""
    moment = None if as_of is None else parse_moment(as_of)
    return (load_settings() if moment is None else load_settings(as_of=moment)), moment


def write_figures(file: Path | None, figures: Any) -> None:
    """Writes figures where `--json` asks for them; `Any` because JSON is."""
    if file is not None:
        write_json(file, figures)
