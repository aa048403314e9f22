"""`faces audience`: whom to tell about something."""

from __future__ import annotations

from typing import Annotated

import typer

from serving.cli.options import AsOf, JsonFile, settings_at, write_figures
from serving.cli.screen import progress, say, show_table


def audience(
    *,
    category: Annotated[str, typer.Option(help="the goods to sell: a product category")],
    size: Annotated[int | None, typer.Option(help="this many of the likeliest buyers")] = None,
    min_probability: Annotated[float | None, typer.Option(help="everybody at least this likely to buy")] = None,
    as_of: AsOf = None,
    json: JsonFile = None,
) -> None:
    """Find the members most likely to buy from a category, and how many of them will."""
    from serving.audiences.build import build_audience
    from serving.audiences.rule import AudienceRule

    settings, moment = settings_at(as_of)
    rule = AudienceRule(category=category, size=size, min_probability=min_probability)
    with progress("audience") as report:
        built = build_audience(settings, rule, as_of=moment, progress=report)
    summary = built.summary
    say(
        f"{category}: {summary['size']:,} of {summary['population']:,} active members, "
        f"{summary['expected_buyers']:,} expected to buy within {summary['horizon_days']} days "
        f"({summary['lift']} times the average member), as of {summary['as_of']}"
    )
    show_table(
        "Likeliest buyers",
        ["member", "probability"],
        [[each["member_id"], each["probability"]] for each in summary["top_members"]],
    )
    write_figures(json, summary)
