"""`faces audience`: whom to tell about something."""

from __future__ import annotations

from typing import Any

import typer

from serving.cli import audience_request as ask
from serving.cli.audience_screen import show_audience
from serving.cli.options import AsOf, JsonFile, settings_at, write_figures
from serving.cli.screen import progress

NO_OPTIONS = ("request", "as_of", "dry_run", "json")


def audience(
    *,
    product: ask.Products = None,
    list_: ask.ListId = None,
    department: ask.Department = None,
    category: ask.Category = None,
    subcategory: ask.Subcategory = None,
    brand: ask.Brand = None,
    filter_: ask.Filter = None,
    launch_category: ask.LaunchCategory = None,
    launch_subcategory: ask.LaunchSubcategory = None,
    launch_brand: ask.LaunchBrand = None,
    launch_price: ask.LaunchPrice = None,
    analogue: ask.Analogues = None,
    event: ask.Event = None,
    lapse: ask.Lapse = False,
    horizon: ask.Horizon = None,
    size: ask.Size = None,
    min_probability: ask.MinProbability = None,
    expected_buyers: ask.ExpectedBuyers = None,
    bought_within: ask.BoughtWithin = None,
    population_category: ask.PopulationCategory = None,
    population_days: ask.PopulationDays = None,
    population_filter: ask.PopulationFilter = None,
    population_tag: ask.PopulationTags = None,
    store: ask.Stores = None,
    order_channel: ask.Channels = None,
    exclude_bought_within: ask.ExcludeBought = None,
    exclude_contacted_within: ask.ExcludeContacted = None,
    exclude_audience: ask.ExcludeAudiences = None,
    channel: ask.ConsentChannel = None,
    combine: ask.Combine = None,
    holdout: ask.Holdout = None,
    with_coupons: ask.WithCoupons = False,
    request: ask.RequestFile = None,
    dry_run: ask.DryRun = False,
    as_of: AsOf = None,
    json: JsonFile = None,
) -> None:
    """Find the members likeliest to buy, how many of them will, and why; nobody is told, and nothing is stored.

    Members leave the service by its exports alone, which ask for a key and for consent.
    """
    options = {name: value for name, value in locals().items() if name not in NO_OPTIONS}
    _find(_request(options, request), as_of=as_of, is_dry_run=dry_run, json=json)


def _request(options: dict[str, Any], request: ask.RequestFile) -> dict[str, Any]:
    # `Any` because options are of many types, and JSON is
    if request is None:
        return ask.request_of(options)
    if any(value not in (None, False) for value in options.values()):
        raise typer.BadParameter("--request holds the whole request: give no options of it beside")
    return ask.request_in(request)


def _find(asked: dict[str, Any], *, as_of: AsOf, is_dry_run: bool, json: JsonFile) -> None:
    from serving.audiences.build import build_audience
    from serving.audiences.rule import AudienceRule
    from serving.records.audience_world import AudienceWorld
    from serving.records.opening import open_records

    settings, _ = settings_at(as_of)
    is_dry_run = bool(asked.pop("dry_run", False)) or is_dry_run
    rule = AudienceRule.from_json(asked)
    records = open_records(settings)
    try:
        world = AudienceWorld(records=records, settings=settings)
        with progress("audience") as report:
            built = build_audience(settings, rule, world, is_dry_run=is_dry_run, progress=report)
    finally:
        records.close()
    show_audience(built.summary, built.report)
    write_figures(json, {**built.summary, **built.report})
