"""`faces load`: bring a retailer's tables in."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from serving.cli.options import AsOf, JsonFile, settings_at, write_figures
from serving.cli.screen import progress, say, show_table


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

    Rows that cannot be used are kept in rejected/ with the reason. Loading the same files again changes nothing.
    """
    from features.tables.load import load_shop

    settings, moment = settings_at(as_of)
    with progress("load") as report:
        summary = load_shop(
            settings,
            source=source,
            with_synthetic_contacts=with_synthetic_contacts,
            as_of=moment,
            now=datetime.now(UTC),
            progress=lambda step: report(0, 0, step),
        )
    rows = [
        [
            table.name,
            table.kept,
            table.later,
            table.rejected_total,
            ", ".join(f"{reason} {number:,}" for reason, number in table.rejected.items()),
        ]
        for table in summary.tables
    ]
    show_table("Tables", ["table", "kept", "later", "rejected", "reasons"], rows)
    if summary.not_handed_over:
        say(f"not handed over: {', '.join(summary.not_handed_over)}")
    for note in summary.notes:
        say(note)
    state = "already loaded" if summary.already_loaded else "loaded"
    say(f"{state}: {summary.members:,} members, up to {summary.latest_at:%Y-%m-%d %H:%M} UTC")
    say(f"wrote {settings.paths.tables / summary.version}, rejected rows in {settings.paths.rejected}")
    write_figures(
        json,
        {
            "version": summary.version,
            "batch": summary.batch,
            "members": summary.members,
            "latest_at": summary.latest_at.isoformat(),
            "already_loaded": summary.already_loaded,
            "tables": {
                table.name: {"kept": table.kept, "later": table.later, "rejected": dict(table.rejected)}
                for table in summary.tables
            },
        },
    )
