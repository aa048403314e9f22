"""`faces score`: score targets before they are asked for."""

from __future__ import annotations

import json as json_text
from typing import Annotated, Any

import typer

from features.contracts.errors import Refused
from serving.cli.options import AsOf, JsonFile, settings_at, write_figures
from serving.cli.screen import progress, say


def score(
    *,
    targets: Annotated[
        list[str] | None,
        typer.Option("--target", metavar="JSON", help="""as in POST /v1/audiences, like '{"event": "visit"}'"""),
    ] = None,
    horizon: Annotated[int | None, typer.Option(help="days within which it counts; default: the settings'")] = None,
    as_of: AsOf = None,
    json: JsonFile = None,
) -> None:
    """Score every member for targets with the active release and keep the scores, for audiences that answer at once.

    Without --target those of the setting audiences.nightly. Scores that are there already stay.
    """
    settings, moment = settings_at(as_of)

    from serving.audiences.desk import open_desk
    from serving.audiences.product_table import ProductTable
    from serving.audiences.rule import AudienceRule
    from serving.audiences.targets import resolve_target
    from serving.audiences.world import NoWorld
    from training.propensity.scorer import open_scorer

    asked: list[dict[str, Any]] = [*map(_parsed, targets)] if targets else list(settings.audiences.nightly)
    rules = [AudienceRule.from_json({"target": each, "size": 1}).target for each in asked]
    desk = open_desk(settings, as_of=moment)
    scorer = open_scorer(settings, desk.release_folder / "propensity", desk.history, at=desk.shop.moment)
    days = horizon or settings.propensity.horizon_days
    products = ProductTable(desk.shop)
    kept = []
    for target, rule in zip(asked, rules, strict=True):
        resolved = resolve_target(rule, products, NoWorld())
        with progress("score") as report:
            scored = scorer.score(resolved.target, horizon_days=days, progress=report)
        folder = scorer.keep(scored)
        say(
            f"{json_text.dumps(target)}: {len(scored.member_ids):,} members, {scored.probabilities.sum():,.0f} expected"
        )
        kept.append({"target": target, "horizon_days": days, "members": len(scored.member_ids), "folder": str(folder)})
    say(f"kept the scores of {len(kept)} targets as of {scorer.moment:%Y-%m-%d %H:%M} UTC")
    write_figures(json, kept)


def _parsed(text: str) -> dict[str, Any]:
    # `Any` because JSON is; the rule checks what it means.
    try:
        found = json_text.loads(text)
    except ValueError as error:
        raise Refused(f"score: --target {text} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise Refused(f"score: --target {text} is no JSON object")
    return found
