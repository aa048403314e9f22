"""The days in which the members of an audience could do what it was about, and whether they have passed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from features.contracts.clock import parse_moment
from features.contracts.errors import Conflict, NothingLoaded
from features.contracts.settings import Settings
from features.snapshots import FeatureBuild
from features.tables.storage import current_tables
from serving.ports import Json


@dataclass(frozen=True, kw_only=True)
class Window:
    """From the moment of an audience, with it, to the end of its horizon, without it."""

    from_at: datetime
    until_at: datetime

    @property
    def days(self) -> int:
        return (self.until_at - self.from_at).days


def window_of(summary: Json) -> Window:
    """The window of a finished audience."""
    from_at = parse_moment(summary["as_of"])
    return Window(from_at=from_at, until_at=from_at + timedelta(days=summary["horizon_days"]))


def require_passed(window: Window, settings: Settings, build: FeatureBuild) -> None:
    """Raises Conflict while the data do not reach to the end of the window; NothingLoaded when features lag behind."""
    tables = current_tables(settings.paths)
    if build.tables_version != tables.version:
        raise NothingLoaded(
            f"results: the features are of tables {build.tables_version} and {tables.version} is loaded; "
            "run `faces features` first"
        )
    known_until = min(tables.latest_at, settings.as_of) if settings.as_of else tables.latest_at
    if window.until_at > known_until:
        raise Conflict(
            f"results: the {window.days} days of this audience end at {window.until_at:%Y-%m-%d %H:%M} UTC, and what "
            f"happened is known up to {known_until:%Y-%m-%d %H:%M} UTC; ask once data up to then are loaded"
        )
