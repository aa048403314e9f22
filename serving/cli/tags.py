"""`faces tags`: how many members have each tag."""

from __future__ import annotations

from serving.cli.options import AsOf, JsonFile, settings_at, write_figures
from serving.cli.screen import say, show_table

MOST_CATEGORIES = 3


def tags(*, as_of: AsOf = None, json: JsonFile = None) -> None:
    """Show the tags that the settings declare, and how many members have each."""
    from features.snapshots import current_build
    from features.tags.counts import tag_counts
    from features.tags.stored import member_tags

    settings, asked = settings_at(as_of)
    build = current_build(settings.paths)
    moment = build.as_of if asked is None else min(asked, build.as_of)
    rows = member_tags(settings, build, at=moment)
    counts = tag_counts(settings.tags, rows)
    tagged = max(1, rows.num_rows)
    lines: list[list[object]] = []
    for count in counts:
        tag = settings.tags[count.name]
        lines.append([count.name, tag.group or "-", count.members, f"{count.members / tagged:.1%}", tag.en])
        lines += [[f"  {value}", "", members, "", ""] for value, members in count.values[:MOST_CATEGORIES]]
    show_table("Tags", ["tag", "group", "members", "share", "what it says"], lines)
    say(f"{rows.num_rows:,} members have a tag, as of {moment:%Y-%m-%d %H:%M} UTC")
    write_figures(
        json,
        {
            "as_of": moment.isoformat(),
            "members": rows.num_rows,
            "tags": {count.name: {"members": count.members, "values": dict(count.values)} for count in counts},
        },
    )
