"""Which adapter reads a source, and which files of it are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from features.contracts.errors import Refused
from features.contracts.settings import Settings
from features.sources import complete_journey, folder
from features.sources.handed_over import HandedOver, Period


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What stands in a folder, before anything of it is read."""

    adapter: str
    folder: Path
    files: Mapping[str, tuple[Path, ...]]
    """Table to its files; the tables of a whole data set are those of its own files."""
    is_whole: bool
    """The files make one data set and are read together; a later delivery replaces all of it."""

    def file_name(self, file: Path) -> str:
        """The file's name inside the folder: the form that is stored."""
        return file.relative_to(self.folder).as_posix()

    @property
    def every_file(self) -> tuple[Path, ...]:
        """Every file, once, in order."""
        return tuple(sorted({file for files in self.files.values() for file in files}))


def delivered(settings: Settings, *, source: Path | None) -> Delivery:
    """What is in `source`, or in the settings' own data set when no folder is named.

    Raises Refused when no adapter knows the folder.
    """
    if source is None and settings.load.source == "folder":
        raise Refused("load: settings.load.source is `folder`; name the folder with --from")
    place = (source or complete_journey.package_folder()).absolute()
    if not place.is_dir():
        raise Refused(f"load: {place} is no folder; name the folder that holds the tables")
    if complete_journey.stands_in(place):
        files = complete_journey.files_in(place, with_promotions=settings.load.with_promotions)
        return Delivery(adapter=complete_journey.ADAPTER, folder=place, files=files, is_whole=True)
    found = folder.tables_found(place, settings.load)
    if found:
        return Delivery(adapter=folder.ADAPTER, folder=place, files=found, is_whole=False)
    patterns = settings.load.patterns_of("order_lines")
    looked_for = " or ".join(patterns) if patterns else "order_lines.parquet, order_lines.csv or order_lines/"
    raise Refused(
        f"load: {place} holds neither transactions.parquet nor transactions/ (Complete Journey), "
        f"nor {looked_for} (the data contract)"
    )


def opened(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    delivery: Delivery,
    *,
    files: Mapping[str, tuple[Path, ...]] | None = None,
    spill: Path | None = None,
) -> HandedOver:
    """The tables of a delivery, of a folder made of `files` alone where they are given.

    Raises Refused or MissingColumn for files that cannot serve.
    """
    if delivery.adapter == complete_journey.ADAPTER:
        return complete_journey.complete_journey(
            con,
            delivery.folder,
            zone=settings.timezone,
            currency=settings.currency,
            with_promotions=settings.load.with_promotions,
        )
    chosen = dict(delivery.files if files is None else files)
    return folder.contract_folder(con, delivery.folder, load=settings.load, files=chosen, spill=spill)


def handed_over(
    con: duckdb.DuckDBPyConnection, settings: Settings, *, source: Path | None, spill: Path | None = None
) -> HandedOver:
    """The whole data set in `source`, or the settings' own when no folder is named."""
    return opened(con, settings, delivered(settings, source=source), spill=spill)


def period_of(adapter: str, table: str) -> Period | None:
    """The moments that an adapter declares possible for a table; None where the settings' bounds hold."""
    return complete_journey.PERIOD if adapter == complete_journey.ADAPTER and table == "order_lines" else None
