"""`faces load`: bring a retailer's tables in."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.forget import heed_new_batches, without_the_forgotten
from serving.cli.hand_over import hand_over_events
from serving.cli.options import AsOf, JsonFile, settings_at, write_figures
from serving.cli.screen import progress, say, show_table

if TYPE_CHECKING:
    from features.contracts.settings import Settings
    from features.tables.summary import LoadSummary


def load(
    *,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="folder with your tables (docs/tables.md); default: The Complete Journey"),
    ] = None,
    with_synthetic_contacts: Annotated[
        bool, typer.Option("--with-synthetic-contacts", help="invent phones, channels and consent, marked synthetic")
    ] = False,
    as_of: AsOf = None,
    json: JsonFile = None,
) -> None:
    """Read your tables, check every row, and store what is sound.

    Rows that cannot be used are kept in rejected/ with the reason. Files that were loaded before change nothing; a
    changed file replaces what it said before. Without --from, a shop of your own files makes its tables anew.
    """
    from features.tables.load import load_shop

    settings, moment = settings_at(as_of)
    forgotten = without_the_forgotten(settings)
    hand_over_events(settings)
    with progress("load") as report:
        summary = load_shop(
            settings,
            source=source,
            with_synthetic_contacts=with_synthetic_contacts,
            as_of=moment,
            now=datetime.now(UTC),
            progress=lambda step: report(0, 0, step),
            forgotten=forgotten,
        )
    heed_new_batches(settings)
    _show(summary, settings)
    write_figures(json, _figures(summary))


def _show(summary: LoadSummary, settings: Settings) -> None:
    from features.tables.missing import SWITCHED_OFF

    replaces = any(table.replaced for table in summary.tables)
    rows = [
        [
            table.name,
            table.kept,
            table.later,
            *([table.replaced] if replaces else []),
            table.rejected_total,
            ", ".join(f"{reason} {number:,}" for reason, number in table.rejected.items()),
        ]
        for table in summary.tables
    ]
    columns = ["table", "kept", "later", *(["replaced"] if replaces else []), "rejected", "reasons"]
    show_table("Tables", columns, rows)
    for table in summary.not_handed_over:
        say(f"no {table}: {SWITCHED_OFF[table]}")
    for note in summary.notes:
        say(note)
    state = "already loaded" if summary.already_loaded else "loaded"
    say(f"{state}: {summary.members:,} members, up to {summary.latest_at:%Y-%m-%d %H:%M} UTC")
    say(f"wrote {settings.paths.tables / summary.version}, rejected rows in {settings.paths.rejected}")


def _figures(summary: LoadSummary) -> dict[str, object]:
    return {
        "version": summary.version,
        "batch": summary.batch,
        "members": summary.members,
        "latest_at": summary.latest_at.isoformat(),
        "already_loaded": summary.already_loaded,
        "tables": {
            table.name: {
                "kept": table.kept,
                "later": table.later,
                "replaced": table.replaced,
                "rejected": dict(table.rejected),
            }
            for table in summary.tables
        },
    }
