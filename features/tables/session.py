"""DuckDB connections: in memory, with bounded threads and memory, spilling under the shop's own folder."""

from __future__ import annotations

import os
import shutil
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from features.contracts.paths import ShopPaths
from features.contracts.settings import Settings

LOAD_MEMORY = "1200MB"
"""DuckDB's share of a load; pandas, Arrow and Parquet buffers come on top, together below 2 GB."""

READ_MEMORY = "2500MB"
"""DuckDB's share of a command that reads tables."""

_STALE_AFTER = timedelta(days=1)


def open_session(settings: Settings, *, zone: str, memory: str) -> duckdb.DuckDBPyConnection:
    """A connection whose session zone is `zone`: naive times are read in it, days are cut in it."""
    spill = spill_folder(settings.paths)
    spill.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(
        ":memory:",
        config={
            "threads": settings.threads,
            "memory_limit": memory,
            "temp_directory": str(spill / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"),
            # everything needed is built in; nothing may be fetched
            "autoinstall_known_extensions": "false",
        },
    )
    con.execute(f"SET TimeZone = '{zone}'")
    # progress bars would mix with the command's own lines
    # (in a notebook without widgets they are off, and DuckDB refuses to be told so)
    if con.execute("SELECT current_setting('enable_progress_bar')").fetchone() == (True,):
        con.execute("SET enable_progress_bar = false")
    return con


def spill_folder(paths: ShopPaths) -> Path:
    """Where intermediate results go that do not fit in memory; DuckDB empties its part when it closes."""
    return paths.root / "spill"


def remove_stale_spills(paths: ShopPaths, *, now: datetime) -> None:
    """Removes what killed commands left a day ago or longer; younger ones may be in use."""
    folder = spill_folder(paths)
    if not folder.is_dir():
        return
    for leftover in folder.iterdir():
        if leftover.is_dir() and datetime.fromtimestamp(leftover.stat().st_mtime, UTC) < now - _STALE_AFTER:
            shutil.rmtree(leftover, ignore_errors=True)


def transcoding_folder(paths: ShopPaths) -> Path:
    """Where a load writes files of another encoding anew; they may hold contact data, so nothing is left there."""
    return paths.root / "transcoded"


def remove_transcoded(paths: ShopPaths) -> None:
    """Removes what this load or a killed one has written anew; call it under the load's lock."""
    shutil.rmtree(transcoding_folder(paths), ignore_errors=True)
