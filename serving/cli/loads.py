"""`faces loads`: the batches that were handed over, to list, take out and bring back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from serving.cli.options import JsonFile, settings_at, write_figures
from serving.cli.screen import progress, say, show_table

app = typer.Typer(help="The batches that were loaded: list them, undo one, redo it.", no_args_is_help=False)
Number = Annotated[str, typer.Argument(help="the batch's number, as `faces loads list` shows it")]


@app.callback(invoke_without_command=True)
def loads(context: typer.Context) -> None:
    """Without a command: the list."""
    if context.invoked_subcommand is None:
        list_loads()


@app.command("list")
def list_loads(*, json: JsonFile = None) -> None:
    """Show every batch: when it came, its files, its rows and whether it counts."""
    from features.tables.loads_told import loads_told

    settings, _ = settings_at(None)
    told = loads_told(settings)
    rows = [
        [
            int(batch.number),
            f"{batch.loaded_at:%Y-%m-%d %H:%M}",
            batch.files_shown,
            batch.rows,
            "-" if batch.rejected is None else batch.rejected,
            batch.state,
        ]
        for batch in told
    ]
    show_table("Loads", ["batch", "loaded (UTC)", "files", "rows", "rejected", "state"], rows)
    write_figures(json, {"loads": [batch.to_json() for batch in told]})


@app.command()
def undo(number: Number) -> None:
    """Take a batch out: the tables are made anew as if it had never come. Its files stay out until `redo`."""
    _change(number, "undo")


@app.command()
def redo(number: Number) -> None:
    """Bring an undone batch back, or try a refused one again."""
    _change(number, "redo")


def _change(number: str, to: Literal["undo", "redo"]) -> None:
    from features.tables.load import change_batch

    settings, _ = settings_at(None)
    with progress("loads") as report:
        summary = change_batch(settings, number, to=to, now=datetime.now(UTC), progress=lambda step: report(0, 0, step))
    if summary is None:
        say("no batch is left in use: nothing is loaded now")
        return
    rows = [[table.name, table.kept, table.replaced, table.rejected_total] for table in summary.tables]
    show_table("Tables", ["table", "kept", "replaced", "rejected"], rows)
    say(f"{summary.members:,} members, up to {summary.latest_at:%Y-%m-%d %H:%M} UTC; run `faces features` next")
