"""Tags of literal purchases: the groups' own snapshots, computed and written, and the tags on top of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import ibis
from literal_shop import AS_OF, CATEGORY, LINES, Line, literal_shop

from features.contracts.atomic import write_json
from features.contracts.clock import moment_text
from features.contracts.settings import Settings, load_settings
from features.groups.catalogue import GROUPS
from features.groups.declaration import SNAPSHOT_AT
from features.prepared import write_table
from features.schema import computation_hash
from features.snapshots import FeatureBuild, current_build
from features.tags.category_columns import CATEGORY_GROUPS
from features.tags.feature_columns import MEMBER_GROUPS
from features.tags.stored import member_tags

READ_BY_TAGS = (*MEMBER_GROUPS, *CATEGORY_GROUPS, "member_facts")


def literal_build(
    home: Path,
    *,
    lines: Sequence[Line] = LINES,
    categories: Mapping[str, str] = CATEGORY,
    moments: Sequence[datetime] = (AS_OF,),
    until: datetime | None = None,
) -> tuple[Settings, FeatureBuild]:
    """A build of the purchases at the moments; the last of them is its own."""
    settings = load_settings(home=home)
    build = FeatureBuild(
        version="b1",
        folder=settings.paths.features / "b1",
        tables_version="t1",
        as_of=moments[-1],
        moments=tuple(moments),
    )
    tables = literal_shop(until=until, lines=lines, categories=categories)
    for group in (GROUPS[name] for name in READ_BY_TAGS):
        for moment in moments:
            rows = group.expression(tables, moment)
            stamped = rows.mutate(**{SNAPSHOT_AT: ibis.literal(moment, type="timestamp('UTC', 6)")})
            file = build.snapshot(group, moment)
            file.parent.mkdir(parents=True, exist_ok=True)
            write_table(stamped, file)
    return settings, build


def literal_build_in_use(home: Path) -> tuple[Settings, FeatureBuild]:
    """The build of the literal shop as the one that commands and the service find."""
    settings, build = literal_build(home)
    version = f"{build.tables_version}-{computation_hash()}"
    build.folder.rename(settings.paths.features / version)
    at = moment_text(AS_OF)
    pointer = {"version": version, "tables_version": build.tables_version, "as_of": at, "moments": [at]}
    write_json(settings.paths.features / "current", pointer)
    return settings, current_build(settings.paths)


def tags_by_member(settings: Settings, build: FeatureBuild, *, at: datetime = AS_OF) -> dict[str, list[str]]:
    """Each member's tags."""
    rows = member_tags(settings, build, at=at).to_pylist()
    return {row["member_id"]: row["tags"] for row in rows}
