"""The wall clock, read at the rim of the running service only."""

from __future__ import annotations

from datetime import UTC, datetime


def wall_clock() -> datetime:
    """Now; records carry real time, answers carry the release's `as_of`."""
    return datetime.now(UTC)
