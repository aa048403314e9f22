"""`faces release`: put the champions into service."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from features.contracts.ids import ReleaseId
from features.contracts.settings import Settings
from serving.cli.options import AsOf, JsonFile, settings_at, write_figures
from serving.cli.screen import progress, say, show_table


def release(
    *,
    list_: Annotated[bool, typer.Option("--list", help="list the releases instead")] = False,
    activate: Annotated[str | None, typer.Option(metavar="VERSION", help="put this release back into service")] = None,
    as_of: AsOf = None,
    json: JsonFile = None,
) -> None:
    """Put the champions into service: models, product matrix and every member's row, checked and switched at once.

    A running service takes a release up within a second, without a restart.
    """
    settings, moment = settings_at(as_of)
    if list_:
        _list(settings, json)
    elif activate is not None:
        _activate(settings, ReleaseId(activate), json)
    else:
        from serving.cli.steps import history_to
        from serving.console.charts.vega_script import make_vega_ready
        from training.release.build import make_release
        from training.tracking import open_tracking

        with progress("release") as report:
            history = history_to(settings, moment, report)
            made = make_release(
                settings,
                history,
                open_tracking(settings),
                as_of=history.build.as_of,
                made_at=datetime.now(UTC),
                progress=report,
            )
        manifest = made.manifest
        say(
            f"release {manifest.release_id}: {manifest.members:,} members ({manifest.bytes_per_member:,} bytes each "
            f"online), {manifest.products:,} products, as of {manifest.as_of:%Y-%m-%d %H:%M} UTC"
        )
        say(f"wrote {made.folder}; it is in service")
        make_vega_ready(settings)
        write_figures(json, manifest.model_dump(mode="json", exclude={"files", "settings"}))


def _list(settings: Settings, json: JsonFile) -> None:
    from training.release.shelf import active_release, list_releases, release_ids

    active = active_release(settings.paths)
    releases = list_releases(settings.paths)
    rows = [
        [
            each.release_id,
            "in service" if each.release_id == active else "",
            f"{each.as_of:%Y-%m-%d %H:%M}",
            each.affinity.number,
            each.propensity.number,
            each.members,
            each.products,
        ]
        for each in releases
    ]
    show_table("Releases", ["version", "", "as of (UTC)", "affinity", "propensity", "members", "products"], rows)
    for damaged in sorted(set(release_ids(settings.paths)) - {each.release_id for each in releases}):
        say(f"{damaged}: its manifest is missing or damaged; it cannot be put into service")
    write_figures(json, [each.model_dump(mode="json", exclude={"files", "settings"}) for each in releases])


def _activate(settings: Settings, release_id: ReleaseId, json: JsonFile) -> None:
    from training.release.shelf import activate

    manifest = activate(settings, release_id)
    say(f"release {manifest.release_id} is in service, as of {manifest.as_of:%Y-%m-%d %H:%M} UTC")
    write_figures(json, manifest.model_dump(mode="json", exclude={"files", "settings"}))
