"""`faces features`: compute what is known about members and products."""

from __future__ import annotations

from serving.cli.options import AsOf, JsonFile, settings_at, write_figures
from serving.cli.screen import progress, say


def features(*, as_of: AsOf = None, json: JsonFile = None) -> None:
    """Compute every feature as it was known at each week's start, and as of now.

    What is computed already stays; a run that was cut off is taken up where it stopped.
    """
    from features.groups.catalogue import GROUPS
    from features.tables.no_goods import no_goods
    from features.tables.storage import current_tables
    from serving.cli.steps import build_to

    settings, moment = settings_at(as_of)
    with progress("features") as report:
        build = build_to(settings, moment, report)
    left_out = no_goods(current_tables(settings.paths), settings.features).sentence
    if left_out is not None:
        say(left_out)
    say(f"features: {len(GROUPS)} groups at {len(build.moments)} moments, the last {build.as_of:%Y-%m-%d %H:%M} UTC")
    say(f"wrote {build.folder}")
    write_figures(
        json,
        {
            "version": build.version,
            "as_of": build.as_of.isoformat(),
            "moments": len(build.moments),
            "groups": {group.name: len(group.features) for group in GROUPS.values()},
        },
    )
