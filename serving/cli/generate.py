"""`faces generate`: members that do not exist, for benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serving.cli.options import JsonFile, settings_at, write_figures
from serving.cli.screen import say


def generate(
    *,
    to: Annotated[Path, typer.Option(help="new folder to write to; use it as FACES_HOME")],
    members: Annotated[int, typer.Option(min=1, help="this many members")] = 1_000_000,
    products_per_member: Annotated[float, typer.Option(min=1, help="different products of a member, on average")] = 50,
    json: JsonFile = None,
) -> None:
    """Write a home of synthetic members after those of the released shop, for benchmarks of audiences.

    Each takes after a real member and keeps a part of its products. There are no contacts, no order lines and no online
    rows in it, and a file that says that nobody in it exists.
    """
    settings, _ = settings_at(None)

    from training.generated.home import generate_home

    made = generate_home(settings, to, members=members, cells_per_member=products_per_member, progress=say)
    say(
        f"wrote {made.folder}: {made.members:,} SYNTHETIC members with {made.cells:,} products bought, "
        f"as of {made.as_of:%Y-%m-%d}"
    )
    write_figures(
        json, {"is_synthetic": True, "members": made.members, "cells": made.cells, "folder": str(made.folder)}
    )
