"""How many members have each tag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from features.contracts.tag_settings import SEPARATOR, TagSettings


@dataclass(frozen=True, kw_only=True)
class TagCount:
    """A declared tag and those who have it."""

    name: str
    members: int
    """Of a tag per category, those who have it of at least one."""
    values: tuple[tuple[str, int], ...] = ()
    """Of a tag per category: each tag, as `lover:TEA`, with its members, most first."""


def tag_counts(tags: Mapping[str, TagSettings], rows: pa.Table) -> list[TagCount]:
    """Every declared tag, in the order of the settings; `rows` are those of `member_tags`."""
    lists = rows.column("tags").combine_chunks()
    texts, members = lists.flatten(), pc.list_parent_indices(lists)
    counted = {each["values"]: each["counts"] for each in pc.value_counts(texts).to_pylist()}
    return [
        _per_category(name, counted, texts, members) if tag.per else TagCount(name=name, members=counted.get(name, 0))
        for name, tag in tags.items()
    ]


def _per_category(name: str, counted: Mapping[str, int], texts: pa.Array, members: pa.Array) -> TagCount:
    start = name + SEPARATOR
    values = sorted(((tag, count) for tag, count in counted.items() if tag.startswith(start)), key=_most_first)
    with_one = pc.count_distinct(members.filter(pc.starts_with(texts, start))).as_py()
    return TagCount(name=name, members=with_one, values=tuple(values))


def _most_first(counted: tuple[str, int]) -> tuple[int, str]:
    tag, count = counted
    return -count, tag
