"""`faces results`: what came of an audience."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from serving.cli.options import AsOf, JsonFile, settings_at, write_figures
from serving.cli.screen import say, show_table


def results(
    *,
    audience: Annotated[str, typer.Option(help="the audience's id")],
    product: Annotated[
        list[str] | None, typer.Option(help="of a launch: a product that was launched in the end; may be repeated")
    ] = None,
    as_of: AsOf = None,
    json: JsonFile = None,
) -> None:
    """Show what came of an audience once its horizon has passed: buyers, revenue and lift over those held out."""
    from features.contracts.errors import Refused
    from features.contracts.ids import AudienceId
    from serving.records.audiences import AudienceState, find_audience
    from serving.records.opening import open_records
    from serving.results.results import audience_results

    settings, _ = settings_at(as_of)
    records = open_records(settings)
    try:
        with records.reading() as transaction:
            found = find_audience(transaction, AudienceId(audience))
        if found is None or found.is_dry_run or found.state is not AudienceState.DONE:
            state = "there is none of that id" if found is None else f"it is {found.state}"
            raise Refused(f"results: audience {audience}: {state}; only a finished one has results")
        told = audience_results(settings, records, found, product_ids=tuple(product or ())).to_json()
    finally:
        records.close()
    _show(told)
    write_figures(json, told)


def _show(told: dict[str, Any]) -> None:
    # `Any` because JSON is
    say(f"{told['as_of']} to {told['until']}, {told['horizon_days']} days: {told['note']}")
    show_table(
        "What came of it",
        ["", "members", "buyers", "rate", "revenue"],
        [
            [
                name,
                group["members"],
                group["buyers"],
                group["rate"],
                "-" if group["revenue"] is None else group["revenue"],
            ]
            for name, group in ((name, told[name]) for name in ("selected", "held_out", "exported"))
        ],
    )
    lift, buyers = told["lift"], told["predicted"]["buyers"]
    say(f"lift (95%): {_effect(lift['ratio'])} times, {_effect(lift['more_buyers'])} buyers more than without telling")
    if buyers["low"] is not None:
        between = f"{buyers['low']:,.0f} to {buyers['high']:,.0f}"
        say(f"predicted {buyers['expected']:,.1f} buyers ({between}), {buyers['actual']:,.0f} came")


def _effect(effect: dict[str, float | None]) -> str:
    estimate, low, high = (
        "-" if effect[name] is None else f"{effect[name]:,.2f}" for name in ("estimate", "low", "high")
    )
    return f"{estimate} ({low} to {high})"
