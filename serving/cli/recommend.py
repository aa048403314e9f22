"""`faces recommend`: what to show one member."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

import typer

from serving.cli.options import AsOf, JsonFile, settings_at, write_figures
from serving.cli.screen import say, show_table


def recommend(
    *,
    member: Annotated[str | None, typer.Option(help="the member's id")] = None,
    source: Annotated[str | None, typer.Option(help="channel that knows the member")] = None,
    source_id: Annotated[str | None, typer.Option(help="the member's id in that channel")] = None,
    count: Annotated[int, typer.Option(min=1, max=200, help="how many products")] = 10,
    locale: Annotated[str, typer.Option(help="language of the reasons: en or zh")] = "en",
    as_of: AsOf = None,
    json: JsonFile = None,
) -> None:
    """Show the products that a member would be shown now, with the reason for each."""
    language: Literal["en", "zh"] = "zh" if locale == "zh" else "en"
    if locale not in ("en", "zh"):
        raise typer.BadParameter(f"'{locale}' is no language of the reasons; there are en and zh")
    if (member is None) == (source_id is None) or (source is None) != (source_id is None):
        raise typer.BadParameter("name the member by --member, or by --source and --source-id")
    settings, _ = settings_at(as_of)

    from serving.answers import MemberRef, RecommendationQuery
    from serving.recommendations.engine import load_engine
    from training.release.shelf import require_active_release

    engine = load_engine(settings, require_active_release(settings.paths))
    answer = engine.recommend(
        RecommendationQuery(
            member=MemberRef(member_id=member, source=source, source_id=source_id),
            scenario="home",
            count=count,
            locale=language,
        )
    )
    who = answer.member_id or "an unknown member"
    show_table(
        f"For {who}, as of {answer.as_of:%Y-%m-%d %H:%M} UTC, release {answer.release_id}",
        ["product", "name", "score", "reason"],
        [[item.product_id, item.name, item.score, item.reasons[0].sentence] for item in answer.items],
    )
    if answer.fallback is not None:
        say(f"not personal: {answer.fallback}")
    write_figures(json, asdict(answer) | {"as_of": answer.as_of.isoformat()})
