"""`faces promote`: put trained models in use."""

from __future__ import annotations

from typing import Annotated, get_args

import typer

from serving.cli.options import AsOf, JsonFile, settings_at, write_figures
from serving.cli.screen import say


def promote(
    *,
    model: Annotated[str, typer.Option(help="product_affinity, purchase_propensity, coupon_redemption or all")] = "all",
    version: Annotated[int | None, typer.Option(help="version to promote; default: the newest")] = None,
    force: Annotated[bool, typer.Option("--force", help="promote even a worse model; this is recorded")] = False,
    as_of: AsOf = None,
    json: JsonFile = None,
) -> None:
    """Make the newest trained models the champions, unless one is worse than the champion beyond its error.

    The next `faces release` serves the champions. Promoting an older version is the way back.
    """
    from features.tables.storage import current_tables
    from training.promotion import promote as promote_version
    from training.tracking import Model, open_tracking

    models: tuple[Model, ...] = get_args(Model)
    chosen = [each for each in models if model in ("all", each)]
    if not chosen:
        raise typer.BadParameter(f"'{model}' is no model; there are {', '.join(models)} and all")
    if version is not None and model == "all":
        raise typer.BadParameter("--version goes with one --model")
    settings, moment = settings_at(as_of)
    tracking = open_tracking(settings)
    figures: dict[str, object] = {}
    for each in chosen:
        if each == "coupon_redemption" and model == "all" and tracking.newest(each) is None:
            say("coupon_redemption: not trained, the shop has no coupons to learn from")
            continue
        done = promote_version(
            tracking,
            model=each,
            version=version,
            force=force,
            as_of=moment or current_tables(settings.paths).latest_at,
        )
        say(f"{done.promoted.name}: version {done.promoted.number} is champion ({done.reason})")
        figures[each] = {"version": done.promoted.number, "reason": done.reason, "forced": done.is_forced}
    say("next: faces release")
    write_figures(json, figures)
