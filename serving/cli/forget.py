"""`faces forget`: remove everybody who asked to be forgotten."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from features.contracts.forgotten import Forgotten
from features.contracts.settings import Settings
from serving.cli.options import JsonFile, settings_at, write_figures
from serving.cli.screen import progress, say, show_table

if TYPE_CHECKING:
    from serving.forgetting.run import ForgettingSummary
    from serving.records.opening import Records


def forget(*, json: JsonFile = None) -> None:
    """Remove everybody who asked to be forgotten from every place: files, models, releases, online rows and records.

    `faces load` does the same before it reads anything. A service may run meanwhile.
    """
    settings, _ = settings_at(None)
    summary = forget_pending_now(settings)
    if not summary.forgettings:
        say("nobody asked to be forgotten since the last run")
    else:
        show_table(
            "Forgotten", ["place", "rows removed"], [[place, number] for place, number in summary.counts.items()]
        )
        say(f"{summary.forgettings:,} forgotten; keyed marks and these counts are all that is kept")
    write_figures(json, {"forgettings": summary.forgettings, "rows": summary.counts})


def forget_pending_now(settings: Settings) -> ForgettingSummary:
    """What was removed of everybody who asked since the last run."""
    from serving.forgetting.run import forget_pending

    with _records(settings) as records, progress("forget") as report:
        return forget_pending(settings, records, now=datetime.now(UTC), progress=lambda step: report(0, 0, step))


def without_the_forgotten(settings: Settings) -> Forgotten:
    """Everybody who asked to be forgotten, once they are removed from everything: before a load reads anything."""
    from serving.forgetting.watch import open_watch

    summary = forget_pending_now(settings)
    if summary.forgettings:
        say(f"forgotten first: {summary.forgettings:,} who asked for it")
    with _records(settings) as records:
        return open_watch(settings, records).forgotten


def heed_new_batches(settings: Settings) -> None:
    """Takes up what a load found out about the forgotten: ids of theirs, and who joined anew."""
    from serving.forgetting.run import heed_batches

    with _records(settings) as records:
        heed_batches(settings, records, now=datetime.now(UTC))


@contextlib.contextmanager
def _records(settings: Settings) -> Iterator[Records]:
    from serving.records.opening import open_records

    records = open_records(settings)
    try:
        yield records
    finally:
        records.close()
