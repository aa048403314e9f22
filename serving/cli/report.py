"""`faces report`: what came of what the service did."""

from __future__ import annotations

import json as json_text
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer

from features.contracts.settings import load_settings
from serving.cli.options import JsonFile, write_figures
from serving.cli.screen import say, show_table

app = typer.Typer(help="Report what came of what the service did.", no_args_is_help=True)


@app.callback()
def options() -> None:
    """Keeps `recommendations` a command of its own while it is the only report."""


@app.command("recommendations")
def recommendations(
    *,
    days: Annotated[int, typer.Option(min=1, max=3650, help="recommendations of so many last days")] = 28,
    format: Annotated[Literal["table", "json"], typer.Option(help="print a table, or JSON")] = "table",
    json: JsonFile = None,
) -> None:
    """Show what was shown, clicked and bought, and for how much, by scenario, source and release."""
    from serving.records.opening import open_records
    from serving.reports.recommendations import recommendation_report

    settings = load_settings()
    records = open_records(settings)
    try:
        told = recommendation_report(settings, records, now=datetime.now(UTC), days=days).to_json()
    finally:
        records.close()
    if format == "json":
        print(json_text.dumps(told, ensure_ascii=False, indent=2))
    else:
        _show(told)
    write_figures(json, told)


def _show(told: dict[str, Any]) -> None:
    # `Any` because JSON is
    say(f"Recommendations from {told['since']} to {told['until']}")
    if not told["outcomes"]:
        say("none were logged; ask the service for some, and send what followed as events that name them")
        return
    rows = [[each["scenario"], each["source"], each["release"], *_figures(each)] for each in told["outcomes"]]
    rows += [[name, "every source", "", *_figures(each)] for name, each in told["scenarios"].items()]
    rows.append(["in all", "", "", *_figures(told["total"])])
    columns = ["scenario", "source", "release", "shown", "clicked", "bought", f"revenue ({told['currency']})"]
    show_table("What came of them", columns, rows)
    say(f"clicked within {told['click_days']} days, bought within {told['bought_days']} days of being shown last")
    say(told["note"])


def _figures(each: dict[str, Any]) -> list[object]:
    return [each["shown"], each["clicked"], each["bought"], each["revenue"]]
