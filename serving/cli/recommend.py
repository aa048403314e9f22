"""`faces recommend`: what to show one member."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from serving.cli.options import AsOf, JsonFile, settings_at, write_figures
from serving.cli.recommend_all import recommend_all
from serving.cli.screen import say, show_table

if TYPE_CHECKING:
    from serving.answers import Recommendation


def recommend(
    *,
    member: Annotated[str | None, typer.Option(help="the member's id")] = None,
    source: Annotated[str | None, typer.Option(help="channel that knows the member")] = None,
    source_id: Annotated[str | None, typer.Option(help="the member's id in that channel")] = None,
    scenario: Annotated[str, typer.Option(help="the place in the app, one of [scenarios] in settings.toml")] = "home",
    count: Annotated[int, typer.Option(min=1, max=200, help="how many items")] = 10,
    filter_: Annotated[
        str | None,
        typer.Option("--filter", help="""which products may come, like 'price < 5 and brand != "Maker 2"'"""),
    ] = None,
    basket: Annotated[list[str] | None, typer.Option(help="a product in the basket; may be repeated")] = None,
    product: Annotated[str | None, typer.Option(help="the product being looked at")] = None,
    store: Annotated[str | None, typer.Option(help="the store that the member is in")] = None,
    locale: Annotated[str, typer.Option(help="language of the reasons: en or zh")] = "en",
    all_: Annotated[bool, typer.Option("--all", help="every member instead of one, into a file")] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE.parquet", help="the file that --all writes")] = None,
    as_of: AsOf = None,
    json: JsonFile = None,
) -> None:
    """Show what a member would be shown now, with the reason for each item; or write it for every member to a file."""
    language: Literal["en", "zh"] = "zh" if locale == "zh" else "en"
    if locale not in ("en", "zh"):
        raise typer.BadParameter(f"'{locale}' is no language of the reasons; there are en and zh")
    if all_ or out is not None:
        alone = (member, source, source_id, filter_, basket, product, store)
        if not all_ or out is None or any(each is not None for each in alone):
            raise typer.BadParameter("--all and --out go together, with --scenario, --count and --locale alone")
        recommend_all(scenario=scenario, count=count, locale=language, out=out, as_of=as_of, json=json)
        return
    if (member is None) == (source_id is None) or (source is None) != (source_id is None):
        raise typer.BadParameter("name the member by --member, or by --source and --source-id")
    settings, _ = settings_at(as_of)

    from features.contracts.ids import ProductId
    from serving.answers import MemberRef, RecommendationQuery
    from serving.forgetting.watch import forgotten_now
    from serving.recommendations.engine import load_engine
    from training.release.shelf import require_active_release

    forgotten = forgotten_now(settings)
    engine = load_engine(settings, require_active_release(settings.paths), forgotten=lambda: forgotten)
    answer = engine.recommend(
        RecommendationQuery(
            member=MemberRef(member_id=member, source=source, source_id=source_id),
            scenario=scenario,
            count=count,
            filter=filter_,
            basket=tuple(ProductId(each) for each in basket or ()),
            product_id=None if product is None else ProductId(product),
            store_id=store,
            locale=language,
        )
    )
    _show(answer, count=count)
    write_figures(json, _figures(answer))


def _show(answer: Recommendation, *, count: int) -> None:
    who = answer.member_id or "an unknown member"
    show_table(
        f"For {who}, as of {answer.as_of:%Y-%m-%d %H:%M} UTC, release {answer.release_id}",
        ["id", "name", "score", "reason"],
        [[item.id, item.name, item.score, item.reasons[0].sentence] for item in answer.items],
    )
    if answer.fallback is not None:
        say(f"not personal: {answer.fallback}")
    if len(answer.items) < count:
        say("fewer than asked for: " + ", ".join(f"{code} {number}" for code, number in answer.filtered.items()))


def _figures(answer: Recommendation) -> dict[str, Any]:
    # `Any` because JSON is
    figures = asdict(answer) | {"as_of": answer.as_of.isoformat()}
    for item in figures["items"]:
        item |= {name: item[name] and item[name].isoformat() for name in ("expected_on", "ends_on")}
    return figures
