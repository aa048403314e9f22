"""Which adapter reads a source."""

from __future__ import annotations

from pathlib import Path

import duckdb

from features.contracts.errors import Refused
from features.contracts.settings import Settings
from features.sources import complete_journey, folder
from features.sources.handed_over import HandedOver


def handed_over(con: duckdb.DuckDBPyConnection, settings: Settings, *, source: Path | None) -> HandedOver:
    """The data set in `source`, or the settings' own when no folder is named.

    Raises Refused when no adapter knows the folder.
    """
    if source is None and settings.load.source == "folder":
        raise Refused("load: settings.load.source is `folder`; name the folder with --from")
    place = (source or complete_journey.package_folder()).absolute()
    if not place.is_dir():
        raise Refused(f"load: {place} is no folder; name the folder that holds the tables")
    if complete_journey.stands_in(place):
        return complete_journey.complete_journey(
            con,
            place,
            zone=settings.timezone,
            currency=settings.currency,
            with_promotions=settings.load.with_promotions,
        )
    if folder.stands_in(place):
        return folder.contract_folder(con, place)
    raise Refused(
        f"load: {place} holds neither transactions.parquet nor transactions/ (Complete Journey), "
        "nor order_lines.parquet, order_lines.csv or order_lines/ (the data contract)"
    )
