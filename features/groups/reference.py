"""The generated page of every feature: docs/features.md."""

from __future__ import annotations

from features.groups.catalogue import GROUPS
from features.groups.declaration import FeatureGroup

INTRODUCTION = """\
# Features

Generated from `features/groups` by `make docs`; do not edit.

Every feature is a fact as known at a moment: nothing that happened at or after the moment is seen. Stored features are
kept in weekly snapshots, or, where a group says so, at the latest moment and at training cut-offs alone, and read
through Feast. Derived ones depend on the moment of asking; training and requests compute them by the same function.
"""


def features_page() -> str:
    """The page as Markdown: one section per group, one row per feature."""
    return "\n".join([INTRODUCTION, *(_section(group) for group in GROUPS.values())])


def _section(group: FeatureGroup) -> str:
    rows = [f"| `{f.name}` | {f.type} | {f.unit} | {f.sentence} |" for f in group.features]
    rows += [f"| `{d.name}` | derived | {d.unit} | {d.sentence} |" for d in group.derived]
    kept = "weekly" if group.is_weekly else "at cut-offs and at the latest moment"
    return "\n".join(
        [
            f"## {group.name}",
            "",
            f"{group.sentence} One row per {' and '.join(group.entities)}; kept {kept}.",
            "",
            "| feature | type | unit | meaning |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )
