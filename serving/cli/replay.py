"""`faces replay`: a day of the loaded data as events, into a running service."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from features.contracts.settings import load_settings
from serving.cli.screen import progress, say


def replay(
    *,
    day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="a day of the data, in the shops' zone")],
    key: Annotated[str, typer.Option(envvar="THOUSAND_FACES_KEY", help="a key with the scope `events`")],
    to: Annotated[str | None, typer.Option(help="address of the service; default: this shop's")] = None,
    speed: Annotated[
        float, typer.Option(min=0, help="60: an hour takes a minute; 0: as fast as the service takes them")
    ] = 60,
    as_now: Annotated[
        bool, typer.Option("--as-now", help="tell the moment of sending as the event's own, for a wall clock")
    ] = False,
    with_visits: Annotated[
        bool, typer.Option("--with-visits", help="also tell visits to stores, inferred from purchases")
    ] = False,
    patience: Annotated[float, typer.Option(min=1, help="seconds that a batch is tried again before giving up")] = 60,
) -> None:
    """Tell a running service a day of the loaded data again, as events: orders, refunds and redeemed coupons.

    Each event has an id of its own, so that a day that is replayed twice counts once.
    """
    import httpx

    from serving.replay.day import day_of
    from serving.replay.sending import Sender
    from serving.supervisor import address

    settings = load_settings()
    found = day_of(settings, day.date(), with_visits=with_visits)
    place = to or address(settings)
    say(f"{len(found.events)} events of {found.day} to {place}, {found.anonymous} orders of nobody known left out")
    headers = {"Authorization": f"Bearer {key}"}
    with (
        httpx.Client(base_url=place, headers=headers, timeout=30, trust_env=False) as client,
        progress("replay") as report,
    ):
        done = Sender(client=client, patience_seconds=patience).replay(
            found.events, speed=speed, as_now=as_now, report=lambda sent, every: report(sent, every, "events")
        )
    say(f"{done.accepted} accepted, {done.duplicates} known before, {done.rejected} rejected, {done.retries} retries")
    if done.first_reason is not None:
        say(f"first of the rejected: {done.first_reason}")
