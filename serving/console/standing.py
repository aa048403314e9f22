"""How a shop stands: its data, its release, its latest load and what somebody should look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from features.contracts.atomic import read_json
from features.contracts.clock import parse_moment
from features.contracts.errors import NothingLoaded
from features.contracts.ids import ReleaseId
from features.contracts.settings import Settings
from features.snapshots import FeatureBuild, current_build
from features.tables.batch_states import BatchState
from features.tables.loads_told import LoadTold, loads_told
from features.tables.storage import VERSION_FILE, TablesVersion, current_tables
from serving.console.languages import Language
from training.release.manifest import Manifest, read_manifest
from training.release.shelf import active_release, release_folder

OLD_AFTER = timedelta(days=2)
"""Data of a shop on the wall clock is called old from then on."""
MANY_REJECTED = 0.01
"""Share of a load's rows from which on its rejects are worth a look."""


@dataclass(frozen=True, kw_only=True)
class TableLoaded:
    """One table as it stands."""

    name: str
    kept: int
    rejected: Mapping[str, int]
    """Reason to rows."""

    @property
    def rejected_total(self) -> int:
        return sum(self.rejected.values())


@dataclass(frozen=True, kw_only=True)
class Attention:
    """Something that somebody should look at, and what mends it."""

    sentence: str
    command: str | None = None
    """What to run, when a command mends it."""
    address: str | None = None
    """Where the console tells more."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A shop at one look."""

    tables: TablesVersion | None
    loaded_at: datetime | None
    loaded: tuple[TableLoaded, ...]
    latest_load: LoadTold | None
    build: FeatureBuild | None
    release: Manifest
    active: ReleaseId | None
    """The release that should be in service."""


def standing_of(settings: Settings, *, in_service: ReleaseId) -> Standing:
    """How the shop stands, from a few small files. Raises ReleaseDamaged."""
    try:
        tables = current_tables(settings.paths)
        told = read_json(tables.folder / VERSION_FILE) or {}
    except NothingLoaded:
        tables, told = None, dict[str, Any]()
    try:
        build = current_build(settings.paths)
    except NothingLoaded:
        build = None
    loads = loads_told(settings)
    return Standing(
        tables=tables,
        loaded_at=parse_moment(told["loaded_at"]) if "loaded_at" in told else None,
        loaded=tuple(
            TableLoaded(name=each["name"], kept=each["kept"], rejected=each["rejected"])
            for each in told.get("tables", ())
        ),
        latest_load=loads[-1] if loads else None,
        build=build,
        release=read_manifest(release_folder(settings.paths, in_service)),
        active=active_release(settings.paths),
    )


def attention_of(standing: Standing, settings: Settings, language: Language, *, now: datetime) -> list[Attention]:
    """What somebody should look at, the most pressing first."""
    return [*_of_the_data(standing, settings, language, now=now), *_of_the_release(standing, language)]


def _of_the_data(standing: Standing, settings: Settings, language: Language, *, now: datetime) -> Iterator[Attention]:
    say = language.say
    latest = standing.latest_load
    if latest is not None and latest.state is BatchState.REFUSED:
        yield Attention(
            sentence=say(
                "The latest load was refused because too many rows cannot be used; those before it stay in use."
            ),
            command=f"faces loads redo {int(latest.number)}",
        )
    if latest is not None and latest.state is BatchState.WAITING:
        yield Attention(sentence=say("A load did not come to its end."), command="faces load")
    if latest is not None and latest.rejected and latest.rejected >= MANY_REJECTED * max(1, latest.rows):
        yield Attention(
            sentence=say("Of the latest load a noticeable share of rows could not be used; see the reasons below."),
            address="#rejected",
        )
    if standing.tables is not None and settings.clock == "wall" and now - standing.tables.latest_at > OLD_AFTER:
        yield Attention(sentence=say("The newest purchase is more than two days old."), command="faces load")


def _of_the_release(standing: Standing, language: Language) -> Iterator[Attention]:
    say = language.say
    release, build = standing.release, standing.build
    if standing.active not in (None, release.release_id):
        yield Attention(
            sentence=say(
                "Release %(release)s should be in service and could not be loaded; the one before goes on answering.",
                release=standing.active,
            ),
            address="/console/quality",
        )
    if standing.tables is not None and build is not None and build.tables_version != standing.tables.version:
        yield Attention(
            sentence=say("Rows were loaded that recommendations and audiences do not know yet."),
            command="faces features && faces release",
        )
    elif build is not None and build.version != release.feature_build:
        yield Attention(
            sentence=say("Features were computed that the release in service does not know yet."),
            command="faces release",
        )
    if any(model.fallbacks for model in release.models):
        yield Attention(
            sentence=say("For some models the shop has too little data; simple rules answer in their place."),
            address="/console/quality",
        )
