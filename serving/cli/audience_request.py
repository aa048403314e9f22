"""The options of `faces audience`, and the request that they make: the same JSON as the body of POST /v1/audiences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from features.contracts.errors import Refused

WITHIN = "DAYS"

Products = Annotated[list[str] | None, typer.Option("--product", help="sell this product; may be repeated")]
ListId = Annotated[str | None, typer.Option("--list", help="sell the products of this uploaded list")]
Department = Annotated[str | None, typer.Option(help="sell the products of a department")]
Category = Annotated[str | None, typer.Option(help="sell the products of a category")]
Subcategory = Annotated[str | None, typer.Option(help="sell the products of a subcategory")]
Brand = Annotated[str | None, typer.Option(help="sell the products of a brand")]
Filter = Annotated[str | None, typer.Option("--filter", help="""sell products by their attributes, like 'price < 5'""")]
LaunchCategory = Annotated[str | None, typer.Option(help="launch a product that was never sold, in this category")]
LaunchSubcategory = Annotated[str | None, typer.Option(help="subcategory of the launch")]
LaunchBrand = Annotated[str | None, typer.Option(help="brand of the launch")]
LaunchPrice = Annotated[float | None, typer.Option(help="list price of a piece of the launch")]
Analogues = Annotated[
    list[str] | None, typer.Option("--analogue", help="a product that the launch will be like; may be repeated")
]
Event = Annotated[str | None, typer.Option(help="in place of a purchase: visit, join or coupon_redeemed")]
Lapse = Annotated[bool, typer.Option("--lapse", help="in place of a purchase: no purchase of anything")]
Horizon = Annotated[int | None, typer.Option(help="days within which it counts; default: the settings'")]
Size = Annotated[int | None, typer.Option(help="this many of the likeliest")]
MinProbability = Annotated[float | None, typer.Option(help="everybody at least this likely")]
ExpectedBuyers = Annotated[float | None, typer.Option(help="as few as will bring this many buyers")]
BoughtWithin = Annotated[
    int | None, typer.Option(metavar=WITHIN, help="choose among members who bought anything within these days")
]
PopulationCategory = Annotated[
    str | None, typer.Option(help="choose among members who bought from this category; goes with --population-days")
]
PopulationDays = Annotated[int | None, typer.Option(metavar=WITHIN, help="within these days")]
PopulationFilter = Annotated[str | None, typer.Option(help="""choose among members like 'gender == "f"'""")]
PopulationTags = Annotated[
    list[str] | None,
    typer.Option("--population-tag", help="choose among members with this tag (`faces tags`); may be repeated"),
]
Stores = Annotated[
    list[str] | None, typer.Option("--store", help="choose among members who bought in this store; may be repeated")
]
Channels = Annotated[
    list[str] | None,
    typer.Option("--order-channel", help="choose among members who bought through this channel; may be repeated"),
]
ExcludeBought = Annotated[
    int | None,
    typer.Option("--exclude-bought-within", metavar=WITHIN, help="leave out who bought it within these days"),
]
ExcludeContacted = Annotated[
    int | None,
    typer.Option("--exclude-contacted-within", metavar=WITHIN, help="leave out who was contacted within these days"),
]
ExcludeAudiences = Annotated[
    list[str] | None, typer.Option("--exclude-audience", help="leave out the members of this audience; may be repeated")
]
ConsentChannel = Annotated[
    str | None, typer.Option("--channel", help="only members with contact and consent: sms, email or wechat")
]
Combine = Annotated[
    str | None,
    typer.Option(
        help="""saved audiences and lists as JSON, like '{"and": [{"list": "ID"}, {"not": {"audience": "ID"}}]}'"""
    ),
]
Holdout = Annotated[float | None, typer.Option(help="share of those chosen who are not told, 0 to 0.5")]
WithCoupons = Annotated[bool, typer.Option("--with-coupons", help="name each member's best running coupon too")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="the counts and figures only")]
RequestFile = Annotated[
    Path | None,
    typer.Option(
        "--request", metavar="FILE.json", help="the whole request, as the service takes it, in place of options"
    ),
]


def request_of(options: dict[str, Any]) -> dict[str, Any]:
    """The request that options make, what was not given left out; `Any` because JSON is."""
    launch = {
        "category": options["launch_category"],
        "subcategory": options["launch_subcategory"],
        "brand": options["launch_brand"],
        "price": options["launch_price"],
        "analogues": options["analogue"],
    }
    target = {
        "product_ids": options["product"],
        "list_id": options["list_"],
        **{name: options[name] for name in ("department", "category", "subcategory", "brand")},
        "filter": options["filter_"],
        "launch": _given(launch),
        "event": options["event"],
        "lapse": options["lapse"],
    }
    bought = {"category": options["population_category"], "days": options["population_days"]}
    population = {
        "bought_within_days": options["bought_within"],
        "bought_category_within": _given(bought),
        "filter": options["population_filter"],
        "tags": options["population_tag"],
        "store_ids": options["store"],
        "channels": options["order_channel"],
    }
    exclude = {
        "bought_within_days": options["exclude_bought_within"],
        "contacted_within_days": options["exclude_contacted_within"],
        "audience_ids": options["exclude_audience"],
    }
    if not _given(target):
        raise typer.BadParameter(
            "name what to sell: --product, --list, --department, --category, --subcategory, --brand, --filter, "
            "--launch-category, --event or --lapse; or give --request"
        )
    return _given(
        {
            "target": _given(target),
            "horizon_days": options["horizon"],
            "population": _given(population),
            **{name: options[name] for name in ("size", "min_probability", "expected_buyers", "channel")},
            "exclude": _given(exclude),
            "combine": _read(options["combine"]),
            "holdout": _given({"share": options["holdout"]}),
            "with_coupons": options["with_coupons"],
        }
    )


def request_in(file: Path) -> dict[str, Any]:
    """The request in a file; `Any` because JSON is. Raises Refused."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise Refused(f"request: {file} cannot be read as JSON: {error}") from error
    if not isinstance(found, dict):
        raise Refused(f"request: {file} holds no JSON object; write it as the body of POST /v1/audiences")
    return found


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value not in (None, False, [], {})}


def _read(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise typer.BadParameter(f"--combine is no JSON: {error}") from error
